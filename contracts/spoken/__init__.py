"""Converts what callers say to the form of the channels' values: numbers, spelt names, dates; English and French."""
