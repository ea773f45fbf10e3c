"""How values look on the page."""

import json
import re
from datetime import date, datetime
from typing import Any

from contracts.assurance import Assurance
from profile_api.engagement.milestone_views import MilestoneView
from profile_api.responses.views import FeaturesData, ProfileData, Withheld

STARTS_WITH_DATE = re.compile(r"\d{4}-\d\d-\d\d($|T)")
FIRST = ["given_name", "middle_name", "family_name", "birth_date", "gender", "language", "customer_since"]
FIRST += ["email", "phone", "street", "unit", "postcode", "city", "state", "country"]
NAMED = {"id": "ID", "30d": "(30 days)", "90d": "(90 days)", "365d": "(365 days)"}


def label(name: str) -> str:
    """A field's or feature's name as a reader would write it: `orders_30d` is `Orders (30 days)`."""
    words = [NAMED.get(part, part) for part in name.split("_")]
    return (words[0][:1].upper() + words[0][1:] + " " + " ".join(words[1:])).strip()


def milestone(one: MilestoneView) -> str:
    """A milestone as a reader would say it."""
    if one.milestone == "return":
        return "Back after a long silence"
    if one.years is None:
        return label(one.milestone)
    return f"{one.years} {'year' if one.years == 1 else 'years'} as a customer"


def day(instant: str | date | None) -> str:
    """A date as `3 May 2024`, a dash where there is none."""
    if instant is None:
        return "–"
    try:
        moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    except ValueError:
        return str(instant)
    return f"{moment.day} {moment:%b %Y}"


def clock(instant: datetime) -> str:
    """A time of day in UTC."""
    return f"{instant:%H:%M} UTC"


def shown(value: Any) -> str:
    """A feature's value for a reader."""
    match value:
        case None:
            return "–"
        case bool():
            return "Yes" if value else "No"
        case float():
            return f"{value:,.2f}"
        case datetime():
            return day(value)
        case str() if value.startswith("{"):
            return _shares(value)
        case str() if STARTS_WITH_DATE.match(value):
            return day(value)
        case str() if value.replace("_", "").isalnum() and value.islower():
            return label(value)
        case _:
            return str(value)


def dated(text: str) -> str:
    """A field's value, its date as readers write dates."""
    return day(text) if STARTS_WITH_DATE.match(text) else text


def display_name(data: ProfileData) -> str:
    """The person's name, or what is known of it."""
    named = [data.fields[part] for part in ("given_name", "family_name") if part in data.fields]
    parts = [field.value for field in named if field.assurance is not Assurance.CLAIMED]
    return " ".join(parts) or "Name withheld or unknown"


def by_category(data: ProfileData) -> dict[str, list[str]]:
    """The names of the fields under their categories, in the order in which a reader expects them."""
    groups: dict[str, list[str]] = {}
    for name in sorted(data.fields, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)):
        groups.setdefault(data.fields[name].category, []).append(name)
    return groups


def for_readers(data: FeaturesData) -> dict[str, str]:
    """The features that mean something to a reader."""
    return {label(name): shown(one.value) for name, one in data.features.items() if not name.endswith("_version")}


def by_reason(withheld: list[Withheld]) -> dict[tuple[str, str], list[str]]:
    """The withheld categories under the reason and the policy that they share."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in withheld:
        groups.setdefault((one.reason, one.policy), []).append(label(one.category))
    return groups


def _shares(text: str) -> str:
    try:
        shares = sorted(json.loads(text).items(), key=lambda share: -float(share[1]))
        return " · ".join(f"{label(name)} {float(share):.0%}" for name, share in shares)
    except (ValueError, TypeError, AttributeError):
        return text
