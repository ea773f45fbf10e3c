"""Serves the one view of a customer: every answer leaves through `profile_api.access.gate`."""
