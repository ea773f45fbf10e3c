"""What is kept for a time of its own: refused rows and messages, tries, notes of requests, holds that were lifted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from delta.tables import DeltaTable
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from consent.durations import DURATION, before
from consent.pseudonyms import reference
from consent.requests import RequestState
from spark_jobs.tables import QUARANTINE, exists, path, read
from stores.schema import (
    call_tries,
    inbox,
    inbox_quarantine,
    legal_holds,
    privacy_request_events,
    privacy_request_notes,
    privacy_requests,
)

PUBLISHED = Path(__file__).parent / "periods.yml"
CLOSED = [state.value for state in RequestState if not state.open]
NOBODY = "erased:"
"""How the profile of a request begins whose person it names no longer."""


class _Period(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    of: str
    keeps: Annotated[str, StringConstraints(pattern=DURATION)]
    because: str


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


PAPERS = {
    "inbox_quarantine": _Papers(inbox_quarantine, lambda at: inbox_quarantine.c.received_at <= at),
    "inbox": _Papers(inbox, lambda at: and_(inbox.c.problem.is_not(None), inbox.c.received_at <= at)),
    "call_tries": _Papers(call_tries, lambda at: call_tries.c.at <= at),
    "privacy_request_notes": _Papers(privacy_request_notes, _noted),
    "privacy_requests": _Papers(
        privacy_requests, lambda at: and_(_closed(at), privacy_requests.c.profile_id.not_like(f"{NOBODY}%"))
    ),
    "legal_holds": _Papers(legal_holds, lambda at: legal_holds.c.lifted_at <= at),
}


@lru_cache
def periods() -> dict[str, tuple[str, str]]:
    """For each table the duration that it keeps papers for, and why, as periods.yml says; every one has to be there."""
    said = TypeAdapter(list[_Period]).validate_python(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")))
    found = {one.of: (one.keeps, one.because) for one in said}
    if set(found) != {*PAPERS, QUARANTINE.name}:
        raise ValueError(
            f"{PUBLISHED}: expected a period for each of {sorted({*PAPERS, QUARANTINE.name})}, found others"
        )
    return found


def due(connection: Connection, now: datetime) -> dict[str, int]:
    """How many rows of PostgreSQL are due, by table."""
    found = {name: _counted(connection, name, now) for name in PAPERS}
    return {name: count for name, count in found.items() if count}


def forget(connection: Connection, now: datetime, key: bytes) -> dict[str, int]:
    """Deletes them; a request stays as a number, and names nobody any more."""
    gone: dict[str, int] = {}
    for name, papers in PAPERS.items():
        older = papers.older(_start(name, now))
        if name == "privacy_requests":
            gone[name] = _make_nobodys(connection, older, key)
        else:
            gone[name] = connection.execute(delete(papers.table).where(older)).rowcount
    return {name: count for name, count in gone.items() if count}


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
