"""The lake: Delta tables, the session that reaches them, and the ways to read and write them."""
