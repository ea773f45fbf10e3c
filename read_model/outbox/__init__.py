"""Events for other systems, written in the transaction in which they happen."""
