"""Identities as they are now: who a record belongs to, why, and what people decide about it, effective at once."""
