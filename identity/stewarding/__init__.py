"""What a steward's decision changes: pure, from what is known to what is to be written."""
