"""The finished steps of an erasure, and its people, so that a killed one can continue."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ARRAY, Connection, Engine, Text, cast, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from consent.requests import PrivacyRequest, RequestKind, RequestState, RequestStep, advance
from contracts.identifiers import Identifier
from erasure.people.subject import Subject
from stores.schema import erasure_steps, erasures, privacy_request_events, privacy_requests
from stores.taking_turns import taking_out

LOCK = 0xE4A5E  # one number for all processes: one erasure at a time

ACTOR = "erasure"


class NotErasable(ValueError):
    """The request can't be carried out by erasing; the message says why."""


@dataclass(frozen=True)
class Asked:
    """What a request names beside its profile: source records, and identifiers of a person without a profile."""

    records: frozenset[str] = frozenset()
    identifiers: frozenset[Identifier] = frozenset()

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Asked":
        named = details.get("identifiers") or []
        held = frozenset(Identifier(one["kind"], one["value"]) for one in named)
        return cls(frozenset(details.get("records") or []), held)


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Holds the lock of erasures and retentions, and makes the batch wait meanwhile.

    Waits for running batch jobs; raises NotErasable while another erasure or retention is running.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            raise NotErasable("expected no erasure or retention at work, found one; try again when it has ended")
        try:
            with taking_out(engine):
                yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def open_requests(connection: Connection, request_ids: Collection[str]) -> list[tuple[PrivacyRequest, Asked]]:
    """The requests with what they name; raises NotErasable unless all are started erasures."""
    columns = privacy_requests.c
    rows = connection.execute(select(privacy_requests).where(columns.request_id.in_(request_ids)).with_for_update())
    found = []
    for row in rows:
        request = PrivacyRequest(
            row.request_id, RequestKind(row.kind), row.profile_id, row.received_at, row.due_on, RequestState(row.state)
        )
        if request.kind is not RequestKind.ERASURE or row.state not in ("in_progress", "extended"):
            raise NotErasable(
                f"request {row.request_id}: expected an erasure that was started, found {row.kind} that is {row.state}"
            )
        found.append((request, Asked.of(row.details)))
    if len(found) != len(set(request_ids)):
        raise NotErasable("expected the ids of privacy requests, found at least one that is none")
    return found


def unfinished(connection: Connection, request_ids: Collection[str]) -> str | None:
    """The unfinished erasure of these requests, if any."""
    asked = erasures.c.requests.has_any(cast(sorted(request_ids), ARRAY(Text)))
    return connection.scalar(select(erasures.c.erasure_id).where(asked, erasures.c.sealed.is_not(None)).limit(1))


def ended(connection: Connection, request_ids: Collection[str]) -> dict[str, Any] | None:
    """The certificate of the finished erasure of exactly these requests, if any."""
    whole = erasures.c.certificate.is_not(None) & (erasures.c.requests == sorted(request_ids))
    found = connection.scalar(select(erasures.c.certificate).where(whole).limit(1))
    return dict(found) if found else None


def begin(connection: Connection, request_ids: Collection[str], subject: Subject, key: bytes, now: datetime) -> str:
    erasure_id = f"e_{uuid4().hex}"
    row = {"erasure_id": erasure_id, "started_at": now, "requests": sorted(request_ids), "sealed": subject.sealed(key)}
    connection.execute(insert(erasures).values(row))
    return erasure_id


def keep(connection: Connection, erasure_id: str, subject: Subject, key: bytes) -> None:
    where = erasures.c.erasure_id == erasure_id
    connection.execute(update(erasures).where(where).values(sealed=subject.sealed(key)))


def taken_up(connection: Connection, erasure_id: str, key: bytes) -> tuple[Subject, list[str], datetime]:
    """Whom an erasure is about, its requests, and when it began."""
    row = connection.execute(select(erasures).where(erasures.c.erasure_id == erasure_id)).one()
    return Subject.unsealed(row.sealed, key), row.requests, row.started_at


def steps(connection: Connection, erasure_id: str) -> dict[str, Any]:
    """The finished steps, with their results."""
    query = select(erasure_steps.c.step, erasure_steps.c.found).where(erasure_steps.c.erasure_id == erasure_id)
    return {row.step: row.found for row in connection.execute(query.order_by(erasure_steps.c.done_at))}


def timed_steps(connection: Connection, erasure_id: str) -> dict[str, tuple[datetime, Any]]:
    """The steps that are done, with when and what each found."""
    of = erasure_steps.c
    rows = connection.execute(select(of.step, of.done_at, of.found).where(of.erasure_id == erasure_id))
    return {row.step: (row.done_at, row.found) for row in rows}


def done(connection: Connection, erasure_id: str, step: str, found: Any, now: datetime) -> None:
    row = {"erasure_id": erasure_id, "step": step, "done_at": now, "found": found}
    connection.execute(upsert(erasure_steps).values(row).on_conflict_do_nothing())


def end(connection: Connection, erasure_id: str, certificate: dict[str, Any], now: datetime) -> None:
    """Stores the certificate, deletes the sealed subject, and completes the requests."""
    row = update(erasures).where(erasures.c.erasure_id == erasure_id)
    connection.execute(row.values(sealed=None, certificate=certificate))
    for request, _ in open_requests(connection, certificate["certificate"]["requests"]):
        moved = advance(request, RequestStep.COMPLETE, now.date(), erasing=True)
        where = privacy_requests.c.request_id == request.request_id
        connection.execute(update(privacy_requests).where(where).values(state=moved.state))
        event = {"request_id": request.request_id, "at": now, "actor": ACTOR, "step": "complete", "state": moved.state}
        connection.execute(insert(privacy_request_events).values(event))
