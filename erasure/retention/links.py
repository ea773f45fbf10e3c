"""What was found about identities by values that end: who is one person stays one, and who is two stays two.

Without a shared device or two national ids a batch would take people apart, or join two. So the records of a profile
become must-links and such pairs cannot-links, which stewards can revoke like any other decision.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ARRAY, Connection, Text, any_, cast, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from contracts.identifiers import Identifier
from erasure.retention.values import EndedOf
from stores.schema import edges, overrides, records, reviews

ACTOR = "retention"
REASON = "what showed it is not kept any more"
AT_ONCE = 1_000
MATCHED = (
    "given_name middle_name family_name gender birth_date birth_year street unit city postcode state country".split()
)
"""The fields that records are compared by."""

Pair = tuple[str, str]
Documents = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Record -> its profile and its document."""


def keep(connection: Connection, of: EndedOf, now: datetime) -> int:
    """Puts into force what the values of these records show, where nobody has decided yet; returns how many pairs."""
    written, ended = 0, sorted(of)
    for start in range(0, len(ended), AT_ONCE):
        some = {record_id: of[record_id] for record_id in ended[start : start + AT_ONCE]}
        neighbours = _neighbours(connection, some)
        known = _with_their_profiles(connection, some.keys() | {one for pair in neighbours for one in pair})
        decided = [(pair, "same") for pair in must_links(known, some)]
        decided += [(pair, "different") for pair in cannot_links(known, some, neighbours)]
        written += _write(connection, decided, now)
    return written


def must_links(known: Documents, ended: EndedOf) -> set[Pair]:
    """A star over the records of each profile of which something ends that identities are found by."""
    members: dict[str, set[str]] = defaultdict(set)
    for record_id, (profile_id, _) in known.items():
        members[profile_id].add(record_id)
    ending = {known[one][0] for one, categories in ended.items() if one in known and _tells(known[one][1], categories)}
    stars = ((min(members[profile_id]), one) for profile_id in ending for one in members[profile_id])
    return {(hub, one) for hub, one in stars if hub != one}


def cannot_links(known: Documents, ended: EndedOf, neighbours: Iterable[Pair]) -> set[Pair]:
    """Pairs of two profiles that resemble each other and have two values of what a person has one of, if one ends.

    The values of whole profiles are compared: one record's may be what keeps another of its profile apart.
    """
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    ending: dict[str, set[str]] = defaultdict(set)
    for record_id, (profile_id, document) in known.items():
        labels = document.get("categories") or {}
        for one in _of_one(document):
            values[profile_id][one.kind].add(one.value)
            label = labels.get(f"identifier.{one.kind}") or labels.get(one.kind)
            if label in ended.get(record_id, frozenset()):
                ending[profile_id].add(one.kind)
    found = set()
    for left, right in neighbours:
        if left in known and right in known:
            mine, theirs = known[left][0], known[right][0]
            kinds = (ending[mine] | ending[theirs]) & values[mine].keys() & values[theirs].keys()
            if mine != theirs and any(values[mine][kind].isdisjoint(values[theirs][kind]) for kind in kinds):
                found.add((left, right))
    return found


def _tells(document: Mapping[str, Any], ended: Collection[str]) -> bool:
    """Whether a record says something of these categories that identities are found by."""
    labels = document.get("categories") or {}
    kinds = {one.kind for one in _identifiers(document, "identifiers")}
    said = {f"identifier.{kind}" for kind in kinds} | {field for field in MATCHED if document.get(field)}
    return any(labels.get(name) in ended for name in said)


def _of_one(document: Mapping[str, Any]) -> list[Identifier]:
    """The values of a record of which a person has one: those that its source checks, and national ids."""
    national = [one for one in _identifiers(document, "identifiers") if one.kind == "national_id"]
    return _identifiers(document, "verified") + national


def _identifiers(document: Mapping[str, Any], name: str) -> list[Identifier]:
    return [Identifier(one["kind"], one["value"]) for one in document.get(name) or ()]


def _with_their_profiles(connection: Connection, of: Iterable[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    whose = select(records.c.profile_id).where(records.c.record_id == any_(cast(sorted(of), ARRAY(Text))))
    query = select(records.c.record_id, records.c.profile_id, records.c.document)
    rows = connection.execute(query.where(records.c.profile_id.in_(whose)))
    return {row.record_id: (row.profile_id, row.document) for row in rows}


def _neighbours(connection: Connection, of: Iterable[str]) -> set[Pair]:
    """Pairs with evidence, of which one is among these records."""
    named, found = cast(sorted(of), ARRAY(Text)), set[Pair]()
    for table in (edges, reviews):
        query = select(table.c.left_id, table.c.right_id)
        rows = connection.execute(query.where(or_(table.c.left_id == any_(named), table.c.right_id == any_(named))))
        found |= {(min(row.left_id, row.right_id), max(row.left_id, row.right_id)) for row in rows}
    return found


def _write(connection: Connection, decided: Iterable[tuple[Pair, str]], now: datetime) -> int:
    rows = [
        {
            "left_id": left,
            "right_id": right,
            "kind": kind,
            "decided_by": ACTOR,
            "decided_at": now,
            "reason": REASON,
            "decision_id": f"d_{uuid4().hex}",
        }
        for (left, right), kind in sorted(decided)
    ]
    if not rows:
        return 0
    return connection.execute(upsert(overrides).on_conflict_do_nothing(), rows).rowcount
