"""Stored statements of the dial and feedback about suggestions, by source record; what milestones rest on, and which
were seen. All of it is added and never changed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, false, func, insert, or_, select

from consent.retention import SENT_BY_US
from engagement.dial.statements import Statement
from engagement.milestones.history import Interaction
from engagement.milestones.seen import Seen
from engagement.next_step.feedback import FeedbackOutcome, FeedbackReason
from feature_repo.catalogue import RESOLVED
from stores.schema import dial_statements, milestones_seen, suggestion_feedback, timeline


def statements_of(connection: Connection, record_ids: Collection[str]) -> list[Statement]:
    """All statements under these records."""
    query = select(dial_statements).where(dial_statements.c.record_id.in_(record_ids))
    return [
        Statement(
            record_id=row.record_id,
            topic=row.topic,
            position=row.position,
            stated_at=row.stated_at,
            received_at=row.received_at,
            channel=row.channel,
            stated_through=row.stated_through,
        )
        for row in connection.execute(query)
    ]


def stated_since(connection: Connection, record_ids: Collection[str], since: datetime) -> int:
    """How often something was stated since then, under the one of these records that has most."""
    columns = dial_statements.c
    mine = columns.record_id.in_(record_ids), columns.received_at > since
    return _most(connection, select(func.count().label("rows")).where(*mine).group_by(columns.record_id))


def add(connection: Connection, statements: Iterable[Statement], recorded_by: str) -> None:
    """Adds these statements."""
    connection.execute(insert(dial_statements), [asdict(one) | {"recorded_by": recorded_by} for one in statements])


def add_feedback(
    connection: Connection,
    record_ids: Iterable[str],
    suggestion: UUID,
    rule: str,
    outcome: FeedbackOutcome,
    reason: FeedbackReason | None,
    given_on: date,
) -> None:
    """Adds what became of a suggestion, under each of these records."""
    said = {"suggestion": str(suggestion), "rule": rule, "outcome": outcome, "reason": reason, "given_on": given_on}
    connection.execute(insert(suggestion_feedback), [{"record_id": one, **said} for one in record_ids])


def rejected_among(connection: Connection, record_ids: Collection[str], suggested: Collection[UUID]) -> frozenset[UUID]:
    """Those of these suggestions of which the latest word under any of these records is that they were rejected."""
    columns = suggestion_feedback.c
    latest = (
        select(columns.suggestion, columns.outcome)
        .distinct(columns.suggestion)
        .where(columns.record_id.in_(record_ids), columns.suggestion.in_([str(one) for one in suggested]))
        .order_by(columns.suggestion, columns.feedback_id.desc())
        .subquery()
    )
    query = select(latest.c.suggestion).where(latest.c.outcome == FeedbackOutcome.REJECTED)
    return frozenset(UUID(one) for one in connection.scalars(query))


def feedback_on(connection: Connection, record_ids: Collection[str], day: date) -> int:
    """How often feedback was given on a day, under the one of these records that has most."""
    columns = suggestion_feedback.c
    mine = columns.record_id.in_(record_ids), columns.given_on == day
    return _most(connection, select(func.count().label("rows")).where(*mine).group_by(columns.record_id))


def _most(connection: Connection, counted: Select[int]) -> int:
    return connection.scalar(select(func.max(counted.subquery().c.rows))) or 0


def interactions_of(
    connection: Connection, profile_id: str, kept: Mapping[str, datetime | None], until: datetime
) -> list[Interaction]:
    """What a person did until an instant, of these categories of events, each since when it is kept.

    A return of goods is an interaction and no order.
    """
    of, document = timeline.c, timeline.c.document
    labels, kind = document["categories"], document["type"].astext
    query = select(
        of.event_id,
        of.occurred_at,
        kind.label("type"),
        document["channel"].astext.label("channel"),
        document["amount"].label("amount"),
        labels["amount"].astext.label("amount_category"),
        document["properties"]["order_id"].astext.label("number"),
        labels["property.order_id"].astext.label("number_category"),
    ).where(
        of.profile_id == profile_id,
        of.occurred_at <= until,
        kind.not_in([RESOLVED]),
        ~kind.regexp_match(SENT_BY_US),
        or_(
            false(),
            *(
                and_(labels["type"].astext == category, *([of.occurred_at > since] if since else []))
                for category, since in kept.items()
            ),
        ),
    )
    return [Interaction(row.event_id, row.occurred_at, _order(row, kept)) for row in connection.execute(query)]


def _order(row: Any, kept: Mapping[str, datetime | None]) -> str | None:
    """What an order is known by: its channel and number where these may be known, else its event."""
    if row.type != "order" or (row.amount_category in kept and row.amount is not None and row.amount < 0):
        return None
    return f"{row.channel} {row.number}" if row.number and row.number_category in kept else row.event_id


def marks_under(connection: Connection, profile_id: str, record_ids: Collection[str]) -> list[Seen]:
    """What advisors have seen, under these records and under the events of this person."""
    of = milestones_seen
    under_records = select(of).where(of.c.record_id.in_(record_ids))
    under_events = select(of).join(timeline, timeline.c.event_id == of.c.event_id)
    queries = (under_records, under_events.where(timeline.c.profile_id == profile_id))
    return [
        Seen(row.milestone, row.years, row.day, row.seen_at, row.record_id, row.event_id)
        for query in queries
        for row in connection.execute(query)
    ]


def add_marks(connection: Connection, marks: Iterable[Seen], seen_by: str) -> None:
    """Adds that an advisor has seen this."""
    rows = [
        {
            "record_id": one.record_id,
            "event_id": one.event_id,
            "milestone": one.milestone,
            "years": one.years,
            "day": one.on,
            "seen_at": one.seen_at,
            "seen_by": seen_by,
        }
        for one in marks
    ]
    if rows:
        connection.execute(insert(milestones_seen), rows)
