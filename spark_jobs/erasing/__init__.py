"""Takes people out of the lake: which rows are theirs, their deletion, the purge of files, feed, log and history."""
