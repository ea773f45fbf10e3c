"""Turns raw rows into the canonical records, events and consents that every later step works on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.addresses import split_address_line
from contracts.channel import Channel
from contracts.consent_rows import consent_key, consents_of
from contracts.identifiers import Identifier
from contracts.name_kinds import holders, is_organisation, unmangled
from contracts.names import Name, split_full_name, tidy_case
from contracts.reading import AHEAD, RefusedRow, Row


@dataclass(frozen=True, order=True)
class Claim:
    """A claim about a person: `name` is a field, an attribute or a kind of identifier.

    It is stored apart from known data: it joins, finds and verifies nobody.
    """

    name: str
    value: str
    category: str


@dataclass(frozen=True)
class PersonRecord:
    """The data of one source about one person; missing fields are None.

    `categories` labels every field. `verified` are values that the source checks and a person has only one of;
    `proven` is everything that was proven.
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


def person_record(
    contract: Channel, payload: Mapping[str, Any], now: datetime, leniently: bool = False
) -> PersonRecord:
    """The canonical record of a raw row that arrived `now`, which bounds its dates.

    Raises RefusedRow without a key or what is required, unless it is read `leniently`.
    """
    row = Row(contract, payload, now, leniently)
    source_key = row.text("key") or ""
    fields = _fields(row, now)
    identifiers = row.identifiers()
    attributes = row.named("attribute")
    known = {*_named(fields, attributes), *identifiers}
    return PersonRecord(
        record_id=f"{contract.channel}:{source_key}",
        channel=contract.channel,
        source_key=source_key,
        observed_at=row.instant("version") or row.instant("event_time"),
        **fields,
        identifiers=identifiers,
        verified=row.verified(fields["birth_date"]),
        proven=_proven(row, known) if contract.proves else [],
        claims=_claims(row, now, known),
        attributes=attributes,
        categories=contract.categories,
        issues=row.issues,
    )


def _fields(row: Row, now: datetime) -> dict[str, Any]:
    """Every field of a person in a row."""
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


def _named(fields: Mapping[str, Any], attributes: Mapping[str, str]) -> Iterator[Identifier]:
    for name, value in [*fields.items(), *attributes.items()]:
        if value is not None and name != "birth_typed":
            yield Identifier(name, value.isoformat() if isinstance(value, date) else str(value))


def _proven(row: Row, known: set[Identifier]) -> list[Identifier]:
    identifiers, names = row.proven(), row.proven_names()
    return sorted(one for one in known if one in identifiers or one.kind in names)


def _claims(row: Row, now: datetime, known: set[Identifier]) -> list[Claim]:
    """The row's claims, without values that are known too."""
    claimed = row.claimed()
    if claimed is None:
        return []
    attributes = claimed.named("attribute")
    labels = {name: f"attribute.{name}" for name in attributes}
    claimed_fields = {*_named(_fields(claimed, now), attributes)} - known
    categories = row.contract.categories
    found = {Claim(one.kind, one.value, categories[labels.get(one.kind, one.kind)]) for one in claimed_fields}
    claimed_identifiers = {*claimed.identifiers()} - known
    return sorted(
        found | {Claim(one.kind, one.value, categories[f"identifier.{one.kind}"]) for one in claimed_identifiers}
    )


def interaction_event(contract: Channel, payload: Mapping[str, Any], now: datetime | None = None) -> InteractionEvent:
    """The event of a raw row that arrived `now`; raises RefusedRow without a time that can be read, or an id."""
    row = Row(contract, payload, now)
    occurred_at = row.instant("event_time")
    if occurred_at is None:
        reported = next((issue for issue in row.issues if issue.endswith(AHEAD)), None)
        raise RefusedRow(
            reported
            or f"{contract.column_of('event_time')}: expected the time of the event, found none that can be read"
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


def check_row(contract: Channel, payload: Mapping[str, Any], received_at: datetime) -> str:
    """The key of a row that fulfils its contract; otherwise raises RefusedRow with the reason."""
    if contract.holds == ["consent"]:
        return consent_key(contract, consents_of(contract, payload, received_at))
    if "event" in contract.holds:
        event_id = interaction_event(contract, payload, received_at).event_id
        if "person" not in contract.holds:
            return event_id.partition(":")[2]
    if any(column.required for _, column in contract.fields):
        person_record(contract, payload, received_at)
    return Row(contract, payload, received_at).text("key") or ""


def _name(row: Row) -> Name:
    given, middle, family = row.text("given_name"), row.text("middle_name"), row.text("family_name")
    whole = row.text("full_name")
    given, middle, family, whole = (part and unmangled(part) for part in (given, middle, family, whole))
    if whole and not (given and family):
        parts = split_full_name(whole)
        given, middle, family = given or parts.given, middle or parts.middle, family or parts.family
    column = row.contract.column_of("full_name" if whole else "given_name" if given else "family_name")
    if given and len(holders(given)) > 1:
        row.issues.append(f"{column}: expected one person, found two holders")
    if is_organisation(" ".join(part for part in (given, family) if part)):
        row.issues.append(f"{column}: expected a person, found an organisation")
    return Name(*(tidy_case(part) if part else None for part in (given, middle, family)))


def _address(row: Row) -> tuple[str | None, str | None, str | None]:
    street, postcode, city = row.text("street"), row.text("postcode"), row.text("city")
    street, city = street and unmangled(street), city and unmangled(city)
    if number := row.text("house_number"):
        street = f"{number} {street}" if street else number
    if street is None and (box := row.text("po_box")):
        street = f"po box {box}"
    if (line := row.text("address")) and street is None:
        street, line_postcode, line_city = split_address_line(line)
        postcode, city = postcode or line_postcode, city or line_city
    return street, postcode, city
