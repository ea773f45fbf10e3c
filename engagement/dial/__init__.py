"""The dial: how a customer wants to be served, and what comes before it when it is decided who serves them."""
