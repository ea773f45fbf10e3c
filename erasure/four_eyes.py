"""An erasure can't be undone: if so configured, one officer proposes it and another confirms."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from erasure.journal import NotErasable
from stores.schema import privacy_request_events

PROPOSED, ERASE = "propose_erasure", "erase"


def proposers(steps: Iterable[tuple[str, str]]) -> set[str]:
    """Who proposed the erasure, from a request's steps with their actors."""
    return {actor for step, actor in steps if step == PROPOSED}


def confirmed(steps: Collection[tuple[str, str]]) -> bool:
    """Whether somebody confirmed what somebody else had proposed before."""
    proposed: set[str] = set()
    for step, actor in steps:
        if step == PROPOSED:
            proposed.add(actor)
        elif step == ERASE and proposed - {actor}:
            return True
    return False


def steps_of(connection: Connection, request_id: str) -> list[tuple[str, str]]:
    """The steps of a request, oldest first, each with its actor."""
    of = privacy_request_events.c
    query = select(of.step, of.actor).where(of.request_id == request_id).order_by(of.event_id)
    return [(step, actor) for step, actor in connection.execute(query)]


def check(connection: Connection, request_ids: Collection[str]) -> None:
    """Raises NotErasable unless each of these erasures was confirmed by a second officer."""
    for request_id in request_ids:
        if not confirmed(steps_of(connection, request_id)):
            raise NotErasable(
                f"request {request_id}: expected an erasure that one officer proposed and another confirmed, found "
                "none; two officers call POST /v1/requests/{request_id}/erasure, one after the other"
            )
