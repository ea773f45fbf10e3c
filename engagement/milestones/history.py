"""What milestones are made of: since when somebody is a customer, and what they did."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts.assurance import Assurance
from engagement.milestones.days import zone_named

CUSTOMER_SINCE, TIMEZONE = "customer_since", "timezone"
"""The fields of a profile with the first day as a customer, and with the customer's IANA time zone; channel contracts
name an attribute so."""

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?")


@dataclass(frozen=True, order=True)
class Start:
    """The day since which a record says that its person is a customer."""

    day: date
    record_id: str


@dataclass(frozen=True)
class Interaction:
    """Something that a customer did; `order` is what an order is known by, or None where it is none.

    An order that is told twice is one order.
    """

    event_id: str
    at: datetime
    order: str | None = None


@dataclass(frozen=True)
class History:
    """What may be known of a customer.

    `zone` is theirs, or None. Orders are counted only where all of them may be known, and silences are looked for only
    where nothing may have been said in them.
    """

    zone: ZoneInfo | None
    starts: tuple[Start, ...]
    interactions: tuple[Interaction, ...]
    orders_known: bool = True
    silences_known: bool = True


def starts_of(fields: Iterable[Mapping[str, Any]]) -> list[Start]:
    """Every first day that sources say, losing values included; what is only claimed does not count."""
    found = []
    for field in _known(fields, CUSTOMER_SINCE):
        for one in (field, *(field.get("losing") or [])):
            day = None if one["value"] is None else _day(one["value"])
            if day is not None:
                found.append(Start(day, one.get("record_id") or ""))
    return sorted(found)


def zone_of(fields: Iterable[Mapping[str, Any]]) -> ZoneInfo | None:
    """The customer's own zone, if a source knows one that there is."""
    return next((zone for field in _known(fields, TIMEZONE) if (zone := zone_named(field["value"]))), None)


def _known(fields: Iterable[Mapping[str, Any]], name: str) -> Iterable[Mapping[str, Any]]:
    return [one for one in fields if one["field"] == name and one.get("assurance") != Assurance.CLAIMED]


def _day(text: str) -> date | None:
    """A date as Spark casts one from text."""
    found = _DATE.fullmatch(text.strip())
    try:
        return date(*[int(part or 1) for part in found.groups()]) if found else None
    except ValueError:
        return None
