"""Where PostgreSQL does not show what the lake says, and what was changed live since: a comparison of plain values."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select, text

from contracts.identifiers import Identifier
from read_model.attribution import owner_of
from stores import schema


@dataclass(frozen=True)
class Lake:
    """What the last batch left: record -> profile, profile -> document, event -> profile, old id -> profile."""

    owners: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Any]]
    timeline: Mapping[str, str | None]
    redirects: Mapping[str, str]


@dataclass(frozen=True)
class Store:
    """What PostgreSQL holds, and of whom the online store has features."""

    owners: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Any]]
    identifiers: Collection[tuple[str, str, str]]
    timeline: Mapping[str, tuple[str | None, str | None, tuple[Identifier, ...]]]
    redirects: Mapping[str, str]
    live: Mapping[str, str]
    keyed: Collection[str] = ()
    named: Collection[str] = ()
    features: Collection[str] = field(default=())


def store_of(engine: Engine, features: Collection[str] = ()) -> Store:
    """Reads PostgreSQL; `features` are the ids that the online store knows."""
    with engine.connect() as connection:

        def pairs(table: Any, *names: str) -> dict[str, Any]:
            return dict(connection.execute(select(*[table.c[name] for name in names])).all())

        event = schema.timeline.c
        columns = (event.event_id, event.profile_id, event.record_id, event.identifiers)
        held = schema.identifiers.c
        return Store(
            owners=pairs(schema.records, "record_id", "profile_id"),
            documents=pairs(schema.profiles, "profile_id", "document"),
            identifiers=set(connection.execute(select(held.kind, held.value, held.profile_id))),
            timeline={
                one: (who, record, tuple(Identifier(two["kind"], two["value"]) for two in carried))
                for one, who, record, carried in connection.execute(select(*columns))
            },
            redirects=pairs(schema.redirects, "old_id", "profile_id"),
            live=pairs(schema.live_assignments, "record_id", "profile_id"),
            keyed=set(connection.scalars(select(schema.record_keys.c.record_id))),
            named=set(connection.scalars(text("SELECT left_id FROM reviews UNION SELECT right_id FROM reviews"))),
            features=set(features),
        )


def ghosts(store: Store) -> list[str]:
    """What PostgreSQL shows of nobody, or of somebody else than its own records say; nothing of it is the lake's."""
    return sorted(_ghosts(store))


def _ghosts(store: Store) -> Iterator[str]:
    members: dict[str, set[str]] = defaultdict(set)
    for record, profile in store.owners.items():
        members[profile].add(record)
    for profile in sorted(members.keys() ^ store.documents.keys()):
        missing = "no record is its" if profile in store.documents else "its records have no profile"
        yield f"profile {profile}: {missing}"
    for profile in members.keys() & store.documents.keys():
        document = store.documents[profile]
        if set(document["records"]) != members[profile]:
            yield f"profile {profile}: shows {document['records']}, its records are {sorted(members[profile])}"
        said = {(one["kind"], one["value"], profile) for one in document["identifiers"]}
        if said != {one for one in store.identifiers if one[2] == profile}:
            yield f"profile {profile}: found by other identifiers than it shows"
    for kind, _, profile in store.identifiers:
        if profile not in store.documents:
            yield f"identifier of kind {kind}: of {profile}, which is gone"
    for old, target in store.redirects.items():
        if old in store.documents:
            yield f"redirect {old}: leads away from an id that stands"
        if target not in store.documents:
            yield f"redirect {old}: leads to {target}, which is gone"
    holders: dict[Identifier, set[str]] = defaultdict(set)
    for kind, value, profile in store.identifiers:
        holders[Identifier(kind, value)].add(profile)
    sole = {one: next(iter(held)) for one, held in holders.items() if len(held) == 1}
    for event, (profile, record, carried) in store.timeline.items():
        whose = store.owners.get(record) if record else owner_of(carried, sole)
        if profile != whose:
            yield f"event {event}: shown with {profile}, is {whose}'s"
    for profile in set(store.features) - store.documents.keys():
        yield f"features: of {profile}, which is gone"
    for record in set(store.keyed) - store.owners.keys():
        yield f"keys: of {record}, which is gone"


def differences(lake: Lake, store: Store, since: Collection[str] = (), came: Collection[str] = ()) -> list[str]:
    """Where PostgreSQL shows something else than the lake, but for records that were placed live or said something new
    `since` it looked, and for events that `came`."""
    found = ghosts(store)
    for record in sorted(store.live.keys() - set(since)):
        found.append(f"live assignment of {record}: the lake has seen it")
    for record in sorted(lake.owners.keys() | store.owners.keys()):
        says, shows = lake.owners.get(record), store.owners.get(record)
        if record not in store.live and says != shows:
            found.append(f"record {record}: is {says}'s, shown as {shows}'s")
    placed = {profile for record, profile in lake.owners.items() if record in store.live} | set(store.live.values())
    newer = {record for record in since if record in store.owners}
    placed |= {store.owners[record] for record in newer}
    for profile in sorted(lake.documents.keys() | store.documents.keys()):
        if profile not in placed and lake.documents.get(profile) != store.documents.get(profile):
            found.append(f"profile {profile}: the lake has another document, or none")
    if not since:
        for event in sorted((lake.timeline.keys() | store.timeline.keys()) - set(came)):
            shown = store.timeline.get(event, (None,))[0]
            if lake.timeline.get(event) != shown:
                found.append(f"event {event}: is {lake.timeline.get(event)}'s, shown with {shown}")
        for old in sorted(lake.redirects.keys() | store.redirects.keys()):
            if lake.redirects.get(old) != store.redirects.get(old):
                found.append(f"redirect {old}: to {lake.redirects.get(old)}, shown to {store.redirects.get(old)}")
    for old in sorted(lake.redirects.keys() - store.redirects.keys() - store.documents.keys()):
        found.append(f"redirect {old}: the lake knows it, and nobody answers")
    return found
