"""What a request brings about, in the transaction of the step that does it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from consent import ledger
from consent.model import ConsentState, LegalBasis, Method, Purpose, RecordIdentifiers
from consent.speaking import records_spoken_for, speaking_for
from contracts.identifiers import Identifier
from contracts.roles import category_of
from profile_api.access.stored import StoredProfile
from profile_api.responses.errors import Problem, not_found
from read_model.outbox.consent_changes import tell_decisions
from read_model.outbox.emitting import emit_all, known_as
from read_model.outbox.kinds import RESTRICTION_CHANGED
from read_model.outbox.recalls import recall_refused
from read_model.rebuild import rebuild
from read_model.side_effects import tell_rebuilt
from stores.due import make_due
from stores.schema import records, rectifications, restrictions


def restrict(
    connection: Connection,
    request_id: str,
    profile_id: str,
    parts: Mapping[str, RecordIdentifiers],
    login: Identifier | None,
    now: datetime,
) -> None:
    """From now on the records that the person speaks for, and whatever profile holds one of them, are kept and not
    used, nor computed on."""
    if not (named := records_spoken_for(connection, parts, login)):  # the login has gone to another profile meanwhile
        raise not_found()
    rows = [{"record_id": one, "request_id": request_id, "since": now} for one in named if one != profile_id]
    if rows:
        connection.execute(insert(restrictions), rows)
    make_due(connection, [profile_id])
    _tell(connection, [profile_id], True, now)


def restriction_stands(connection: Connection, request_id: str) -> bool:
    """Whether what this request restricted is restricted still."""
    of = restrictions.c
    standing = select(of.request_id).where(of.request_id == request_id, of.lifted_at.is_(None)).limit(1)
    return connection.execute(standing).first() is not None


def lift(connection: Connection, request_id: str, now: datetime) -> None:
    """Ends the restriction that a request brought about; another request's stays."""
    standing = (restrictions.c.request_id == request_id, restrictions.c.lifted_at.is_(None))
    lifted = update(restrictions).where(*standing).values(lifted_at=now).returning(restrictions.c.record_id)
    if not (freed := list(connection.scalars(lifted))):
        detail = "Expected a request whose restriction stands, found none such; nothing is to be lifted."
        raise Problem(409, "step-not-possible", detail)
    whose = set(connection.scalars(select(records.c.profile_id).where(records.c.record_id.in_(freed))))
    make_due(connection, whose)
    of = select(records.c.profile_id).join(restrictions, restrictions.c.record_id == records.c.record_id)
    still = of.where(restrictions.c.lifted_at.is_(None), records.c.profile_id.in_(whose))
    _tell(connection, whose - set(connection.scalars(still)), False, now)


def _tell(connection: Connection, profile_ids: Collection[str], restricted: bool, now: datetime) -> None:
    """Art. 19: whoever got the person's data hears that it may not be used, and when that has ended."""
    events = [(one, {"restricted": restricted}) for one in known_as(connection, profile_ids)]
    emit_all(connection, RESTRICTION_CHANGED, events, now)
    recall_refused(connection, now, profile_ids)


def object_to(
    connection: Connection,
    parts: Mapping[str, RecordIdentifiers],
    login: Identifier | None,
    purposes: Collection[Purpose],
    actor: str,
    now: datetime,
) -> None:
    """The person's no to these purposes, where it binds them alone: a housemate has not objected."""
    entries = [
        ledger.Entry(
            identifier=identifier,
            purpose=purpose.id,
            state=ConsentState.WITHDRAWN if purpose.legal_basis is LegalBasis.CONSENT else ConsentState.REFUSED,
            decided_at=now,
            channel="privacy_request",
            decided_through="privacy_request",
            method=Method.FORM,
            recorded_by=actor,
            notice_version=purpose.notice_version,
        )
        for purpose in purposes
        for identifier in speaking_for(connection, parts, login)
    ]
    if purposes and not entries:
        raise not_found()
    ledger.append(connection, entries, now)
    tell_decisions(connection, [(entry.identifier, entry.purpose) for entry in entries], now)


def rectify(
    connection: Connection, profile: StoredProfile, request_id: str, fields: Mapping[str, str], now: datetime
) -> None:
    """The person's values win over every source from now on; the profile shows them at once."""
    stands = {one["field"]: one for one in profile.document.get("fields") or []}
    named = sorted(profile.document.get("records") or [])
    if not named:
        raise Problem(409, "step-not-possible", "Expected a person with records to put right, found none.")
    for field, value in fields.items():
        known = stands.get(field)
        anchor = known["record_id"] if known and known["record_id"] in named else named[0]
        category = known["category"] if known else category_of(field).value
        row = {"value": value, "decided_at": now, "request_id": request_id, "category": category}
        of = {"record_id": anchor, "field": field}
        keys = [rectifications.c.record_id, rectifications.c.field]
        connection.execute(upsert(rectifications).values(of | row).on_conflict_do_update(index_elements=keys, set_=row))
    tell_rebuilt(connection, rebuild(connection, [profile.profile_id], now), now)
