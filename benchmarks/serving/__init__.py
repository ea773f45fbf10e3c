"""How fast the service answers, under which load, and how that grows with the people in it."""
