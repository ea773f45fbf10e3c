"""How much two records agree: comparison columns, blocking keys, levels and their weights."""
