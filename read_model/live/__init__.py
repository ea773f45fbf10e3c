"""Live events: accepted durably, shown at once, taken into the lake by the next batch."""
