"""Purposes, what a person decided about them, and the one decision that every read rests on."""
