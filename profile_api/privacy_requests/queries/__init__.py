"""What privacy requests read of the store and change in it."""
