"""Milestones of a customer: days that count in the relation, and who is told of them first."""
