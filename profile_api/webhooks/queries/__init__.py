"""Subscriptions, deliveries and what was told, as the store keeps them."""
