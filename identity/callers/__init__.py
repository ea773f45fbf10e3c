"""Who is calling, from what was heard: candidates by probability, and what to ask next."""
