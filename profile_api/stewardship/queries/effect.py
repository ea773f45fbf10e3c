"""Brings a change of who records belong to into effect: for every reader at once, and for the next batch to keep."""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from identity.stewarding.reassignment import Move, heirs, moves
from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import PROFILE_MERGED, PROFILE_UNMERGED
from read_model.outbox.updates import tell_updates
from read_model.rebuild import Rebuilt, rebuild
from read_model.redirects import redirect
from read_model.side_effects import FeatureKeeper, refresh_features
from stores.schema import identity_history, live_assignments, profiles, records, redirects


def reassign(
    connection: Connection,
    before: Mapping[str, str],
    after: Mapping[str, str],
    now: datetime,
    *,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    features: FeatureKeeper | None,
) -> list[Move]:
    """Puts records into other profiles, with all that follows from it; returns what became of the profiles."""
    moved = {record: profile for record, profile in after.items() if before[record] != profile}
    if not moved:
        return []
    done = moves(before, after)
    for record, profile in sorted(moved.items()):
        connection.execute(update(records).where(records.c.record_id == record).values(profile_id=profile))
    live = [{"record_id": record, "profile_id": profile, "at": now} for record, profile in sorted(moved.items())]
    put = upsert(live_assignments).values(live)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=["record_id"], set_={"profile_id": put.excluded.profile_id, "at": put.excluded.at}
        )
    )
    touched = {profile for move in done for profile in (move.profile_id, move.other_id)}
    rebuilt = rebuild(connection, touched, now)
    _redirect(connection, {old: new for old, new in heirs(before, after).items() if old in rebuilt.gone}, touched)
    _remember(connection, done, now, actor, reason, evidence)
    _tell(connection, done, rebuilt, now)
    refresh_features(connection, features, rebuilt, touched)
    return done


def _redirect(connection: Connection, gone: Mapping[str, str], touched: Collection[str]) -> None:
    # 1. An id that answers itself again redirects no more.
    stands = select(profiles.c.profile_id).where(profiles.c.profile_id.in_(sorted(touched)))
    connection.execute(delete(redirects).where(redirects.c.old_id.in_(stands)))
    # 2. Who redirected to an id that is gone now follows it.
    for old, new in sorted(gone.items()):
        redirect(connection, old, new)
    # 3. Where records left a profile, whoever was merged away with them goes along.
    pointing = select(redirects.c.old_id, redirects.c.profile_id).where(redirects.c.profile_id.in_(sorted(touched)))
    for old, target in connection.execute(pointing).all():
        last = select(identity_history.c.records).where(
            identity_history.c.other_id == old, identity_history.c.kind == "merged"
        )
        record_ids = connection.scalar(last.order_by(identity_history.c.at.desc()).limit(1))
        if not record_ids:
            continue
        owners = list(connection.scalars(select(records.c.profile_id).where(records.c.record_id.in_(record_ids))))
        if owners and target not in owners:
            heir = min(set(owners), key=lambda one: (-owners.count(one), one))
            connection.execute(update(redirects).where(redirects.c.old_id == old).values(profile_id=heir))


def _remember(
    connection: Connection,
    done: Collection[Move],
    now: datetime,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
) -> None:
    rows = [
        {
            "history_id": f"h_{uuid.uuid4().hex}",
            "at": now,
            "kind": move.kind,
            "profile_id": move.profile_id,
            "other_id": move.other_id,
            "records": list(move.records),
            "reason": reason,
            "actor": actor,
            "evidence": dict(evidence),
        }
        for move in done
    ]
    connection.execute(insert(identity_history), rows)


def _tell(connection: Connection, done: Collection[Move], rebuilt: Rebuilt, now: datetime) -> None:
    merged: dict[str, set[str]] = {}
    separated: dict[str, set[str]] = {}
    for move in done:
        if move.kind == "merged":
            merged.setdefault(move.profile_id, set()).add(move.other_id)
        else:
            separated.setdefault(move.other_id, set()).add(move.profile_id)
    emit_all(connection, PROFILE_MERGED, [(one, {"merged": sorted(ids)}) for one, ids in sorted(merged.items())], now)
    parted = [(one, {"separated": sorted(ids)}) for one, ids in sorted(separated.items())]
    emit_all(connection, PROFILE_UNMERGED, parted, now)
    tell_updates(connection, rebuilt.changed, now)
