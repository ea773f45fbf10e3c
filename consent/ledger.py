"""The consent ledger in PostgreSQL: people's decisions, appended by one database function and never changed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text, tuple_

from consent.controller import published_controller
from consent.durations import end_of_consent
from consent.macs import sign_appended
from consent.model import ConsentEvent, ConsentState, LegalBasis, Method
from consent.notices import published_notices
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from stores.schema import consent_events

# In this order, one at a time; an event whose id is already in the ledger is skipped.
_APPEND = text(
    "SELECT (written).* FROM (SELECT append_consent(event) AS written FROM ("
    "SELECT event FROM jsonb_array_elements(CAST(:events AS jsonb)) WITH ORDINALITY AS given(event, number)"
    " WHERE NOT EXISTS (SELECT FROM consent_events AS known WHERE known.consent_id = event ->> 'consent_id')"
    " ORDER BY number OFFSET 0) AS ordered OFFSET 0) AS done WHERE (written).sequence IS NOT NULL"
)


@dataclass(frozen=True)
class Entry:
    """A decision to append to the ledger; `contact_point` is None if it is about the whole person.

    `channel` is where it arrived, `decided_through` where the person decided, `recorded_by` who recorded it.
    """

    identifier: Identifier
    purpose: str
    state: ConsentState
    decided_at: datetime
    channel: str
    decided_through: str
    method: Method
    recorded_by: str
    contact_point: Identifier | None = None
    notice_version: str | None = None
    notice_language: str | None = None
    expires_at: datetime | None = None
    given_id: str | None = None

    @property
    def consent_id(self) -> str:
        """The id given by the source, or a digest of the content: the same decision sent twice is one event."""
        if self.given_id is not None:
            return self.given_id
        point = self.contact_point
        content = [
            self.identifier.kind,
            self.identifier.value,
            point.kind if point else "",
            point.value if point else "",
        ]
        content += [self.purpose, self.state, self.decided_at.isoformat(), self.decided_through, self.method]
        return keyed("consent entry", *content)


def append(connection: Connection, entries: Iterable[Entry], received_at: datetime) -> int:
    """Appends decisions in the order given, signs them, and says how many were new.

    The transaction must be READ COMMITTED. It holds the ledger's lock until it ends, so end it soon.
    """
    return append_rows(connection, [as_row(entry, received_at) for entry in entries])


def append_rows(connection: Connection, rows: Sequence[dict[str, str | None]]) -> int:
    """The same, for rows made by `as_row`."""
    if not rows:
        return 0
    return sign_appended(connection, rows, connection.execute(_APPEND, {"events": json.dumps(rows)}).mappings())


def as_row(entry: Entry, received_at: datetime) -> dict[str, str | None]:
    """The event as append_consent takes it."""
    controller, purpose = published_controller(), published_purposes().get(entry.purpose)
    point, ends = entry.contact_point, entry.expires_at
    if purpose is not None and entry.state.permits:
        ends = end_of_consent(purpose, min(entry.decided_at, received_at), ends)
    return {
        "consent_id": entry.consent_id,
        "identifier_kind": entry.identifier.kind,
        "identifier": entry.identifier.value,
        "contact_kind": point.kind if point else None,
        "contact_point": point.value if point else None,
        "purpose": entry.purpose,
        "legal_basis": (purpose.legal_basis if purpose else LegalBasis.NONE).value,
        "state": entry.state.value,
        "decided_at": entry.decided_at.isoformat(),
        "received_at": received_at.isoformat(),
        "expires_at": ends.isoformat() if ends else None,
        "notice_version": entry.notice_version,
        "notice_language": entry.notice_language,
        "jurisdiction": controller.jurisdiction,
        "controller": controller.name,
        "channel": entry.channel,
        "decided_through": entry.decided_through,
        "method": entry.method.value,
        "recorded_by": entry.recorded_by,
        "notice_hash": published_notices().proof(entry.purpose, entry.notice_version, entry.notice_language),
    }


def contact_point_of(purpose: str, identifier: Identifier) -> Identifier | None:
    """The contact point of a decision that came with only an identifier: that address, if the purpose uses this
    kind."""
    known = published_purposes().get(purpose)
    return identifier if known and known.contact == identifier.kind else None


def read(connection: Connection, of: Iterable[Identifier]) -> list[ConsentEvent]:
    """All decisions of the people behind these identifiers, about every purpose."""
    pairs = [(one.kind, one.value) for one in of]
    if not pairs:
        return []
    columns = consent_events.c
    query = select(consent_events).where(tuple_(columns.identifier_kind, columns.identifier).in_(pairs))
    return [_event(row) for row in connection.execute(query.order_by(columns.sequence))]


def find(connection: Connection, consent_id: str) -> dict[str, Any] | None:
    """One event with all its columns of the ledger."""
    query = select(consent_events).where(consent_events.c.consent_id == consent_id)
    row = connection.execute(query).mappings().first()
    return {str(name): value for name, value in row.items()} if row else None


def event_of(row: Mapping[str, Any]) -> ConsentEvent:
    """An event from the JSON of a ledger row."""
    return ConsentEvent(
        consent_id=row["consent_id"],
        identifier=Identifier(row["identifier_kind"], row["identifier"]),
        purpose=row["purpose"],
        state=ConsentState(row["state"]),
        notice_version=row["notice_version"],
        contact_point=Identifier(row["contact_kind"], row["contact_point"]) if row["contact_point"] else None,
        decided_at=datetime.fromisoformat(row["decided_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]) if row["expires_at"] else None,
        received_at=datetime.fromisoformat(row["received_at"]) if row["received_at"] else None,
        method=Method(row["method"]),
        decided_through=row["decided_through"],
    )


def _event(row: Row[Any]) -> ConsentEvent:
    return ConsentEvent(
        consent_id=row.consent_id,
        identifier=Identifier(row.identifier_kind, row.identifier),
        purpose=row.purpose,
        state=ConsentState(row.state),
        decided_at=row.decided_at,
        notice_version=row.notice_version,
        contact_point=Identifier(row.contact_kind, row.contact_point) if row.contact_point else None,
        expires_at=row.expires_at,
        received_at=row.received_at,
        method=Method(row.method),
        decided_through=row.decided_through,
    )
