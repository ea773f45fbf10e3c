"""Whose timeline an event is on: the batch's rule (`lake.gold.attributed`), for a few events at once."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, String, column, func, select, text, tuple_, update, values

from contracts.identifiers import Identifier, kind_of
from stores.schema import identifiers, records, timeline


def owner_of(carried: Iterable[Identifier], sole_holders: Mapping[Identifier, str]) -> str | None:
    """The only profile with one of an event's identifiers; the kind that the fewest people may share decides."""
    strongest = sorted(carried, key=lambda one: (kind_of(one.kind).cap, one.kind, one.value))
    return next((sole_holders[one] for one in strongest if one in sole_holders), None)


def sole_holders(connection: Connection, wanted: Collection[Identifier]) -> dict[Identifier, str]:
    """The identifiers among these that exactly one profile has, with that profile."""
    if not wanted:
        return {}
    columns = identifiers.c
    query = (
        select(columns.kind, columns.value, func.min(columns.profile_id))
        .where(tuple_(columns.kind, columns.value).in_(sorted((one.kind, one.value) for one in set(wanted))))
        .group_by(columns.kind, columns.value)
        .having(func.count() == 1)
    )
    return {Identifier(kind, value): profile for kind, value, profile in connection.execute(query)}


def attribute(connection: Connection, event_ids: Collection[str]) -> dict[str, set[str]]:
    """Attributes these events to their owner's timeline, or to none.

    Returns the profiles that lost or gained one, with the data categories of these events.
    """
    if not event_ids:
        return {}
    event = timeline.c
    query = (
        select(
            event.event_id,
            event.profile_id,
            event.record_id,
            event.identifiers,
            records.c.profile_id.label("own"),
            event.document["categories"]["type"].astext.label("category"),
        )
        .outerjoin_from(timeline, records, event.record_id == records.c.record_id)
        .where(event.event_id.in_(sorted(event_ids)))
    )
    found = connection.execute(query).all()
    carried = {row.event_id: _identifiers(row.identifiers) for row in found if row.record_id is None}
    holders = sole_holders(connection, {one for many in carried.values() for one in many})
    owners = {
        row.event_id: owner_of(carried[row.event_id], holders) if row.record_id is None else row.own for row in found
    }
    moved = [row for row in found if owners[row.event_id] != row.profile_id]
    if moved:
        new = values(column("event_id", String), column("owner", String), name="new").data(
            [(row.event_id, owners[row.event_id]) for row in moved]
        )
        connection.execute(update(timeline).where(event.event_id == new.c.event_id).values(profile_id=new.c.owner))
    changed: dict[str, set[str]] = {}
    for row in moved:
        for profile in {row.profile_id, owners[row.event_id]} - {None}:
            changed.setdefault(profile, set()).update({row.category} - {None})
    return changed


def events_of_records(connection: Connection, profile_ids: Collection[str]) -> list[str]:
    """The events on these timelines whose own record moved to another profile, or was deleted."""
    event = timeline.c
    query = (
        select(event.event_id)
        .outerjoin_from(timeline, records, event.record_id == records.c.record_id)
        .where(event.profile_id.in_(sorted(profile_ids)), event.record_id.is_not(None))
        .where(event.profile_id.is_distinct_from(records.c.profile_id))
    )
    return list(connection.scalars(query))


def events_carrying(connection: Connection, wanted: Collection[Identifier]) -> list[str]:
    """The events without a record of their own that carry one of these identifiers."""
    if not wanted:
        return []
    query = text(
        "SELECT DISTINCT t.event_id FROM jsonb_array_elements(cast(:wanted AS jsonb)) one"
        " JOIN timeline t ON t.record_id IS NULL AND t.identifiers @> jsonb_build_array(one)"
    )
    identifiers_json = json.dumps([{"kind": one.kind, "value": one.value} for one in sorted(wanted)])
    return list(connection.scalars(query, {"wanted": identifiers_json}))


def _identifiers(listed: Iterable[Mapping[str, Any]]) -> list[Identifier]:
    return [Identifier(one["kind"], one["value"]) for one in listed]
