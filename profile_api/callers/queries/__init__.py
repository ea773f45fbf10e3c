"""What finding a caller asks the store, and counts in it."""
