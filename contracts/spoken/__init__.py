"""What callers say, as the forms that the channels' values have: numbers, spelt names, dates; English and French."""
