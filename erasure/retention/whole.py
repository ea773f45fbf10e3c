"""Erases people whom no purpose keeps any more, by requests that retention files."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, cast, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from consent.requests import RequestKind, RequestState, received
from erasure import journal
from erasure.people.subject import Subject
from erasure.run import Erasure
from stores.schema import erasures, privacy_request_events, privacy_requests

FILED = "r_retention_"
"""The prefix of the ids of these requests."""


class NobodyDue(journal.NotErasable):
    """Everybody for whom requests were filed has come back since, or became a part of somebody else."""


@dataclass
class Ending(Erasure):
    """An erasure without tombstones: somebody who comes back after ten years is a customer like any other.

    A file that still names them brings them back as well: they are withheld, and the next run deletes them. `due` is
    asked once more when the batch waits: a request may be of days ago.
    """

    due: Callable[[Connection], Collection[str]] = field(kw_only=True)

    def _begin(self, request_ids: Collection[str]) -> str:
        with self.engine.begin() as connection:
            left = withdrawn(connection, request_ids, self.due(connection), self.clock())
        if not left:
            raise NobodyDue("expected people who are due, found none any more; their requests are closed")
        return super()._begin(left)

    def _bury(self, erasure_id: str, subject: Subject) -> int:
        return 0


def end_people(ending: Ending, now: datetime) -> dict[str, Any]:
    """Erases everybody who is due, in several passes; returns how many, and the ids of the erasures.

    Requests that a killed run filed are carried out first. Raises NotErasable if data of them is still found.
    """
    people, made = 0, list[str]()
    for files in (False, True):
        with ending.engine.begin() as connection:
            if files:
                file(connection, ending.due(connection), now)
            waiting = open_requests(connection)
        if waiting:
            try:
                said = ending.run(waiting)["certificate"]
            except NobodyDue:
                continue
            if said["hits"]:
                raise journal.NotErasable(
                    f"expected nothing of people who are due anywhere, found {said['hits']} values; see the certificate"
                    f" of {said['erasure_id']}, mend what it names, and start again"
                )
            people, made = people + said["people"], [*made, said["erasure_id"]]
    return {"people": people, "erasures": made}


def ended(connection: Connection, as_of: datetime) -> dict[str, Any]:
    """How many people the run of this instant erased, and by which erasures, across restarts."""
    columns = privacy_requests.c
    done = select(columns.request_id).where(_mine(), columns.received_at == as_of, columns.state == RequestState.DONE)
    requests = sorted(connection.scalars(done))
    asked = erasures.c.requests.has_any(cast(requests, ARRAY(Text)))
    made = sorted(connection.scalars(select(erasures.c.erasure_id).where(asked))) if requests else []
    return {"people": len(requests), "erasures": made}


def file(connection: Connection, profile_ids: Collection[str], now: datetime) -> None:
    """A started request of erasure for each; a person's own request is used if there is one."""
    for profile_id in sorted(profile_ids):
        request = received(f"{FILED}{uuid4().hex}", RequestKind.ERASURE, profile_id, now)
        row = {**vars(request), "state": RequestState.IN_PROGRESS, "details": {}}
        new = upsert(privacy_requests).values(row).on_conflict_do_nothing().returning(privacy_requests.c.request_id)
        if connection.scalar(new) is not None:
            event = {"request_id": request.request_id, "at": now, "actor": "retention", "step": "receive"}
            connection.execute(insert(privacy_request_events).values(event | {"state": RequestState.IN_PROGRESS}))


def withdrawn(connection: Connection, request_ids: Collection[str], due: Collection[str], now: datetime) -> list[str]:
    """Closes the requests for people who are not due any more, by their own ids; returns the others."""
    columns = privacy_requests.c
    rows = connection.execute(select(columns.request_id, columns.profile_id).where(columns.request_id.in_(request_ids)))
    past = sorted(row.request_id for row in rows if row.profile_id not in due)
    if past:
        closing = update(privacy_requests).where(columns.request_id.in_(past))
        connection.execute(closing.values(state=RequestState.REFUSED))
        event = {"at": now, "actor": "retention", "step": "refuse", "state": RequestState.REFUSED}
        connection.execute(insert(privacy_request_events), [event | {"request_id": one} for one in past])
    return sorted(set(request_ids) - set(past))


def open_requests(connection: Connection) -> list[str]:
    """The requests that retention filed and that are not done."""
    columns = privacy_requests.c
    query = select(columns.request_id).where(_mine(), columns.state == RequestState.IN_PROGRESS)
    return sorted(connection.scalars(query))


def _mine() -> ColumnElement[bool]:
    return privacy_requests.c.request_id.like(f"{FILED.replace('_', '#_')}%", escape="#")
