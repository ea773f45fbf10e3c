"""The profile, its timeline and its features."""
