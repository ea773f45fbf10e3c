"""What stewards ask the store about who is who, and what their decisions change there."""
