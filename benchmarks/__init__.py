"""Accuracy, speed and fault runs, each one command that prints a table."""
