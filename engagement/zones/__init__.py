"""The four zones of an interaction, and the rules that put one into a zone."""
