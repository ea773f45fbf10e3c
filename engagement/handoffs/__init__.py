"""How a conversation goes from one holder to the next: its states, what is handed over, what the customer is told."""
