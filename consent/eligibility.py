"""Who may be in a table made for a purpose: decided for each person at every relevant instant."""

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
from consent.model import Actor, ConsentEvent, Purpose, RecordIdentifiers
from consent.parts import parts_of
from consent.policies import Policies
from consent.retention import SENT_BY_US, ended, last_interaction, oldest_kept
from contracts.categories import Category
from contracts.identifiers import Identifier
from stores.restricted import restricted_among
from stores.schema import profiles, records, timeline

BATCH = 1_000
IDENTIFYING = frozenset({Category.IDENTITY, Category.CONTACT})
"""Categories of the data by which a person is recognised; of contact data only where the purpose covers any."""

UNKNOWN = "unknown person"
"""There is no published profile with this id: merged since, or erased."""


@dataclass(frozen=True)
class EligibilityQuestion:
    """The request decided for each person: actor, purpose, categories, and the instants at which it must be permitted.

    The last instant of `until` is now, when retention is checked.
    """

    actor: Actor
    purpose: Purpose
    categories: frozenset[Category]
    until: tuple[datetime, ...]


@dataclass(frozen=True)
class Person:
    """The facts that a decision about a person is based on."""

    parts: Collection[RecordIdentifiers]
    events: Collection[ConsentEvent]
    restricted: bool
    document: Mapping[str, Any] = field(default_factory=dict)
    newest_event: datetime | None = None
    taken_in: datetime | None = None
    circumstances: Circumstances = NOTHING_MORE


def refusals(
    connection: Connection, policies: Policies, question: EligibilityQuestion, moments: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], str | None]:
    """Why each moment of a person may not be used; None if it may, then and at every later instant of the request."""
    found: dict[tuple[str, datetime], str | None] = {}
    waiting = sorted(moments)
    for start in range(0, len(waiting), BATCH):
        some = waiting[start : start + BATCH]
        known = people(connection, {profile_id for profile_id, _ in some}, question.until[-1])
        found |= {(one, at): _refusal(policies, question, known.get(one), at) for one, at in some}
    return found


def permitted(
    connection: Connection, policies: Policies, actor: Actor, purpose: Purpose, now: datetime, ids: Collection[str]
) -> frozenset[str]:
    """Those of these people whom `actor` may identify for `purpose` now: their identity and contact data is permitted.

    It is what the gate decides of one person, decided of several at once.
    """
    categories = IDENTIFYING & (purpose.categories | {Category.IDENTITY})
    question = EligibilityQuestion(actor, purpose, categories, (now,))
    decided = refusals(connection, policies, question, [(one, now) for one in ids])
    return frozenset(one for (one, _), refusal in decided.items() if refusal is None)


def people(connection: Connection, ids: Collection[str], now: datetime) -> dict[str, Person]:
    """Those of these people who are published, with their decisions about every purpose."""
    rows = connection.execute(select(profiles).where(profiles.c.profile_id.in_(ids))).all()
    stored = {
        row.profile_id: (list(row.document.get("records") or []), _identifiers(row.document.get("identifiers")))
        for row in rows
    }
    newest = _newest_events(connection, ids, now)
    record_ids = {one for its_records, _ in stored.values() for one in its_records}
    carried = {
        row[0]: _identifiers(row[1])
        for row in connection.execute(
            select(records.c.record_id, records.c.document["identifiers"]).where(records.c.record_id.in_(record_ids))
        )
    }
    restricted = restricted_among(connection, record_ids)
    determined = in_force(connection, {one: its_records for one, (its_records, _) in stored.items()})
    parts = {one: parts_of(one, *its, carried) for one, its in stored.items()}
    whole = {one: stored[one][1].union(*its.values()) for one, its in parts.items()}
    everybody = frozenset().union(*whole.values())
    events: dict[Identifier, list[ConsentEvent]] = defaultdict(list)
    for event in ledger.read(connection, everybody):
        events[event.identifier].append(event)
    return {
        one: Person(
            list(parts[one].values()),
            [event for identifier in whole[one] for event in events.get(identifier, ())],
            not restricted.isdisjoint(stored[one][0]),
            row.document,
            newest.get(one),
            row.updated_at,
            circumstances_of(row.document, determined.get(one, ())),
        )
        for row in rows
        for one in (row.profile_id,)
    }


def older_events(
    connection: Connection, ids: Collection[str], oldest: Mapping[str, datetime]
) -> dict[str, frozenset[str]]:
    """The categories of which each of these people has an event up to the instant of the category."""
    of, wanted = timeline.c, sorted(set(ids))
    category = of.document["categories"]["type"].astext
    found: dict[str, set[str]] = defaultdict(set)
    for start in range(0, len(wanted) if oldest else 0, BATCH):
        wanted_events = of.profile_id.in_(wanted[start : start + BATCH]) & (of.occurred_at <= max(oldest.values()))
        query = (
            select(of.profile_id, category, func.min(of.occurred_at))
            .where(wanted_events)
            .group_by(of.profile_id, category)
        )
        for profile_id, name, first in connection.execute(query).tuples():
            if name in oldest and first <= oldest[name]:
                found[profile_id].add(name)
    return {one: frozenset(names) for one, names in found.items()}


def _newest_events(connection: Connection, ids: Collection[str], now: datetime) -> dict[str, datetime]:
    of = timeline.c
    own_acts = of.profile_id.in_(ids) & (of.occurred_at <= now) & ~of.document["type"].astext.regexp_match(SENT_BY_US)
    query = select(of.profile_id, func.max(of.occurred_at)).where(own_acts).group_by(of.profile_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _identifiers(identifiers: list[dict[str, str]] | None) -> RecordIdentifiers:
    return frozenset(Identifier(one["kind"], one["value"]) for one in identifiers or [])


def _refusal(policies: Policies, question: EligibilityQuestion, person: Person | None, at: datetime) -> str | None:
    if person is None:
        return UNKNOWN
    now = question.until[-1]
    oldest = oldest_kept(question.purpose, now)
    since = last_interaction(person.document, person.newest_event, person.events, person.taken_in, now)
    for moment in dict.fromkeys((at, *question.until)):
        decision = decide(
            policies,
            person.events,
            question.actor,
            question.purpose,
            question.categories,
            moment,
            person.restricted,
            person.parts,
            # A feature is as old as its events.
            ended(since, oldest) | ended(at, oldest) if moment == now else (),
            circumstances=person.circumstances,
        )
        if not question.categories <= decision.allowed:
            return f"{decision.policy} {'at the event' if moment == at else 'at the extraction'}"
    return None
