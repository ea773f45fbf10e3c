"""Hand-offs: a person is asked for, takes over with everything in front of them, and gives the conversation back."""
