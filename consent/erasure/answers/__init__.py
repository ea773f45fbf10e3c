"""What erasure does with every table, column, key and folder there is: the one place that says it, and that is run."""
