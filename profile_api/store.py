"""Reads the operational store: the gate's hands, imported by `profile_api.gate` alone."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.engine.interfaces import IsolationLevel

from consent import ledger
from consent.model import ConsentEvent, Part
from contracts.identifiers import Identifier
from profile_api.stored import StoredEvent, StoredProfile
from stores.schema import audit, identifiers, profiles, records, redirects, restrictions, timeline


class Reading:
    """Everything that one answer reads and writes, in one snapshot of the store."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        # What an act says of itself for its audit row: whom it was about, and how it ended.
        self.about: str | None = None
        self.outcome = "answered"

    def profile(self, profile_id: str) -> StoredProfile | None:
        """The profile of this id or, for a merged-away id, the one that it became part of."""
        if "\x00" in profile_id:
            return None
        target = select(redirects.c.profile_id).where(redirects.c.old_id == profile_id).scalar_subquery()
        rows = self.connection.execute(
            select(profiles.c.profile_id, profiles.c.version, profiles.c.document).where(
                profiles.c.profile_id.in_([profile_id, target])
            )
        ).all()
        found = sorted(rows, key=lambda row: row.profile_id != profile_id)
        return StoredProfile(*found[0]) if found else None

    def owners(self, identifier: Identifier) -> list[str]:
        """The ids of the profiles that carry an identifier."""
        query = select(identifiers.c.profile_id).where(
            identifiers.c.kind == identifier.kind, identifiers.c.value == identifier.value
        )
        return sorted(set(self.connection.scalars(query)))

    def parts(self, profile: StoredProfile) -> dict[str, Part]:
        """The identifiers of each of the person's records, as decisions see them: the record itself is one of them.

        Records that this store does not hold singly are taken as one.
        """
        ids = profile.document.get("records") or []
        query = select(records.c.record_id, records.c.document["identifiers"]).where(records.c.record_id.in_(ids))
        rows = self.connection.execute(query).all()
        held = {id_: {Identifier(one["kind"], one["value"]) for one in said} for id_, said in rows}
        if not held:
            joined = frozenset({*profile.identifiers, *(Identifier("record", id_) for id_ in ids)})
            return dict.fromkeys(ids or [profile.profile_id], joined)
        return {id_: frozenset(held.get(id_, set()) | {Identifier("record", id_)}) for id_ in ids}

    def consents(self, of: Iterable[Identifier]) -> list[ConsentEvent]:
        """All consent events of these identifiers, whatever their purpose."""
        return ledger.read(self.connection, of)

    def events(
        self, profile_id: str, categories: list[str], limit: int, start: tuple[datetime, int] | None
    ) -> list[StoredEvent]:
        """The newest events whose type is of one of these categories; others are not even counted.

        `start` is an instant, and how many such events at that instant to leave out.
        """
        columns = timeline.c
        query = (
            select(columns.event_id, columns.occurred_at, columns.document)
            .where(columns.profile_id == profile_id)
            .where(columns.document["categories"]["type"].astext.in_(categories))
            .order_by(columns.occurred_at.desc(), columns.event_id)
            .limit(limit)
        )
        if start:
            moment, given = start
            query = query.where(columns.occurred_at <= moment).offset(given)
        return [StoredEvent(*row) for row in self.connection.execute(query)]

    def restricted(self, profile: StoredProfile) -> bool:
        """Whether the person had the use of any of their records restricted."""
        records = profile.document.get("records") or []
        columns = restrictions.c
        query = select(columns.record_id).where(columns.record_id.in_(records), columns.lifted_at.is_(None)).limit(1)
        return self.connection.scalar(query) is not None

    def record(self, **row: Any) -> None:
        """Writes the audit row of this answer."""
        self.connection.execute(insert(audit).values(**row))


class Store:
    """The operational store behind an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reading(self) -> AbstractContextManager[Reading]:
        """One snapshot, committed at the end: an answer whose audit row is not kept is never given."""
        return self._transaction("REPEATABLE READ")

    def acting(self) -> AbstractContextManager[Reading]:
        """A transaction that sees what others commit meanwhile: whoever appends to a chain must see its end."""
        return self._transaction("READ COMMITTED")

    @contextmanager
    def _transaction(self, isolation: IsolationLevel) -> Iterator[Reading]:
        connected = self._engine.connect().execution_options(isolation_level=isolation)
        with connected as connection, connection.begin():
            yield Reading(connection)

    def ping(self) -> None:
        """Raises SQLAlchemyError unless the tables are there and can be read."""
        with self._engine.connect() as connection:
            connection.execute(select(profiles.c.profile_id).limit(1))
