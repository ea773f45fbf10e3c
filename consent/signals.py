"""Signals that a person's browser sends by itself: Global Privacy Control."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from consent.ledger import Entry, append
from consent.model import ConsentState, Method
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from stores.schema import consent_events


def has_gpc(headers: Mapping[str, str]) -> bool:
    """Whether a request carries `Sec-GPC: 1`, the one value that means anything; names in any case."""
    return any(name.lower() == "sec-gpc" and value.strip() == "1" for name, value in headers.items())


def object_by_gpc(
    connection: Connection, identifiers: Iterable[Identifier], at: datetime, received_at: datetime, channel: str
) -> int:
    """Records that the person behind these identifiers objects to every purpose marked `gpc`; says how many were new.

    Once per identifier and purpose: the signal comes with every page, and a person who says yes after it has decided
    otherwise. The transaction must be READ COMMITTED; the ledger is locked only where there is news.
    """
    entries = [
        Entry(
            identifier=identifier,
            purpose=purpose.id,
            state=ConsentState.REFUSED,
            decided_at=at,
            channel=channel,
            decided_through="browser",
            method=Method.GPC,
            recorded_by=channel,
            notice_version=purpose.notice_version,
            given_id=_id(identifier, purpose.id),
        )
        for identifier in sorted(set(identifiers))
        for purpose in published_purposes().values()
        if purpose.gpc
    ]
    ids = [entry.consent_id for entry in entries]
    known = set(connection.scalars(select(consent_events.c.consent_id).where(consent_events.c.consent_id.in_(ids))))
    return append(connection, [entry for entry in entries if entry.consent_id not in known], received_at)


def _id(identifier: Identifier, purpose: str) -> str:
    return keyed("consent gpc", identifier.kind, identifier.value, purpose)
