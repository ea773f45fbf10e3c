"""Which records are one person, from weighed pairs, and under which stable id."""
