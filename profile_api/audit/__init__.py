"""The audit log for readers: who read what."""
