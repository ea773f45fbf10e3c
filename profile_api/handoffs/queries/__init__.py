"""Conversations, hand-offs and advisors at work, as the store keeps them."""
