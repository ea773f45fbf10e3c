"""Provable erasure: finding a person's data, deleting it, keeping it out, and certifying that."""
