"""Data with a period of its own: refused rows and messages, conversations, attempts, notes, alerts, lifted holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from delta.tables import DeltaTable
from pydantic import BaseModel, ConfigDict, StringConstraints
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select, update

from consent.durations import DURATION, before
from consent.requests import RequestState
from contracts.channel import Channel
from contracts.pseudonyms import reference
from erasure.retention import deleted, reads, systems
from erasure.retention.people import OnHold
from lake.tables import QUARANTINE, exists, path, read
from stores.schema import (
    advisor_presence,
    call_tries,
    conversation_entries,
    conversations,
    dial_statements,
    handoffs,
    inbox,
    inbox_quarantine,
    intakes,
    legal_holds,
    milestones_seen,
    privacy_request_events,
    privacy_request_notes,
    privacy_requests,
    reading_alerts,
    records,
    suggestion_feedback,
    timeline,
)

PUBLISHED = Path(__file__).parent / "periods.yml"
CLOSED = [state.value for state in RequestState if not state.open]
NOBODY = "erased:"
"""The prefix of the pseudonym that replaces the profile of a request."""


READS = "audit"
"""Deleted in its own way, since it is sealed."""
SYSTEMS = "webhook_subscriptions"


class _Period(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    of: str
    keeps: Annotated[str, StringConstraints(pattern=DURATION)]
    because: str


class _Other(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    of: list[str]
    ends: str


class _Periods(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    papers: list[_Period]
    others: list[_Other]


@dataclass(frozen=True)
class _Papers:
    """Rows of a table of PostgreSQL that are older than an instant."""

    table: Table
    older: Callable[[datetime], ColumnElement[bool]]


def _closed(before_: datetime) -> ColumnElement[bool]:
    return and_(privacy_requests.c.state.in_(CLOSED), privacy_requests.c.received_at <= before_)


def _noted(before_: datetime) -> ColumnElement[bool]:
    events = privacy_request_events.c
    of = select(events.event_id).join(privacy_requests).where(_closed(before_))
    return privacy_request_notes.c.event_id.in_(of)


def _answered(before_: datetime) -> ColumnElement[bool]:
    of = intakes.c
    waiting = select(privacy_requests.c.request_id).where(privacy_requests.c.state.not_in(CLOSED))
    done = or_(of.request_id.is_(None), of.request_id.not_in(waiting))
    return and_(of.state != "open", of.received_at <= before_, done)


def _of_nobody(table: Table, at: ColumnElement[Any], before_: datetime) -> ColumnElement[bool]:
    on_file = select(records.c.record_id).where(records.c.record_id == table.c.record_id)
    return and_(at <= before_, ~on_file.exists())


def _seen_of_nobody(before_: datetime) -> ColumnElement[bool]:
    of = milestones_seen.c
    on_file = select(records.c.record_id).where(records.c.record_id == of.record_id)
    happened = select(timeline.c.event_id).where(timeline.c.event_id == of.event_id)
    return and_(of.seen_at <= before_, ~on_file.exists(), ~happened.exists())


def _fallen_silent(before_: datetime) -> ColumnElement[bool]:
    """Conversations in which nothing happened since, and whose record is not on hold."""
    of = conversations.c
    acted = select(handoffs.c.handoff_id).where(
        handoffs.c.conversation_id == of.conversation_id, handoffs.c.changed_at > before_
    )
    said = select(conversation_entries.c.entry_id).where(
        conversation_entries.c.conversation_id == of.conversation_id, conversation_entries.c.at > before_
    )
    on_hold = select(legal_holds.c.hold_id).where(
        legal_holds.c.record_id == of.record_id, legal_holds.c.lifted_at.is_(None)
    )
    return and_(of.opened_at <= before_, ~acted.exists(), ~said.exists(), ~on_hold.exists())


PAPERS = {
    "inbox_quarantine": _Papers(inbox_quarantine, lambda at: inbox_quarantine.c.received_at <= at),
    "inbox": _Papers(inbox, lambda at: and_(inbox.c.problem.is_not(None), inbox.c.received_at <= at)),
    "call_tries": _Papers(call_tries, lambda at: call_tries.c.at <= at),
    "intakes": _Papers(intakes, _answered),
    "reading_alerts": _Papers(reading_alerts, lambda at: reading_alerts.c.at <= at),
    "privacy_request_notes": _Papers(privacy_request_notes, _noted),
    "privacy_requests": _Papers(
        privacy_requests, lambda at: and_(_closed(at), privacy_requests.c.profile_id.not_like(f"{NOBODY}%"))
    ),
    "dial_statements": _Papers(
        dial_statements, lambda at: _of_nobody(dial_statements, dial_statements.c.received_at, at)
    ),
    "suggestion_feedback": _Papers(
        suggestion_feedback, lambda at: _of_nobody(suggestion_feedback, suggestion_feedback.c.given_on, at)
    ),
    "milestones_seen": _Papers(milestones_seen, _seen_of_nobody),
    "conversations": _Papers(conversations, _fallen_silent),
    "advisor_presence": _Papers(advisor_presence, lambda at: advisor_presence.c.until <= at),
    "legal_holds": _Papers(legal_holds, lambda at: legal_holds.c.lifted_at <= at),
}


@lru_cache
def _published() -> _Periods:
    return _Periods.model_validate(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")))


@lru_cache
def periods() -> dict[str, tuple[str, str]]:
    """For each table the period and its reason, from periods.yml; every table must be there."""
    found = {one.of: (one.keeps, one.because) for one in _published().papers}
    if set(found) != (expected := {*PAPERS, READS, QUARANTINE.name, deleted.NAME}):
        raise ValueError(f"{PUBLISHED}: expected a period for each of {sorted(expected)}, found others")
    return found


def others() -> dict[str, str]:
    """When the data of PostgreSQL's other tables ends."""
    return {name: one.ends for one in _published().others for name in one.of}


