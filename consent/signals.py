"""Signals that a person's browser sends by itself: Global Privacy Control."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from consent.ledger import Entry, append
from consent.model import ConsentState, Method
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from stores.schema import consent_events


def has_gpc(headers: Mapping[str, str]) -> bool:
    """Whether a request carries `Sec-GPC: 1`, the only defined value; header names in any case."""
    return any(name.lower() == "sec-gpc" and value.strip() == "1" for name, value in headers.items())


def object_by_gpc(
    connection: Connection,
    identifiers: Iterable[Identifier],
    at: datetime,
    received_at: datetime,
    channel: str,
    again: Collection[str] = (),
) -> set[str]:
    """Records that the person behind these identifiers objects to every purpose marked `gpc`; returns the new ones.

    Once per identifier and purpose: the signal comes with every page, and a later yes of the person overrides it.
    `again` are purposes to which it objects once more, since the yes meanwhile did not come from the person directly.
    The transaction must be READ COMMITTED; the ledger is locked only if there is something new.
    """
    ids = {
        (identifier, purpose.id): _id(identifier, purpose.id)
        for identifier in sorted(set(identifiers))
        for purpose in published_purposes().values()
        if purpose.gpc
    }
    column = consent_events.c.consent_id
    known = set(connection.scalars(select(column).where(column.in_(list(ids.values())))))
    entries = [
        Entry(
            identifier=identifier,
            purpose=purpose,
            state=ConsentState.REFUSED,
            decided_at=at,
            channel=channel,
            decided_through="browser",
            method=Method.GPC,
            recorded_by=channel,
            notice_version=published_purposes()[purpose].notice_version,
            given_id=_id(identifier, purpose, received_at.isoformat()) if given_id in known else given_id,
        )
        for (identifier, purpose), given_id in ids.items()
        if given_id not in known or purpose in again
    ]
    return {entry.purpose for entry in entries} if append(connection, entries, received_at) else set()


def _id(identifier: Identifier, purpose: str, *once_more: str) -> str:
    return keyed("consent gpc", identifier.kind, identifier.value, purpose, *once_more)
