"""Purposes, people's decisions about them, and the access decision of every read."""