def due(connection: Connection, now: datetime) -> dict[str, int]:
    """How many rows of PostgreSQL are due, by table."""
    found = {name: _counted(connection, name, now) for name in PAPERS}
    found[READS] = reads.due(connection, _start(READS, now))
    found[SYSTEMS] = systems.due(connection)
    return {name: count for name, count in found.items() if count}


def forget(connection: Connection, now: datetime, key: bytes) -> dict[str, int]:
    """Deletes them; a request stays as a number, without the person."""
    gone: dict[str, int] = {}
    for name, papers in PAPERS.items():
        older = papers.older(_start(name, now))
        if name == "privacy_requests":
            gone[name] = _make_nobodys(connection, older, key)
        else:
            gone[name] = connection.execute(delete(papers.table).where(older)).rowcount
    gone[SYSTEMS] = systems.forget(connection)
    return {name: count for name, count in gone.items() if count}


def forget_reads(connection: Connection, now: datetime, key: bytes) -> dict[str, int]:
    """Deletes the audit rows that are past their period, unless the audit has errors."""
    gone = reads.forget(connection, _start(READS, now), now, key)
    return {READS: gone} if gone else {}


def refused_in_lake(spark: SparkSession, lake: str, now: datetime) -> int:
    """How many refused rows of the lake are due."""
    return read(spark, lake, QUARANTINE).where(F.col("received_at") <= F.lit(_start(QUARANTINE.name, now))).count()


def forget_refused(spark: SparkSession, lake: str, now: datetime) -> dict[str, int]:
    """Deletes them."""
    count = refused_in_lake(spark, lake, now) if exists(spark, lake, QUARANTINE) else 0
    if count:
        older = F.col("received_at") <= F.lit(_start(QUARANTINE.name, now))
        DeltaTable.forPath(spark, path(lake, QUARANTINE)).delete(older)
    return {QUARANTINE.name: count} if count else {}


def deleted_in_lake(
    spark: SparkSession, lake: str, channels: Mapping[str, Channel], held: OnHold, now: datetime
) -> int:
    """How many raw rows that sources have deleted are due."""
    return deleted.count(spark, lake, channels, held, _start(deleted.NAME, now))


def forget_deleted(
    spark: SparkSession, lake: str, channels: Mapping[str, Channel], held: OnHold, now: datetime
) -> dict[str, int]:
    """Deletes them."""
    return deleted.forget(spark, lake, channels, held, _start(deleted.NAME, now))


def _start(name: str, now: datetime) -> datetime:
    return before(now, periods()[name][0])


def _counted(connection: Connection, name: str, now: datetime) -> int:
    papers: Any = PAPERS[name]
    query = select(func.count()).select_from(papers.table).where(papers.older(_start(name, now)))
    return int(connection.scalar(query) or 0)


def _make_nobodys(connection: Connection, older: ColumnElement[bool], key: bytes) -> int:
    columns = privacy_requests.c
    rows = connection.execute(select(columns.request_id, columns.profile_id).where(older)).all()
    for request_id, profile_id in rows:
        whose = f"{NOBODY}{reference(key, 'profile', profile_id)}"
        one = update(privacy_requests).where(columns.request_id == request_id)
        connection.execute(one.values(profile_id=whose, details={}))
    return len(rows)
