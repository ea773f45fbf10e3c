"""What was found about identities by values that end: who is one person stays one, and who is two stays two.

Without a shared device or two national ids a batch would take people apart, or join two. Each such pair becomes a
must-link or a cannot-link, which stewards can revoke like any other decision.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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

Pair = tuple[str, str]
Documents = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Record -> its profile and its document."""


def keep(connection: Connection, of: EndedOf, now: datetime) -> int:
    """Puts into force what the values of these records show, where nobody has decided yet; returns how many pairs."""
    written, ended = 0, sorted(of)
    for start in range(0, len(ended), AT_ONCE):
        some = {record_id: of[record_id] for record_id in ended[start : start + AT_ONCE]}
        known = _with_their_profiles(connection, some)
        neighbours = _neighbours(connection, some)
        known |= _documents(connection, {record_id for pair in neighbours for record_id in pair} - known.keys())
        decided = [(pair, "same") for pair in must_links(known, some)]
        decided += [(pair, "different") for pair in cannot_links(known, some, neighbours)]
        written += _write(connection, decided, now)
    return written


def must_links(known: Documents, ended: EndedOf) -> set[Pair]:
    """Pairs of one profile's records that share an identifier that ends for at least one: a star for each value."""
    holders: dict[tuple[str, Identifier], set[str]] = defaultdict(set)
    ending = set()
    for record_id, (profile_id, document) in known.items():
        for one in _identifiers(document, "identifiers"):
            holders[profile_id, one].add(record_id)
            if _ends(document, one, ended.get(record_id, ())):
                ending.add((profile_id, one))
    stars = ((min(holders[of]), one) for of in ending for one in holders[of])
    return {(hub, one) for hub, one in stars if hub != one}


def cannot_links(known: Documents, ended: EndedOf, neighbours: Iterable[Pair]) -> set[Pair]:
    """Pairs of two profiles that resemble each other and have two values of what a person has one of, if one ends."""
    found = set()
    for left, right in neighbours:
        if left not in known or right not in known or known[left][0] == known[right][0]:
            continue
        values = [_by_kind(known[one][1]) for one in (left, right)]
        for kind in values[0].keys() & values[1].keys():
            differ = values[0][kind].isdisjoint(values[1][kind])
            if differ and any(_ends(known[one][1], Identifier(kind, ""), ended.get(one, ())) for one in (left, right)):
                found.add((left, right))
    return found


def _by_kind(document: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one in _identifiers(document, "verified"):
        found[one.kind].add(one.value)
    return found


def _identifiers(document: Mapping[str, Any], name: str) -> list[Identifier]:
    return [Identifier(one["kind"], one["value"]) for one in document.get(name) or ()]


def _ends(document: Mapping[str, Any], one: Identifier, categories: Iterable[str]) -> bool:
    return str((document.get("categories") or {}).get(f"identifier.{one.kind}")) in categories


def _with_their_profiles(connection: Connection, of: Iterable[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    whose = select(records.c.profile_id).where(records.c.record_id == any_(cast(sorted(of), ARRAY(Text))))
    query = select(records.c.record_id, records.c.profile_id, records.c.document)
    rows = connection.execute(query.where(records.c.profile_id.in_(whose)))
    return {row.record_id: (row.profile_id, row.document) for row in rows}


def _documents(connection: Connection, of: Iterable[str]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    query = select(records.c.record_id, records.c.profile_id, records.c.document)
    rows = connection.execute(query.where(records.c.record_id == any_(cast(sorted(of), ARRAY(Text)))))
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
