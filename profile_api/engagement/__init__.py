"""How customers want to be served: taken down, and shown to whoever serves them."""
