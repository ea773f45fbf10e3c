"""A person's consent decisions: choices, status, receipts."""
