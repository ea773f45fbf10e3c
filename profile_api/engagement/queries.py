"""Stored statements of the dial, and feedback about suggestions: by identifier, added and never changed."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, insert, select, tuple_

from contracts.identifiers import Identifier
from engagement.dial.statements import Statement
from engagement.next_step.feedback import FeedbackOutcome, FeedbackReason
from stores.schema import dial_statements, suggestion_feedback


def statements_of(connection: Connection, of: Collection[Identifier]) -> list[Statement]:
    """All statements under these identifiers."""
    if not of:
        return []
    columns = dial_statements.c
    pairs = [(one.kind, one.value) for one in of]
    query = select(dial_statements).where(tuple_(columns.identifier_kind, columns.identifier).in_(pairs))
    return [
        Statement(
            identifier=Identifier(row.identifier_kind, row.identifier),
            topic=row.topic,
            position=row.position,
            stated_at=row.stated_at,
            received_at=row.received_at,
            channel=row.channel,
            stated_through=row.stated_through,
        )
        for row in connection.execute(query)
    ]


def add(connection: Connection, statements: Iterable[Statement], recorded_by: str) -> None:
    """Adds these statements."""
    rows = [
        {
            "identifier_kind": one.identifier.kind,
            "identifier": one.identifier.value,
            "topic": one.topic,
            "position": one.position,
            "stated_at": one.stated_at,
            "received_at": one.received_at,
            "channel": one.channel,
            "stated_through": one.stated_through,
            "recorded_by": recorded_by,
        }
        for one in statements
    ]
    if rows:
        connection.execute(insert(dial_statements), rows)


def add_feedback(
    connection: Connection,
    under: Iterable[Identifier],
    suggestion: UUID,
    rule: str,
    outcome: FeedbackOutcome,
    reason: FeedbackReason | None,
    given_on: date,
) -> None:
    """Adds what became of a suggestion, under each of these identifiers."""
    said = {"suggestion": str(suggestion), "rule": rule, "outcome": outcome, "reason": reason, "given_on": given_on}
    rows = [{"identifier_kind": one.kind, "identifier": one.value, **said} for one in under]
    if rows:
        connection.execute(insert(suggestion_feedback), rows)


def rejected_among(connection: Connection, of: Collection[Identifier], suggested: Collection[UUID]) -> frozenset[UUID]:
    """Those of these suggestions that were rejected under any of these identifiers."""
    columns = suggestion_feedback.c
    query = (
        select(columns.suggestion)
        .distinct()
        .where(tuple_(columns.identifier_kind, columns.identifier).in_([(one.kind, one.value) for one in of]))
        .where(columns.suggestion.in_([str(one) for one in suggested]))
        .where(columns.outcome == FeedbackOutcome.REJECTED)
    )
    return frozenset(UUID(one) for one in connection.scalars(query))
