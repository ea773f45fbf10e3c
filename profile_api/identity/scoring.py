"""The batch's scoring for a few records at once: the same columns, keys, levels and model, read from the store."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import log2
from typing import Any

from sqlalchemy import Connection, func, select

from profile_api.identity.model_in_force import model_in_force
from profile_api.identity.partition import Pair, pair
from spark_jobs.resolve.blocking import CAPS, named_mailbox_keys, rule_of
from spark_jobs.resolve.comparables import comparables
from spark_jobs.resolve.comparisons import COMPARISONS
from spark_jobs.resolve.levels import gamma
from spark_jobs.resolve.model import FieldEvidence, PersonModel, explain, prior_bits
from spark_jobs.resolve.sharing import MOST_HOLDERS, people_behind, sharing_class
from stores.schema import record_keys, records

Vector = dict[str, float | int | None]
Columns = Mapping[str, Any]
SHARED = {"email": "emails", "phone": "phones"}


@dataclass(frozen=True)
class Scored:
    """Records as they are compared, with the vectors of the pairs that a batch would look at."""

    columns: Mapping[str, Columns]
    vectors: Mapping[Pair, Vector]


def compared(connection: Connection, record_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The comparison columns of these records, with e-mails and phones by how many people hold each."""
    names = model_in_force(connection).names
    query = select(records.c.record_id, records.c.document).where(records.c.record_id.in_(sorted(record_ids)))
    columns = {record: comparables(document, names) for record, document in connection.execute(query)}
    for kind, column in SHARED.items():
        held = Counter(value for one in columns.values() for value in set(one[column] or ()))
        several = [value for value, count in held.items() if count > 1]
        classes = _sharing(connection, kind, several)
        for one in columns.values():
            for name in ("own", "pair", "shared"):
                values = [value for value in one[column] or () if classes.get(value, "own") == name]
                one[f"{kind}_{name}"] = values or None
    return columns


def scored(connection: Connection, record_ids: Collection[str]) -> Scored:
    """The pairs among these records that share a blocking key within its cap, with their vectors."""
    columns = compared(connection, record_ids)
    holders: dict[str, set[str]] = {}
    for record, one in columns.items():
        for key in one["blocking_keys"]:
            holders.setdefault(key, set()).add(record)
    for record, one in columns.items():
        for key in named_mailbox_keys(one) if one["given"] else ():
            if key in holders:
                holders[key].add(record)
    kept = _within_caps(connection, [key for key, found in holders.items() if len(found) > 1])
    pairs = {pair(*both) for key in kept for both in combinations(sorted(holders[key]), 2)}
    return Scored(columns, {of: vector(columns[of[0]], columns[of[1]]) for of in sorted(pairs)})


def vector(left: Columns, right: Columns) -> Vector:
    """The comparison vector of two records, as the batch keeps it."""
    found: Vector = {f"gamma_{one.name}": gamma(one)(left, right) for one in COMPARISONS}
    for name in ("given", "family"):
        known = [one[f"tf_{name}"] for one in (left, right) if one[f"tf_{name}"] is not None]
        found[f"{name}_frequency"] = max(known, default=None)
    return found


def weight(model: PersonModel, evidence: Iterable[FieldEvidence]) -> float:
    """The match weight, in bits, of what these fields say together."""
    said = list(evidence)
    sums = {
        "strangers": sum(one.against_strangers for one in said),
        "housemates": sum(one.against_housemates for one in said),
        "namesakes": sum(one.against_namesakes for one in said),
    }
    rivals = prior_bits(model)
    return -log2(sum(2.0 ** -max(-60.0, min(60.0, sums[rival] + bits)) for rival, bits in rivals.items()))


def weights(model: PersonModel, vectors: Mapping[Pair, Vector]) -> dict[Pair, float]:
    """The match weight of each pair."""
    return {of: weight(model, explain(model, said)) for of, said in vectors.items()}


def _within_caps(connection: Connection, keys: Collection[str]) -> list[str]:
    key = record_keys.c.key
    counted = select(key, func.count()).where(key.in_(sorted(keys))).group_by(key)
    many: dict[str, int] = dict(connection.execute(counted).tuples().all())
    return [one for one in keys if many.get(one, 0) <= CAPS[rule_of(one)]]


def _sharing(connection: Connection, kind: str, values: Collection[str]) -> dict[str, str]:
    if not values:
        return {}
    keys = [f"{kind}:{value}" for value in sorted(values)]
    place = func.row_number().over(partition_by=record_keys.c.key, order_by=record_keys.c.record_id).label("place")
    inner = select(record_keys.c.key, record_keys.c.record_id, place).where(record_keys.c.key.in_(keys)).subquery()
    query = select(inner.c.key, records.c.document).join(records, records.c.record_id == inner.c.record_id)
    names, people = model_in_force(connection).names, dict[str, list[tuple[str | None, str | None]]]()
    for key, document in connection.execute(query.where(inner.c.place <= MOST_HOLDERS)):
        one = comparables(document, names)
        people.setdefault(key.partition(":")[2], []).append((one["given"], one["birth"]))
    return {value: sharing_class(people_behind(held)) for value, held in people.items()}
