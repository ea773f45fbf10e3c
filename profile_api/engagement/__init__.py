"""How customers want to be served, and the days that count: taken down, and shown to whoever serves them."""
