"""People whose every stored value says of which data category it is, so that a test sees what got out.

One person per consent state; of each a twin per data category, about whom more and other things of that category are
known. Whoever may not see the category must not be able to tell the twins apart.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert

from consent.ledger import Entry, append, contact_point_of
from consent.model import STATE_OF_WORD, Method
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.access.cursors import cursor_of
from stores.schema import identifiers, profiles, timeline
from tests.profile_api.people import NOW

NEVER = "canaryunlabelled"
"""What has no data category, or one that nobody knows: it leaves for nobody."""

# State of a consent -> the word that a channel uses for it; written down here, not taken from the code under test.
WORDS: dict[str, str | None] = {
    "ConsentGiven": "granted",
    "RenewedConsentGiven": "renewed",
    "ConsentRequested": "requested",
    "ConsentRequestDeferred": "deferred",
    "ConsentUnknown": None,
    "ConsentExpired": "expired",
    "ConsentInvalidated": "invalidated",
    "ConsentRefused": "refused",
    "ConsentWithdrawn": "withdrawn",
    "ConsentRevoked": "revoked",
}
DECIDED = ("personalisation", "marketing_email", "marketing_phone", "marketing_post", "analytics", "model_training")
DECIDED += ("advice", "fraud_prevention", "identity_resolution", "service", "legal_obligation", "privacy_rights")


@dataclass(frozen=True)
class Person:
    """Whose consents are all of one state; `more` is the category of which this twin has more and other data."""

    state: str
    more: Category | None = None

    @property
    def profile_id(self) -> str:
        return f"p-{self.state}-{self.more or 'base'}"

    @property
    def email(self) -> str:
        return f"canarycontact.{self.profile_id.casefold()}@inbox.example"

    @property
    def cursor(self) -> str:
        return cursor_of([NOW + timedelta(days=1)], None)

    def anonymous(self, text: str) -> str:
        """An answer about this person without the names by which it was asked for."""
        return text.replace(self.email, "EMAIL").replace(self.profile_id, "ID")


def leaked(text: str) -> set[str]:
    """The categories whose canaries are in a text, however they are written; `unlabelled` among them."""
    letters = re.sub(r"[^a-z0-9]", "", text.casefold())
    found = {str(category) for category in Category if canary(category) in letters or _number(category) in letters}
    return found | ({"unlabelled"} if NEVER in letters else set())


def canary(category: Category) -> str:
    return f"canary{category}"


def everybody() -> list[Person]:
    return [Person(state, more) for state in WORDS for more in (None, *Category)]


def write_canaries(engine: Engine) -> None:
    """Puts everybody into the store, and their decisions into the ledger."""
    with engine.begin() as connection:
        for person in everybody():
            document = {
                "fields": [one for category in Category for one in _fields(category, person)] + _unlabelled_fields(),
                "identifiers": [one for category in Category for one in _identifiers(category, person)],
                "records": [f"crm:{person.profile_id}"],
                "first_seen": "1907-11-13T00:00:00+00:00",
                "last_seen": _seen(person),
            }
            document["identifiers"] += [{"kind": "mystery", "value": NEVER + person.profile_id, "category": None}]
            # A twin has changed more often, and only in what is other about them.
            counts = {"base": 3} | ({person.more.value: 5} if person.more else {})
            row = {"profile_id": person.profile_id, "version": 3, "document": document, "updated_at": NOW}
            row |= {"counts": counts}
            connection.execute(insert(profiles).values(row))
            found = {"kind": "email", "value": person.email, "profile_id": person.profile_id}
            connection.execute(insert(identifiers).values(found))
            connection.execute(insert(timeline), _events(person))
            _write_consents(connection, person)


def _write_consents(connection: Connection, person: Person) -> None:
    if WORDS[person.state] is None:
        return
    identifier = Identifier("email", person.email)
    entries = [
        Entry(
            identifier=identifier,
            contact_point=contact_point_of(purpose, identifier),
            purpose=purpose,
            state=STATE_OF_WORD[str(WORDS[person.state])],
            decided_at=NOW - timedelta(days=1),
            channel="consents",
            decided_through="web",
            method=Method.IMPORT,
            recorded_by="consents",
            notice_version="2020-1",
            given_id=f"{person.profile_id}/{purpose}",
        )
        for purpose in DECIDED
    ]
    append(connection, entries, NOW)


class CanaryFeatures:
    """An online store that gives every feature for every purpose: the gate alone has to hold them back."""

    broken = False

    def read(self, profile_id: str, purpose: str) -> dict[str, dict[str, Any]]:
        if self.broken:
            raise ConnectionError("no online store, " + NEVER)
        more = profile_id.rpartition("-")[2]
        found: dict[str, dict[str, Any]] = {}
        for category in Category:
            names = [f"{category}_text", *([f"{category}_more", f"{category}_again"] if category == more else [])]
            stands_at = NOW - timedelta(hours=1 if category == more else 2)
            for name in names:
                value = canary(category) + (name if category == more else "")
                found[name] = {"value": value, "category": category.value, "event_timestamp": stands_at}
            found[f"{category}_number"] = {
                "value": float(_number(category)) / (10 if category == more else 1),
                "category": category.value,
                "event_timestamp": stands_at,
            }
        never = {"value": NEVER, "event_timestamp": NOW}
        return found | {"a": {**never, "category": None}, "b": {**never, "category": "other"}, "c": dict(never)}


def _number(category: Category) -> str:
    return f"48151623{list(Category).index(category)}"


def _seen(person: Person) -> str:
    # When somebody was last active is behaviour.
    return "2024-04-29T00:00:00+00:00" if person.more is Category.BEHAVIOUR else "2024-04-28T00:00:00+00:00"


def _fields(category: Category, person: Person) -> list[dict[str, Any]]:
    own = f"crm:{person.profile_id}"
    source = {"record_id": own, "channel": "crm", "observed_at": "2024-01-05T10:00:00+00:00"}
    names = {
        Category.IDENTITY: ["given_name", "family_name"],
        Category.CONTACT: ["street", "city"],
        Category.TRANSACTION: ["payment"],
        Category.BEHAVIOUR: ["hobby"],
        Category.COMMUNICATION: ["last_letter"],
        Category.SENSITIVE: ["health_note"],
    }[category]
    changed = category is person.more
    names = [*names, *([f"{category}_extra", f"{category}_other"] if changed else [])]
    return [
        {
            "field": name,
            "value": canary(category) + ("changed" if changed else ""),
            "category": category.value,
            **source,
            # The source's key is itself a withheld number where the sensitive may not be shown.
            "record_id": f"registry:{canary(Category.SENSITIVE)}" if name == "given_name" else own,
            "rule": "most_recent",
            "losing": [{"value": canary(category) + "lost", **source}] * (3 if changed else 1),
        }
        for name in names
    ]


def _unlabelled_fields() -> list[dict[str, Any]]:
    source = {"record_id": "crm:42", "channel": "crm", "observed_at": None, "rule": "most_recent", "losing": []}
    labels: list[dict[str, Any]] = [{"category": None}, {"category": ""}, {"category": "other"}, {}]
    return [{"field": f"mystery_{at}", "value": NEVER, **source, **label} for at, label in enumerate(labels)]


def _identifiers(category: Category, person: Person) -> list[dict[str, Any]]:
    kind = {Category.CONTACT: "email", Category.SENSITIVE: "national_id"}.get(category, f"{category}_number")
    own = person.email if category is Category.CONTACT else canary(category)
    also = (
        [{"kind": "phone", "value": canary(category), "category": category.value}]
        if category is Category.CONTACT
        else []
    )
    values = [own, *([canary(category) + "one", canary(category) + "two"] if category is person.more else [])]
    return [*({"kind": kind, "value": value, "category": category.value} for value in values), *also]


def _events(person: Person) -> list[dict[str, Any]]:
    # Hours apart and in turn, so that whatever is hidden would show in the order, the pages and the cursors.
    events = []
    for round_ in range(2):
        for at, category in enumerate(Category):
            times = 4 if category is person.more else 1
            for time in range(times):
                moment = NOW - timedelta(hours=round_ * 10 + at + 1, minutes=7 * time)
                events.append(_event(person, category, moment, f"{round_}{at}{time}"))
    unlabelled = _event(person, Category.IDENTITY, NOW, "x")
    unlabelled["document"] |= {"type": NEVER, "categories": {"intent": "identity"}}
    return [*events, unlabelled]


def _event(person: Person, category: Category, moment: datetime, number: str) -> dict[str, Any]:
    details = {f"about_{one}": canary(one) + ("changed" if one is person.more else "") for one in Category}
    categories = {"type": category.value, "intent": "communication", "amount": "transaction"}
    categories |= {f"property.about_{one}": one.value for one in Category} | {"property.odd": "other"}
    changed = Category.TRANSACTION is person.more
    return {
        "event_id": f"shop:{person.profile_id}:{number}",
        "profile_id": person.profile_id,
        "occurred_at": moment.astimezone(UTC),
        "document": {
            "channel": "shop",
            "type": canary(category),
            "intent": canary(Category.COMMUNICATION) + ("changed" if Category.COMMUNICATION is person.more else ""),
            "amount": float(_number(Category.TRANSACTION)) / (10 if changed else 1),
            "properties": {**details, "odd": NEVER, "unlabelled": NEVER},
            "categories": categories,
        },
    }
