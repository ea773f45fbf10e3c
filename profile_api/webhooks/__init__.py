"""Tells other systems what happened to a profile, within what the gate permits each of them."""
