"""The operational stores: PostgreSQL and Valkey/Redis, embedded by default, their tables and migrations."""
