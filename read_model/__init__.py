"""The operational view in PostgreSQL and the online store, written by batch and live through the same functions."""
