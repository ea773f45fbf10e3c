"""Erases people from the lake: finding their rows, deleting them, and purging files, feed, log and history."""
