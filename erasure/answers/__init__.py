"""What erasure does with every table, column, key and folder: the one place that says it, and that the code
executes."""
