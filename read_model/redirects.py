"""Profile ids over time: where a merged-away one leads, and whether records left one since."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from consent.requests import PrivacyRequest
from stores.schema import identity_history, redirects

APART = ("split", "moved")
"""The history kinds in which records go to different people."""


def redirect(connection: Connection, gone: str, stays: str) -> None:
    """Redirects a merged-away id, and ids that redirected to it, to the surviving one."""
    connection.execute(update(redirects).where(redirects.c.profile_id == gone).values(profile_id=stays))
    put = upsert(redirects).values(old_id=gone, profile_id=stays)
    connection.execute(put.on_conflict_do_update(index_elements=["old_id"], set_={"profile_id": stays}))


def came_apart(connection: Connection, profile_ids: Collection[str], since: datetime | None = None) -> bool:
    """Whether only some records ever moved from one of these ids to another, or the other way round."""
    of, ids = identity_history.c, sorted(profile_ids)
    query = select(of.history_id).where(of.kind.in_(APART), or_(of.profile_id.in_(ids), of.other_id.in_(ids)))
    if since is not None:
        query = query.where(of.at >= since)
    return connection.scalar(query.limit(1)) is not None


def current_id(connection: Connection, profile_id: str) -> str:
    """The id that a merged-away one is part of now."""
    target = connection.scalar(select(redirects.c.profile_id).where(redirects.c.old_id == profile_id))
    return target or profile_id


def may_be_anothers(connection: Connection, request: PrivacyRequest, now: datetime) -> bool:
    """Whether records left the request's profile since it was filed: the id may be another person's."""
    ids = {request.profile_id, current_id(connection, request.profile_id)}
    return now > request.received_at and came_apart(connection, ids, since=request.received_at)
