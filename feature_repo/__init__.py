"""Features: their catalogue, their Feast definitions, and writing to and reading from the online store."""
