"""Deletes what no purpose keeps any more: finding it, respecting holds, deleting it, and certifying that."""
