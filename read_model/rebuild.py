"""Updates profiles, identifiers and timelines after records changed profiles, in the caller's transaction.

The result is the batch's: the same golden record, the same rule for events.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from contracts.identifiers import Identifier
from identity.survivorship import golden_record
from read_model.attribution import attribute, events_carrying, events_of_records, sole_holders
from read_model.record_keys import write_keys
from stores.counting import count_changes
from stores.schema import channel_trust, identifiers, profiles, records, rectifications

LOCK = 0x1DE  # one lock number for everything that changes identities
Trust = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Rebuilt:
    """The profiles whose view changed, and the ids without any record now."""

    changed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


def hold_identities(connection: Connection, alone: bool = False) -> None:
    """Prevents a publication from changing identities meanwhile; `alone` excludes other live changes as well.

    Take it before any row lock, or it may deadlock with a publication.
    """
    lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
    connection.execute(select(lock(LOCK)))


def rebuild(connection: Connection, profile_ids: Collection[str], now: datetime) -> Rebuilt:
    """Updates the profiles of these ids from their records: `profile_ids` are all that gained, lost or changed any."""
    if not profile_ids:
        return Rebuilt()
    hold_identities(connection)
    ids = sorted(set(profile_ids))
    write_keys(connection, ids)
    # 1. The golden records, new and former.
    documents = _documents(connection, ids)
    before = {row.profile_id: row for row in connection.execute(select(profiles).where(profiles.c.profile_id.in_(ids)))}
    all_documents = [row.document for row in before.values()] + list(documents.values())
    identifiers_touched = {
        Identifier(one["kind"], one["value"]) for document in all_documents for one in document["identifiers"]
    }
    were_sole = sole_holders(connection, identifiers_touched)
    # 2. Profiles and identifiers.
    changed = _write(connection, ids, documents, before, now)
    _write_identifiers(connection, ids, documents)
    # 3. Events follow their record, or the identifier that only one profile has now.
    are_sole = sole_holders(connection, identifiers_touched)
    turned = {one for one in identifiers_touched if were_sole.get(one) != are_sole.get(one)}
    events = {*events_of_records(connection, ids), *events_carrying(connection, turned)}
    viewed = attribute(connection, events)
    count_changes(connection, viewed, now, counted=changed)
    gone = frozenset(set(ids) - set(documents))
    return Rebuilt(frozenset(changed | viewed.keys()) - gone, gone)


def record_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """A record in the form of the jobs' pure functions."""
    at = document["observed_at"]
    return {**document, "observed_at": datetime.fromisoformat(at).astimezone(UTC) if at else None}


def profile_document(
    profile_id: str, of: list[dict[str, Any]], trust: Trust, rectified: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The golden record in the form that publishing writes."""
    golden = golden_record(profile_id, of, trust, rectified)
    golden.pop("profile_id")
    document: dict[str, Any] = _plain(golden)
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _documents(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    of: dict[str, list[dict[str, Any]]] = {}
    query = select(records.c.profile_id, records.c.document).where(records.c.profile_id.in_(ids))
    for profile_id, document in connection.execute(query.order_by(records.c.record_id)):
        of.setdefault(profile_id, []).append(record_of(document))
    trust = {
        (row.channel, field): weight
        for row in connection.execute(select(channel_trust))
        for field, weight in row.trust.items()
    }
    right: dict[str, list[Mapping[str, Any]]] = {}
    rectified = select(records.c.profile_id, rectifications).join_from(
        records, rectifications, rectifications.c.record_id == records.c.record_id
    )
    for row in connection.execute(rectified.where(records.c.profile_id.in_(ids))).mappings():
        right.setdefault(row["profile_id"], []).append(dict(row))
    return {one: profile_document(one, found, trust, right.get(one, ())) for one, found in of.items()}


def _write(
    connection: Connection,
    ids: list[str],
    documents: Mapping[str, dict[str, Any]],
    before: Mapping[str, Any],
    now: datetime,
) -> set[str]:
    # A profile that comes back continues above every version that one of these ids has had.
    newest = max((max(row.version, sum(row.counts.values())) for row in before.values()), default=0)
    gone = [one for one in before if one not in documents]
    if gone:
        connection.execute(delete(profiles).where(profiles.c.profile_id.in_(gone)))
    changed = {one for one in documents if one not in before or before[one].document != documents[one]}
    rows = [
        {"profile_id": one, "document": documents[one], "version": newest + 1, "updated_at": now}
        for one in sorted(changed)
    ]
    if rows:
        put = upsert(profiles)
        new = {name: put.excluded[name] for name in ("document", "version", "updated_at")}
        connection.execute(put.on_conflict_do_update(index_elements=["profile_id"], set_=new), rows)
    return changed


def _write_identifiers(connection: Connection, ids: list[str], documents: Mapping[str, dict[str, Any]]) -> None:
    connection.execute(delete(identifiers).where(identifiers.c.profile_id.in_(ids)))
    rows = [
        {"kind": one["kind"], "value": one["value"], "profile_id": profile_id}
        for profile_id, document in documents.items()
        for one in document["identifiers"]
    ]
    if rows:
        connection.execute(insert(identifiers), rows)
