"""What a person decides, and what shows it: choices, status, receipts."""
