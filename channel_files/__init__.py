"""Channel files as raw rows: what a file is, its rows, and contracts tried on it or proposed for it."""
