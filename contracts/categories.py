"""Data categories: every field, trait and feature carries one, so that the gate can decide per category."""

from collections.abc import Iterable
from enum import StrEnum


class Category(StrEnum):
    """A kind of personal data, from the least to the most sensitive.

    The order is the strictness order that computed traits inherit by. The terms map to the W3C Data
    Privacy Vocabulary (dpv-pd): Identifying, Contact, Transactional, Behavioral, Communication,
    SensitivePersonalData.
    """

    IDENTITY = "identity"
    CONTACT = "contact"
    TRANSACTION = "transaction"
    BEHAVIOUR = "behaviour"
    COMMUNICATION = "communication"
    SENSITIVE = "sensitive"


_STRICTNESS = {category: rank for rank, category in enumerate(Category)}


def strictest(categories: Iterable[str]) -> Category:
    """The category that a trait computed from these inputs inherits; no input at all is an error."""
    ranked = sorted((Category(category) for category in categories), key=_STRICTNESS.__getitem__)
    if not ranked:
        raise ValueError("expected at least one data category, found none: label the inputs first")
    return ranked[-1]
