"""Who may be in a table that is made for a purpose: decided for each person at every instant that counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from consent import ledger
from consent.decide import decide
from consent.model import Actor, ConsentEvent, Part, Purpose
from consent.policies import Policies
from contracts.categories import Category
from contracts.identifiers import Identifier
from stores.schema import profiles, records, restrictions

BATCH = 1_000
UNKNOWN = "unknown person"
"""Nobody of this id is published: merged since, or erased."""


@dataclass(frozen=True)
class Question:
    """What is asked about each person: by whom, for what, of which categories, and until when it must hold."""

    actor: Actor
    purpose: Purpose
    categories: frozenset[Category]
    until: tuple[datetime, ...]


@dataclass(frozen=True)
class Person:
    """What a decision about somebody rests on."""

    parts: Collection[Part]
    events: Collection[ConsentEvent]
    restricted: bool


def refusals(
    connection: Connection, policies: Policies, question: Question, moments: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], str | None]:
    """Why each moment of a person may not be used; None where it may be, then and at every later instant asked for."""
    found: dict[tuple[str, datetime], str | None] = {}
    waiting = sorted(moments)
    for start in range(0, len(waiting), BATCH):
        some = waiting[start : start + BATCH]
        known = people(connection, {profile_id for profile_id, _ in some})
        found |= {(one, at): _refusal(policies, question, known.get(one), at) for one, at in some}
    return found


def people(connection: Connection, ids: Collection[str]) -> dict[str, Person]:
    """Those of these people who are published, with their decisions about every purpose."""
    rows = connection.execute(
        select(profiles.c.profile_id, profiles.c.document["records"], profiles.c.document["identifiers"]).where(
            profiles.c.profile_id.in_(ids)
        )
    )
    held = {row[0]: (list(row[1] or []), _identifiers(row[2])) for row in rows}
    record_ids = {one for its_records, _ in held.values() for one in its_records}
    carried = {
        row[0]: _identifiers(row[1])
        for row in connection.execute(
            select(records.c.record_id, records.c.document["identifiers"]).where(records.c.record_id.in_(record_ids))
        )
    }
    limited = select(restrictions.c.record_id).where(
        restrictions.c.record_id.in_(record_ids), restrictions.c.lifted_at.is_(None)
    )
    restricted = set(connection.scalars(limited))
    parts = {one: _parts(*its, carried) for one, its in held.items()}
    everybody = {identifier for its in parts.values() for part in its for identifier in part}
    events: dict[Identifier, list[ConsentEvent]] = defaultdict(list)
    for event in ledger.read(connection, everybody):
        events[event.identifier].append(event)
    return {
        one: Person(
            parts[one],
            [event for identifier in frozenset().union(*parts[one]) for event in events.get(identifier, ())],
            not restricted.isdisjoint(its_records),
        )
        for one, (its_records, _) in held.items()
    }


def _parts(ids: list[str], whole: Part, carried: dict[str, Part]) -> Collection[Part]:
    # A record without identifiers is its own; records that are not held singly are taken as one.
    if not any(one in carried for one in ids):
        return [whole]
    return [carried.get(one) or frozenset({Identifier("record", one)}) for one in ids]


def _identifiers(said: list[dict[str, str]] | None) -> Part:
    return frozenset(Identifier(one["kind"], one["value"]) for one in said or [])


def _refusal(policies: Policies, question: Question, person: Person | None, at: datetime) -> str | None:
    if person is None:
        return UNKNOWN
    for moment in (at, *question.until):
        decision = decide(
            policies,
            person.events,
            question.actor,
            question.purpose,
            question.categories,
            moment,
            person.restricted,
            person.parts,
        )
        if not question.categories <= decision.allowed:
            return f"{decision.policy} {'at the event' if moment == at else 'at the extraction'}"
    return None
