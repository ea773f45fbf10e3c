"""What people asked for before they were erased, as a restored backup brings it back: intakes, and requests that are
open again although they were carried out."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from consent.requests import RequestKind, RequestState
from consent.tombstones.dates import ErasureDates
from contracts.identifiers import Identifier
from erasure import journal
from erasure.people.subject import Subject
from stores.schema import erasures, intakes, privacy_request_events, privacy_requests

UNDER_WAY = (RequestState.IN_PROGRESS, RequestState.EXTENDED)


def later_intakes(connection: Connection, erased: ErasureDates) -> set[str]:
    """The intakes that came after the last erasure, or from an address whose person was erased before: no erasure
    touched these."""

    def is_later(received_at: datetime, sender: list[Identifier]) -> bool:
        if erased.last is None or received_at > erased.last:
            return True
        return erased.known.cover(sender) and not erased.erased_since(received_at, sender)

    of = intakes.c
    rows = connection.execute(select(of.intake_id, of.received_at, of.contact_kind, of.contact)).all()
    return {
        row.intake_id
        for row in rows
        if is_later(row.received_at, [Identifier(row.contact_kind, row.contact)] if row.contact else [])
    }


def senders(connection: Connection, erased: ErasureDates) -> set[Identifier]:
    """The addresses of erased people that intakes came from."""
    query = select(intakes.c.contact_kind, intakes.c.contact).where(intakes.c.contact.is_not(None)).distinct()
    found = {Identifier(*row) for row in connection.execute(query)}
    return {one for one in found if erased.known.cover([one])}


def carried_out(connection: Connection, subject: Subject, erased: ErasureDates) -> list[str]:
    """The open requests of erasure of these people: of a whole profile, or of records or identifiers that were erased
    after the request was received. One whose erasure is unfinished is not among them: that goes on by itself."""
    of = privacy_requests.c
    is_open = of.state.not_in([RequestState.DONE, RequestState.REFUSED])
    unfinished = set[str]()
    for named in connection.scalars(select(erasures.c.requests).where(erasures.c.sealed.is_not(None))):
        unfinished.update(named)
    found = []
    for row in connection.execute(select(privacy_requests).where(of.kind == RequestKind.ERASURE, is_open)):
        asked = journal.Asked.of(row.details)
        parts: list[tuple[list[Identifier], list[str]]] = [([], [one]) for one in sorted(asked.records)]
        parts = parts or [([one], []) for one in sorted(asked.identifiers)]
        are_erased = bool(parts) and all(erased.erased_since(row.received_at, *part) for part in parts)
        if (are_erased or row.profile_id in subject.profiles) and row.request_id not in unfinished:
            found.append(str(row.request_id))
    return sorted(found)


def take_up(
    connection: Connection,
    subject: Subject,
    request_ids: Collection[str],
    steps: dict[str, Any],
    key: bytes,
    now: datetime,
) -> None:
    """Begins one erasure of these requests in which these steps are done: whoever starts it searches the stores, and
    gets the certificate. A request that had not been started in the backup is started."""
    if not request_ids:
        return
    of = privacy_requests.c
    waiting = of.request_id.in_(request_ids), of.state.not_in(UNDER_WAY)
    for request_id in connection.scalars(select(of.request_id).where(*waiting)).all():
        one = update(privacy_requests).where(of.request_id == request_id)
        connection.execute(one.values(state=RequestState.IN_PROGRESS))
        step = {"request_id": request_id, "at": now, "actor": journal.ACTOR, "step": "start"}
        connection.execute(insert(privacy_request_events).values(step | {"state": RequestState.IN_PROGRESS}))
    erasure_id = journal.begin(connection, request_ids, subject, key, now)
    for name, found in steps.items():
        journal.done(connection, erasure_id, name, found, now)
