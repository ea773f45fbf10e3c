"""The batch's scoring for a few records at once: the same columns, keys and caps, read from the store."""

from collections import Counter
from collections.abc import Collection
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, func, select

from identity.matching.blocking import CAPS, named_mailbox_keys, rule_of
from identity.matching.comparison_columns import comparison_columns
from identity.matching.levels import vector
from identity.matching.sharing import MOST_HOLDERS, by_class, sharing_class
from identity.stewarding.reassignment import pair
from identity.stewarding.scoring import ScoredPair
from read_model.model_in_force import model_in_force
from stores.schema import record_keys, records

SHARED = {"email": "emails", "phone": "phones"}


def compared(connection: Connection, record_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The comparison columns of these records, with e-mails and phones by how many people hold each."""
    names = model_in_force(connection).names
    query = select(records.c.record_id, records.c.document).where(records.c.record_id.in_(sorted(record_ids)))
    columns = {record: comparison_columns(document, names) for record, document in connection.execute(query)}
    for kind, column in SHARED.items():
        counts = Counter(value for one in columns.values() for value in set(one[column] or ()))
        several = [value for value, count in counts.items() if count > 1]
        classes = _sharing(connection, kind, several)
        for one in columns.values():
            one |= by_class(kind, one[column], classes)
    return columns


def scored(connection: Connection, record_ids: Collection[str]) -> ScoredPair:
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
    return ScoredPair(columns, {of: vector(columns[of[0]], columns[of[1]]) for of in sorted(pairs)})


def _within_caps(connection: Connection, keys: Collection[str]) -> list[str]:
    key = record_keys.c.key
    counted = select(key, func.count()).where(key.in_(sorted(keys))).group_by(key)
    many: dict[str, int] = dict(connection.execute(counted).all())
    return [one for one in keys if many.get(one, 0) <= CAPS[rule_of(one)]]


def _sharing(connection: Connection, kind: str, values: Collection[str]) -> dict[str, str]:
    if not values:
        return {}
    keys = [f"{kind}:{value}" for value in sorted(values)]
    said = records.c.document
    # Those who say the most first, as `people_behind` looks at them.
    telling = [said["given_name"].astext.is_(None), said["birth_typed"].astext.is_(None), record_keys.c.record_id]
    place = func.row_number().over(partition_by=record_keys.c.key, order_by=telling).label("place")
    held = record_keys.join(records, records.c.record_id == record_keys.c.record_id)
    inner = select(record_keys.c.key, said, place).select_from(held).where(record_keys.c.key.in_(keys)).subquery()
    query = select(inner.c.key, inner.c.document)
    names, people = model_in_force(connection).names, dict[str, list[tuple[str | None, str | None]]]()
    for key, document in connection.execute(query.where(inner.c.place <= MOST_HOLDERS)):
        one = comparison_columns(document, names)
        people.setdefault(key.partition(":")[2], []).append((one["given"], one["birth"]))
    return {value: sharing_class(held) for value, held in people.items()}
