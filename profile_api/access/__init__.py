"""The gate and its parts: access request, decision, mask, store, limits."""
