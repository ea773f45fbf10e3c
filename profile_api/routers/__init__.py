"""One router per resource; each only hands the request to the gate."""
