"""Features: their catalogue, their Feast definitions, how they reach the online store and leave it."""
