"""PostgreSQL and the online store: what is found, erased and redacted there."""
