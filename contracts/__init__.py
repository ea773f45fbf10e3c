"""What every part agrees on: settings, channel contracts, identifiers and their normalisation."""
