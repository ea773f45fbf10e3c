"""A person's rights over their data, carried out inside the gate's transactions."""
