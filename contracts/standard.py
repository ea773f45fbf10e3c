"""Turns raw rows into the canonical records, events and consents that every later step works on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.addresses import split_address_line
from contracts.channel import Channel
from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from contracts.keyed import keyed
from contracts.names import Name, split_full_name, tidy_case
from contracts.reading import RefusedRow, Row


@dataclass(frozen=True, order=True)
class Claim:
    """What anyone could have said of a person: `name` is a field, an attribute or a kind of identifier.

    It stays beside what is known: it joins, finds and verifies nobody.
    """

    name: str
    value: str
    category: str


@dataclass(frozen=True)
class PersonRecord:
    """What one source says of one person; what it doesn't say is None. `categories` labels every field.

    `verified` is what the source checks and a person has only one of; `proven` is all that was proven.
    """

    record_id: str
    channel: str
    source_key: str
    observed_at: datetime | None
    given_name: str | None
    middle_name: str | None
    family_name: str | None
    gender: str | None
    birth_date: date | None
    birth_year: int | None
    birth_typed: str | None
    street: str | None
    unit: str | None
    city: str | None
    postcode: str | None
    state: str | None
    country: str | None
    language: str | None
    customer_since: date | None
    identifiers: list[Identifier]
    verified: list[Identifier]
    proven: list[Identifier]
    claims: list[Claim]
    attributes: dict[str, str]
    categories: dict[str, str]
    issues: list[str]

    def as_row(self) -> dict[str, Any]:
        """The record as a row of the lake."""
        lists = {name: getattr(self, name) for name in ("identifiers", "verified", "proven", "claims")}
        return vars(self) | {name: [vars(found) for found in values] for name, values in lists.items()}


@dataclass(frozen=True)
class InteractionEvent:
    """One interaction of somebody with the company; `record_id` where its row was also a person record."""

    event_id: str
    channel: str
    type: str
    occurred_at: datetime
    record_id: str | None
    identifiers: list[Identifier]
    intent: str | None
    amount: float | None
    properties: dict[str, str]
    categories: dict[str, str]
    issues: list[str]

    def as_row(self) -> dict[str, Any]:
        """The event as a row of the lake."""
        return vars(self) | {"identifiers": [vars(found) for found in self.identifiers]}


@dataclass(frozen=True)
class ConsentRow:
    """A decision of the person behind an identifier about a purpose, as a channel reported it."""

    consent_id: str
    channel: str
    identifier: Identifier
    purpose: str
    decision: str
    decided_at: datetime
    decided_through: str
    notice: str | None

    def as_row(self) -> dict[str, Any]:
        """The consent as a row of the lake."""
        return vars(self) | {"identifier_kind": self.identifier.kind, "identifier": self.identifier.value}


def person_record(contract: Channel, payload: Mapping[str, Any], now: datetime) -> PersonRecord:
    """The canonical record of a raw row; `now` bounds birth years. Raises RefusedRow without a key."""
    row = Row(contract, payload)
    source_key = row.text("key") or ""
    said = _fields(row, now)
    identifiers = row.identifiers()
    attributes = row.named("attribute")
    known = {*_named(said, attributes), *identifiers}
    return PersonRecord(
        record_id=f"{contract.channel}:{source_key}",
        channel=contract.channel,
        source_key=source_key,
        observed_at=row.instant("version") or row.instant("event_time"),
        **said,
        identifiers=identifiers,
        verified=row.verified(said["birth_date"]),
        proven=_proven(row, known) if contract.proves else [],
        claims=_claims(row, now, known),
        attributes=attributes,
        categories=contract.categories,
        issues=row.issues,
    )


def _fields(row: Row, now: datetime) -> dict[str, Any]:
    """Everything that a row says of a person in fields of their own."""
    name = _name(row)
    born, year, typed = row.birth(now.year)
    street, postcode, city = _address(row)
    return {
        "given_name": name.given,
        "middle_name": name.middle,
        "family_name": name.family,
        "gender": row.text("gender"),
        "birth_date": born,
        "birth_year": year,
        "birth_typed": typed,
        "street": street,
        "unit": row.text("unit"),
        "city": city,
        "postcode": postcode,
        "state": row.text("state"),
        "country": row.text("country"),
        "language": row.text("language"),
        "customer_since": row.day("customer_since"),
    }


def _named(said: Mapping[str, Any], attributes: Mapping[str, str]) -> Iterator[Identifier]:
    for name, value in [*said.items(), *attributes.items()]:
        if value is not None and name != "birth_typed":
            yield Identifier(name, value.isoformat() if isinstance(value, date) else str(value))


def _proven(row: Row, known: set[Identifier]) -> list[Identifier]:
    identifiers, names = row.proven(), row.proven_names()
    return sorted(one for one in known if one in identifiers or one.kind in names)


def _claims(row: Row, now: datetime, known: set[Identifier]) -> list[Claim]:
    """What the row claims beyond what is known of it."""
    claimed = row.claimed()
    if claimed is None:
        return []
    attributes = claimed.named("attribute")
    labels = {name: f"attribute.{name}" for name in attributes}
    said = {*_named(_fields(claimed, now), attributes)} - known
    categories = row.contract.categories
    found = {Claim(one.kind, one.value, categories[labels.get(one.kind, one.kind)]) for one in said}
    held = {*claimed.identifiers()} - known
    return sorted(found | {Claim(one.kind, one.value, categories[f"identifier.{one.kind}"]) for one in held})


def interaction_event(contract: Channel, payload: Mapping[str, Any]) -> InteractionEvent:
    """The event of a raw row; raises RefusedRow without a readable time or id."""
    row = Row(contract, payload)
    occurred_at = row.instant("event_time")
    if occurred_at is None:
        raise RefusedRow(
            f"{contract.column_of('event_time')}: expected the time of the event, found none that can be read"
        )
    own_id = row.text("event_id") or row.text("key")
    if own_id is None:
        raise RefusedRow(f"{contract.column_of('event_id')}: expected a value (event_id), found none")
    return InteractionEvent(
        event_id=f"{contract.channel}:{own_id}",
        channel=contract.channel,
        type=row.text("event_type") or contract.event.type or "",
        occurred_at=occurred_at,
        record_id=f"{contract.channel}:{row.text('key')}" if "person" in contract.holds else None,
        identifiers=row.identifiers(),
        intent=row.text("intent"),
        amount=row.number("amount"),
        properties=row.named("property"),
        categories=contract.categories,
        issues=row.issues,
    )


def consent_row(contract: Channel, payload: Mapping[str, Any]) -> ConsentRow:
    """The consent of a raw row; everything about a consent is required, so RefusedRow on any gap."""
    row = Row(contract, payload)
    decided_at = row.instant("decided_at")
    texts = {role: row.text(role) for role in ("identifier_kind", "identifier", "purpose", "decision")}
    missing = [role for role, text in texts.items() if text is None]
    if missing or decided_at is None:
        role = missing[0] if missing else "decided_at"
        raise RefusedRow(f"{contract.column_of(role)}: expected a readable value ({role}), found none")
    try:
        identifier = normalise(str(texts["identifier_kind"]), str(texts["identifier"]), contract.region)
    except InvalidIdentifier as error:
        raise RefusedRow(f"{contract.column_of('identifier')}: {error}") from None
    through = row.text("decided_through") or contract.channel
    said = [
        identifier.kind,
        identifier.value,
        str(texts["purpose"]),
        str(texts["decision"]),
        decided_at.isoformat(),
        through,
    ]
    return ConsentRow(
        consent_id=keyed("consent row", *said),
        channel=contract.channel,
        identifier=identifier,
        purpose=str(texts["purpose"]),
        decision=str(texts["decision"]),
        decided_at=decided_at,
        decided_through=through,
        notice=row.text("notice"),
    )


def check_row(contract: Channel, payload: Mapping[str, Any], received_at: datetime) -> str:
    """The key of a row that keeps its contract; RefusedRow says what breaks it."""
    if "consent" in contract.holds:
        return consent_row(contract, payload).consent_id
    if "event" in contract.holds:
        event_id = interaction_event(contract, payload).event_id
        if "person" not in contract.holds:
            return event_id.partition(":")[2]
    if any(column.required for column in contract.columns.values()):
        person_record(contract, payload, received_at)
    return Row(contract, payload).text("key") or ""


def _name(row: Row) -> Name:
    given, middle, family = row.text("given_name"), row.text("middle_name"), row.text("family_name")
    whole = row.text("full_name")
    if whole and not (given and family):
        parts = split_full_name(whole)
        given, middle, family = given or parts.given, middle or parts.middle, family or parts.family
    return Name(*(tidy_case(part) if part else None for part in (given, middle, family)))


def _address(row: Row) -> tuple[str | None, str | None, str | None]:
    street, postcode, city = row.text("street"), row.text("postcode"), row.text("city")
    if number := row.text("house_number"):
        street = f"{number} {street}" if street else number
    if street is None and (box := row.text("po_box")):
        street = f"po box {box}"
    if (line := row.text("address")) and street is None:
        street, line_postcode, line_city = split_address_line(line)
        postcode, city = postcode or line_postcode, city or line_city
    return street, postcode, city
