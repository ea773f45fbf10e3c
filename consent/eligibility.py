"""Who may be in a table that is made for a purpose: decided for each person at every instant that counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from consent import ledger
from consent.decide import decide
from consent.determinations import NOTHING_MORE, Circumstances
from consent.determined import circumstances_of, in_force
from consent.model import Actor, ConsentEvent, Part, Purpose
from consent.parts import parts_of
from consent.policies import Policies
from consent.retention import SENT_BY_US, ended, last_interaction, oldest_kept
from contracts.categories import Category
from contracts.identifiers import Identifier
from stores.restricted import restricted_among
from stores.schema import profiles, records, timeline

BATCH = 1_000
UNKNOWN = "unknown person"
"""Nobody of this id is published: merged since, or erased."""


@dataclass(frozen=True)
class Question:
    """What is asked about each person: by whom, for what, of which categories, and until when it must hold.

    The last instant of `until` is now: retention is asked then.
    """

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
    document: Mapping[str, Any] = field(default_factory=dict)
    newest_event: datetime | None = None
    taken_in: datetime | None = None
    circumstances: Circumstances = NOTHING_MORE


def refusals(
    connection: Connection, policies: Policies, question: Question, moments: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], str | None]:
    """Why each moment of a person may not be used; None where it may be, then and at every later instant asked for."""
    found: dict[tuple[str, datetime], str | None] = {}
    waiting = sorted(moments)
    for start in range(0, len(waiting), BATCH):
        some = waiting[start : start + BATCH]
        known = people(connection, {profile_id for profile_id, _ in some}, question.until[-1])
        found |= {(one, at): _refusal(policies, question, known.get(one), at) for one, at in some}
    return found


def people(connection: Connection, ids: Collection[str], now: datetime) -> dict[str, Person]:
    """Those of these people who are published, with their decisions about every purpose."""
    rows = connection.execute(select(profiles).where(profiles.c.profile_id.in_(ids))).all()
    held = {
        row.profile_id: (list(row.document.get("records") or []), _identifiers(row.document.get("identifiers")))
        for row in rows
    }
    newest = _newest_events(connection, ids, now)
    record_ids = {one for its_records, _ in held.values() for one in its_records}
    carried = {
        row[0]: _identifiers(row[1])
        for row in connection.execute(
            select(records.c.record_id, records.c.document["identifiers"]).where(records.c.record_id.in_(record_ids))
        )
    }
    restricted = restricted_among(connection, record_ids)
    determined = in_force(connection, {one: its_records for one, (its_records, _) in held.items()})
    parts = {one: parts_of(one, *its, carried) for one, its in held.items()}
    whole = {one: held[one][1].union(*its.values()) for one, its in parts.items()}
    everybody = frozenset().union(*whole.values())
    events: dict[Identifier, list[ConsentEvent]] = defaultdict(list)
    for event in ledger.read(connection, everybody):
        events[event.identifier].append(event)
    return {
        one: Person(
            list(parts[one].values()),
            [event for identifier in whole[one] for event in events.get(identifier, ())],
            not restricted.isdisjoint(held[one][0]),
            row.document,
            newest.get(one),
            row.updated_at,
            circumstances_of(row.document, determined.get(one, ())),
        )
        for row in rows
        for one in (row.profile_id,)
    }


def _newest_events(connection: Connection, ids: Collection[str], now: datetime) -> dict[str, datetime]:
    of = timeline.c
    theirs = of.profile_id.in_(ids) & (of.occurred_at <= now) & ~of.document["type"].astext.regexp_match(SENT_BY_US)
    query = select(of.profile_id, func.max(of.occurred_at)).where(theirs).group_by(of.profile_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _identifiers(said: list[dict[str, str]] | None) -> Part:
    return frozenset(Identifier(one["kind"], one["value"]) for one in said or [])


def _refusal(policies: Policies, question: Question, person: Person | None, at: datetime) -> str | None:
    if person is None:
        return UNKNOWN
    now = question.until[-1]
    oldest = oldest_kept(question.purpose, now)
    since = last_interaction(person.document, person.newest_event, person.events, person.taken_in, now)
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
            # What is told of long ago is as old as that.
            ended(since, oldest) | ended(at, oldest) if moment == now else (),
            circumstances=person.circumstances,
        )
        if not question.categories <= decision.allowed:
            return f"{decision.policy} {'at the event' if moment == at else 'at the extraction'}"
    return None
