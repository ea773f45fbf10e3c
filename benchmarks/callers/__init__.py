"""Calls of invented customers, and how well they are identified."""
