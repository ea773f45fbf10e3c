"""Whose data is erased, and how it is recognised in whatever holds it."""
