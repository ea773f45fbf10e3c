"""What the store knows of the records around a few profiles: whose they are, the evidence, the decisions."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from identity.clustering.stable_ids import new_id
from identity.matching.comparison_columns import comparison_columns
from identity.matching.pair_weight import pair_weights
from identity.stewarding.reassignment import LONG_AGO, ClusterContext, Pair, pair
from identity.stewarding.scoring import weights
from profile_api.stewardship.queries.scored import scored
from read_model.model_in_force import model_in_force
from stores.schema import edges, identity_history, overrides, profiles, records, redirects

MOST = 2_000
"""Records that one decision looks at; beyond, at those of the profiles alone that it names."""

MOST_SCORED = 300
"""Records whose pairs are scored again; beyond, a pair that the batch kept no weight of counts as never compared."""


def cluster_context_of(connection: Connection, profile_ids: Collection[str]) -> ClusterContext:
    """Everything that evidence or decisions connect with these profiles, whole profiles at a time."""
    owners = _records_of(connection, profile_ids)
    seen = dict(owners)
    while owners:
        linked = _linked(connection, owners) - set(seen)
        owners = _records_of(connection, _profiles_of(connection, linked))
        seen |= owners
        if len(seen) > MOST:
            seen = _records_of(connection, profile_ids)
            break
    return _known(connection, seen)


def _known(connection: Connection, owners: Mapping[str, str]) -> ClusterContext:
    ids = sorted(owners)
    of = overrides.c
    in_force = select(of.left_id, of.right_id, of.kind).where(
        of.revoked_at.is_(None), of.left_id.in_(ids), of.right_id.in_(ids)
    )
    decided = connection.execute(in_force).all()
    query = select(records.c.record_id, records.c.document).where(records.c.record_id.in_(ids))
    documents = dict(connection.execute(query).tuples().all())
    model = model_in_force(connection)
    traits = {record: comparison_columns(document, model.names) for record, document in documents.items()}
    return ClusterContext(
        profile_of=dict(owners),
        weights=_weights(connection, ids),
        same=frozenset((row.left_id, row.right_id) for row in decided if row.kind == "same"),
        different=frozenset((row.left_id, row.right_id) for row in decided if row.kind == "different"),
        verified={
            record: {one["kind"]: one["value"] for one in verified}
            for record, document in documents.items()
            if (verified := document.get("verified"))
        },
        traits=traits,
        bars=model.bars,
        since=_since(connection, set(owners.values())),
        joined=_joined(connection, owners),
        retired=_taken(connection, ids),
    )


def _weights(connection: Connection, ids: list[str]) -> dict[Pair, float]:
    """What the batch would hear of each pair: it keeps little of what speaks against, so that is scored again."""
    within = and_(edges.c.left_id.in_(ids), edges.c.right_id.in_(ids))
    columns = (edges.c.left_id, edges.c.right_id, edges.c.tier, edges.c.rule, edges.c.weight)
    rows = connection.execute(select(*columns).where(within)).all()
    modelled = {pair(left, right): bits for left, right, tier, _, bits in rows if tier != "deterministic"}
    ruled = [(pair(left, right), rule, bits) for left, right, tier, rule, bits in rows if tier == "deterministic"]
    model = model_in_force(connection)
    if model.parameters and len(ids) <= MOST_SCORED:
        modelled = weights(model.person, scored(connection, ids).vectors) | modelled
    return pair_weights(modelled, ruled)


def _records_of(connection: Connection, profile_ids: Collection[str]) -> dict[str, str]:
    query = select(records.c.record_id, records.c.profile_id).where(records.c.profile_id.in_(sorted(profile_ids)))
    return dict(connection.execute(query).all())


def _profiles_of(connection: Connection, record_ids: Collection[str]) -> set[str]:
    query = select(records.c.profile_id).where(records.c.record_id.in_(sorted(record_ids)))
    return set(connection.scalars(query))


def _linked(connection: Connection, owners: Collection[str]) -> set[str]:
    """Records that evidence in favour, or a decision for it, joins with these."""
    ids, found = sorted(owners), set()
    for table, speaks_for in ((edges, edges.c.weight >= 0), (overrides, _joins())):
        touching = or_(table.c.left_id.in_(ids), table.c.right_id.in_(ids))
        for row in connection.execute(select(table.c.left_id, table.c.right_id).where(speaks_for, touching)):
            found |= set(row)
    return found


def _joins() -> ColumnElement[bool]:
    return and_(overrides.c.kind == "same", overrides.c.revoked_at.is_(None))


def _since(connection: Connection, profile_ids: Collection[str]) -> dict[str, datetime]:
    history = identity_history.c
    query = select(history.profile_id, func.min(history.at)).where(history.profile_id.in_(sorted(profile_ids)))
    found: dict[str, datetime] = dict(connection.execute(query.group_by(history.profile_id)).all())
    return {profile: found.get(profile, LONG_AGO) for profile in profile_ids}


def _joined(connection: Connection, owners: Mapping[str, str]) -> dict[str, datetime]:
    """Since when records are in their profiles, of those that began one or came by a merge."""
    history = identity_history.c
    query = select(history.profile_id, history.records, history.at)
    found: dict[str, datetime] = {}
    for profile, record_ids, at in connection.execute(query.where(history.profile_id.in_(set(owners.values())))):
        for record in record_ids:
            if owners.get(record) == profile:
                found[record] = min(at, found.get(record, at))
    return found


def _taken(connection: Connection, ids: Iterable[str]) -> frozenset[str]:
    """Ids that a new profile of one of these records would get, and that are or were another's."""
    candidates = set()
    for record in ids:
        used: set[str] = set()
        for _ in range(3):
            used.add(new_id(record, used))
        candidates |= used
    wanted = sorted(candidates)
    stand = select(profiles.c.profile_id).where(profiles.c.profile_id.in_(wanted))
    stood = select(redirects.c.old_id).where(redirects.c.old_id.in_(wanted))
    return frozenset(connection.scalars(stand)) | frozenset(connection.scalars(stood))
