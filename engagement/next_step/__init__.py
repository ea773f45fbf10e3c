"""What to do next in an interaction: who acts, what to suggest, and what must not be said or offered."""
