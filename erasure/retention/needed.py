"""Identifiers that are needed although their category has ended: they stay, with what else their record has of it.

A decision is only found under its identifier: without it a refusal would reach nobody, and no consent could be proven.
An event of a file that is still kept is its person's by the identifiers that it carries.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import ARRAY, Connection, Text, any_, cast, select, text

from consent import ledger
from contracts.categories import Category
from contracts.identifiers import Identifier
from erasure.retention.values import EndedOf
from stores.schema import records

AT_ONCE = 1_000
_OF_EVENTS = text(
    "SELECT DISTINCT one ->> 'kind', one ->> 'value' FROM timeline CROSS JOIN LATERAL jsonb_array_elements(identifiers)"
    " AS one WHERE profile_id = ANY(:profiles) AND record_id IS NULL AND jsonb_typeof(identifiers) = 'array'"
    " AND document -> 'categories' ->> 'type' <> ALL(:ended)"
)


def without_needed(connection: Connection, of: EndedOf) -> dict[str, frozenset[Category]]:
    """The same, but what has ended of a record leaves out the categories of identifiers that are needed."""
    found, ended = dict(of), sorted(of)
    for start in range(0, len(ended), AT_ONCE):
        some = cast(ended[start : start + AT_ONCE], ARRAY(Text))
        columns = records.c
        query = select(columns.record_id, columns.profile_id, columns.document).where(columns.record_id == any_(some))
        carried: dict[Identifier, list[tuple[str, Category]]] = defaultdict(list)
        profiles: dict[frozenset[Category], set[str]] = defaultdict(set)
        for row in connection.execute(query):
            profiles[of[row.record_id]].add(row.profile_id)
            labels = row.document.get("categories") or {}
            for one in row.document.get("identifiers") or ():
                if (category := labels.get(f"identifier.{one['kind']}")) in of[row.record_id]:
                    carried[Identifier(one["kind"], one["value"])].append((row.record_id, Category(category)))
        for named in {*_decided_under(connection, carried), *_of_events(connection, profiles)}:
            for record_id, category in carried.get(named, ()):
                found[record_id] -= {category}
    return {record_id: categories for record_id, categories in found.items() if categories}


def _decided_under(connection: Connection, identifiers: Iterable[Identifier]) -> Iterator[Identifier]:
    """Those of these identifiers under which somebody decided."""
    wanted = sorted(identifiers)
    for start in range(0, len(wanted), AT_ONCE):
        yield from {event.identifier for event in ledger.read(connection, wanted[start : start + AT_ONCE])}


def _of_events(connection: Connection, profiles: dict[frozenset[Category], set[str]]) -> Iterator[Identifier]:
    """The identifiers of these people's events that have not ended and name no record."""
    for ended, ids in profiles.items():
        for row in connection.execute(_OF_EVENTS, {"profiles": sorted(ids), "ended": sorted(ended)}):
            yield Identifier(*row)
