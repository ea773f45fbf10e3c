"""Backup and restore of the stores: nobody who was erased since a backup was made comes back with it."""
