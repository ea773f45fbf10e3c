"""The roles that a column of a channel can have, and what each of them is about."""

from typing import Literal

from contracts.categories import Category, strictest
from contracts.identifiers import KINDS

Role = Literal[
    "key", "version", "deleted", "ignored",
    "given_name", "middle_name", "family_name", "full_name", "gender", "language", "customer_since",
    "birth_date", "birth_year", "birth_month", "birth_day",
    "email", "phone", "contact", "device_id", "external_id",
    "address", "street", "house_number", "unit", "po_box", "city", "postcode", "state", "country",
    "attribute",
    "event_id", "event_time", "event_type", "intent", "amount", "property",
    "identifier_kind", "identifier", "purpose", "decision", "decided_at", "decided_through", "notice",
]  # fmt: skip

DATED: frozenset[str] = frozenset({"version", "birth_date", "customer_since", "event_time", "decided_at"})
NAMED: frozenset[str] = frozenset({"attribute", "property"})
IDENTIFYING: frozenset[str] = frozenset({"email", "phone", "contact", "device_id", "external_id"})
REPEATABLE: frozenset[str] = frozenset({"ignored", "key", *IDENTIFYING, *NAMED})
"""Roles that several columns may have. Several `key` columns form one key together."""
NUMBERS: frozenset[str] = frozenset({"amount", "birth_year", "birth_month", "birth_day"})
IDS: frozenset[str] = frozenset({"key", "event_id", "external_id", "device_id", "identifier"})
PLAIN: frozenset[str] = frozenset(
    {"key", "version", "deleted", "ignored", "event_id", "event_time", "event_type", "intent", "amount", "property"}
)
"""Roles that do not describe a person: they can't be claimed, except a `key` with a `kind`."""

CATEGORY_OF: dict[str, Category] = {
    **dict.fromkeys(["key", "version", "deleted", "language", "customer_since", "gender"], Category.IDENTITY),
    **dict.fromkeys(["given_name", "middle_name", "family_name", "full_name"], Category.IDENTITY),
    **dict.fromkeys(["birth_date", "birth_year", "birth_month", "birth_day"], Category.IDENTITY),
    **dict.fromkeys(["address", "street", "house_number", "unit", "po_box"], Category.CONTACT),
    **dict.fromkeys(["city", "postcode", "state", "country", "contact"], Category.CONTACT),
    **dict.fromkeys(["event_id", "event_time", "event_type", "intent"], Category.BEHAVIOUR),
    "amount": Category.TRANSACTION,
    **dict.fromkeys(["identifier_kind", "identifier", "purpose", "decision", "decided_at"], Category.CONTACT),
    **dict.fromkeys(["decided_through", "notice"], Category.CONTACT),
}

# Which columns a canonical field is read from: its category is the strictest of theirs.
ROLES_OF: dict[str, tuple[Role, ...]] = {
    "given_name": ("given_name", "full_name"),
    "middle_name": ("middle_name", "full_name"),
    "family_name": ("family_name", "full_name"),
    "gender": ("gender",),
    "birth_date": ("birth_date", "birth_year", "birth_month", "birth_day"),
    "birth_year": ("birth_date", "birth_year"),
    "street": ("address", "street", "house_number", "po_box"),
    "unit": ("unit",),
    "city": ("city", "address"),
    "postcode": ("postcode", "address"),
    "state": ("state",),
    "country": ("country",),
    "language": ("language",),
    "customer_since": ("customer_since",),
    "type": ("event_type",),
    "intent": ("intent",),
    "amount": ("amount",),
}

NEEDED: dict[str, frozenset[str]] = {
    "person": frozenset({"key"}),
    "event": frozenset({"event_time"}),
    "consent": frozenset({"identifier_kind", "identifier", "purpose", "decision", "decided_at"}),
}


def category_of(field: str) -> Category:
    """The category of a profile's field whose sources say none: its kind's or roles', the strictest of these."""
    if field in KINDS:
        return KINDS[field].category
    return strictest(
        [CATEGORY_OF[role] for role in ROLES_OF.get(field, ()) if role in CATEGORY_OF] or [Category.SENSITIVE]
    )
