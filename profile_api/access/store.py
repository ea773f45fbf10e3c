"""Reads the operational store for the gate; imported only by `profile_api.access.gate`."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Concatenate, ParamSpec, TypeVar

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, and_, false, or_, select, text
from sqlalchemy.engine.interfaces import IsolationLevel

from consent import ledger
from consent.determinations import Circumstances
from consent.determined import circumstances_of, determination_of, in_force
from consent.eligibility import older_events
from consent.model import ConsentEvent, RecordIdentifiers
from consent.parts import parts_of
from consent.retention import SENT_BY_US
from contracts.identifiers import Identifier
from profile_api.access.asking import NOBODY
from profile_api.access.stored import StoredEvent, StoredProfile
from read_model.redirects import came_apart
from stores.postgres import driver_of
from stores.restricted import restricted_among
from stores.schema import intakes, privacy_requests, profiles, records, redirects, timeline

Given = ParamSpec("Given")
Answered = TypeVar("Answered")

# The last act of a person, by the index of their timeline; what we sent them does not count.
_NEWEST = """
SELECT occurred_at FROM timeline WHERE profile_id = %(id)s AND occurred_at <= %(now)s AND document->>'type' !~ %(sent)s
ORDER BY occurred_at DESC LIMIT 1
"""

# Everything that a decision about one person rests on, in one statement: the profile of an id or of the one that it
# became part of, the identifiers of its records, the decisions about all of these, whether its use is restricted, and
# its newest and oldest event.
# OFFSET 0 forces lookups by key: the planner assumes a hundred rows per JSON list, and would scan whole tables.
_PERSON = """
WITH found AS (
  SELECT profile_id, counts, document, updated_at FROM profiles
  WHERE profile_id IN (%(id)s, (SELECT profile_id FROM redirects WHERE old_id = %(id)s))
  ORDER BY profile_id <> %(id)s LIMIT 1
), named AS (
  SELECT jsonb_array_elements_text(coalesce(nullif(document->'records', 'null'), '[]')) AS record_id FROM found
), held AS (
  SELECT record_id, identifiers FROM named CROSS JOIN LATERAL (
    SELECT document->'identifiers' AS identifiers FROM records WHERE records.record_id = named.record_id OFFSET 0
  ) AS kept
), carried AS (
  SELECT one->>'kind' AS kind, one->>'value' AS value FROM (
    SELECT jsonb_array_elements(coalesce(nullif(document->'identifiers', 'null'), '[]')) AS one FROM found
    UNION ALL SELECT jsonb_array_elements(identifiers) FROM held
  ) AS every
  UNION SELECT 'record', record_id FROM named
)
SELECT profile_id, counts, document, updated_at,
  (SELECT jsonb_object_agg(record_id, identifiers) FROM held) AS parts,
  (SELECT jsonb_agg(to_jsonb(decided) ORDER BY sequence) FROM carried CROSS JOIN LATERAL (
    SELECT consent_id, sequence, identifier_kind, identifier, contact_kind, contact_point, purpose, state, decided_at,
      expires_at, received_at, notice_version, method, decided_through
    FROM consent_events WHERE identifier_kind = kind AND identifier = value OFFSET 0
  ) AS decided) AS consents,
  EXISTS (SELECT FROM named CROSS JOIN LATERAL (
    SELECT FROM restrictions WHERE restrictions.record_id = named.record_id AND lifted_at IS NULL OFFSET 0
  ) AS kept) AS restricted,
  ({newest}) AS newest_event,
  (SELECT occurred_at FROM timeline WHERE timeline.profile_id = found.profile_id ORDER BY occurred_at LIMIT 1)
    AS oldest_event,
  (SELECT jsonb_agg(to_jsonb(kept)) FROM named CROSS JOIN LATERAL (
    SELECT record_id, kind, purpose, decided_at FROM determinations
    WHERE determinations.record_id = named.record_id AND ended_at IS NULL OFFSET 0
  ) AS kept) AS determined
FROM found
""".replace("{newest}", _NEWEST.replace("%(id)s", "found.profile_id"))
_OWNERS = text("SELECT DISTINCT profile_id FROM identifiers WHERE kind = :kind AND value = :value ORDER BY profile_id")
_RECORD = """
INSERT INTO audit (at, actor, role, purpose, action, profile_id, decision, outcome) VALUES (%(at)s, %(actor)s, %(role)s,
  %(purpose)s, %(action)s, %(profile_id)s, %(decision)s, %(outcome)s)
"""


@dataclass(frozen=True)
class _Known:
    """What came with a profile."""

    parts: dict[str, Any]
    restricted: bool
    newest_event: datetime | None
    oldest_event: datetime | None
    determined: list[dict[str, Any]]


class Reading:
    """All reads and writes of one answer; in a `snapshot` data that came with a profile is not queried again.

    A round trip costs more than its query. So the driver's pipeline sends the statement that opens the transaction
    with the first query, and the audit rows of a snapshot with the commit.
    """

    def __init__(self, connection: Connection, snapshot: bool, now: datetime) -> None:
        self._connection, self._snapshot, self._now = connection, snapshot, now
        self._unwritten: list[dict[str, Any]] = []
        self._known = {NOBODY.profile_id: _Known({}, False, now, None, [])}
        self._asked = set(NOBODY.identifiers)
        self._decided: dict[str, ConsentEvent] = {}
        # Set by an action for its audit row: whom it was about, and how it ended.
        self.about: str | None = None
        self.shown: set[str] = set()  # people and intakes of a list; each gets an audit row of its own
        self.own_id: str | None = None  # of the customer who acts
        self.outcome = "answered"
        self.case: str | None = None  # opened by the action itself, so that nobody could name it before

    def run(
        self, query: Callable[Concatenate[Connection, Given], Answered], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Answered:
        """The result of a named query in this transaction; the caller never gets the connection."""
        return query(self._connection, *args, **kwargs)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A savepoint: an exception inside rolls back only the changes inside."""
        with self._connection.begin_nested():
            yield

    def came_apart(self, profile_ids: Collection[str]) -> bool:
        """Whether records ever went from one of these ids to another without the rest."""
        return came_apart(self._connection, profile_ids)

    def profile(self, profile_id: str) -> StoredProfile | None:
        """The profile of this id or, for a merged-away id, the one that it became part of."""
        if "\x00" in profile_id:
            return None
        driver = driver_of(self._connection)
        with driver.pipeline():
            found = driver.execute(_PERSON, {"id": profile_id, **self._until})
        row = found.fetchone()
        if row is None:
            return None
        profile = StoredProfile(*row[:4])
        if self._snapshot:
            parts, consents, restricted, newest_event, oldest_event, determined = row[4:]
            known = _Known(parts or {}, restricted, newest_event, oldest_event, determined or [])
            self._known[profile.profile_id] = known
            self._asked |= {*profile.identifiers, *chain.from_iterable(self.parts(profile).values())}
            self._decided |= {event.consent_id: event for event in map(ledger.event_of, consents or [])}
        return profile

    @property
    def _until(self) -> dict[str, Any]:
        return {"now": self._now, "sent": SENT_BY_US}

    def owners(self, identifier: Identifier) -> list[str]:
        """The ids of the profiles that carry an identifier."""
        given = {"kind": identifier.kind, "value": identifier.value}
        return sorted(self._connection.scalars(_OWNERS, given))

    def parts(self, profile: StoredProfile) -> dict[str, RecordIdentifiers]:
        """The identifiers of each of the person's records, as decisions see them: the record itself is one of them.

        Records that this store does not have count as one.
        """
        ids = profile.document.get("records") or []
        if (known := self._known.get(profile.profile_id)) is not None:
            identifiers_of = known.parts
        else:
            query = select(records.c.record_id, records.c.document["identifiers"]).where(records.c.record_id.in_(ids))
            identifiers_of = {row[0]: row[1] for row in self._connection.execute(query)}
        record_identifiers = {
            id_: frozenset(Identifier(one["kind"], one["value"]) for one in carried or [])
            for id_, carried in identifiers_of.items()
        }
        return parts_of(profile.profile_id, ids, profile.identifiers, record_identifiers)

    def consents(self, of: Collection[Identifier]) -> list[ConsentEvent]:
        """All consent events of these identifiers, whatever their purpose."""
        if self._snapshot and self._asked.issuperset(of):
            return [event for event in self._decided.values() if event.identifier in of]
        return ledger.read(self._connection, of)

    def restricted(self, profile: StoredProfile) -> bool:
        """Whether any of the person's records is restricted."""
        if (known := self._known.get(profile.profile_id)) is not None:
            return known.restricted
        return bool(restricted_among(self._connection, profile.document.get("records") or []))

    def circumstances(self, profile: StoredProfile) -> Circumstances:
        """The person's age as their records state it, what was determined about them, whether they are restricted."""
        if (known := self._known.get(profile.profile_id)) is not None:
            return circumstances_of(profile.document, map(determination_of, known.determined), known.restricted)
        named = {profile.profile_id: profile.document.get("records") or []}
        determined = in_force(self._connection, named).get(profile.profile_id, ())
        return circumstances_of(profile.document, determined, self.restricted(profile))

    def newest_event(self, profile: StoredProfile) -> datetime | None:
        """The person's last act on their timeline."""
        if (known := self._known.get(profile.profile_id)) is not None:
            return known.newest_event
        row = driver_of(self._connection).execute(_NEWEST, {"id": profile.profile_id, **self._until}).fetchone()
        return row[0] if row else None

    def older(self, profile: StoredProfile, oldest: Mapping[str, datetime]) -> frozenset[str]:
        """The categories of which the person has an event up to the instant of the category."""
        known = self._known.get(profile.profile_id)
        if known is not None and oldest and (known.oldest_event is None or known.oldest_event > max(oldest.values())):
            return frozenset()
        return older_events(self._connection, [profile.profile_id], oldest).get(profile.profile_id, frozenset())

    def is_case_of(self, reference: str | None, profile_id: str) -> bool:
        """Whether a reference is valid for this person: a privacy request must be theirs, another system's case is not
        checked."""
        if reference is None or not reference.startswith(("r_", "i_")):
            return reference is not None
        if reference.startswith("i_"):  # nobody's yet, or matched to a request
            of_intake = select(intakes.c.request_id, intakes.c.state).where(intakes.c.intake_id == reference)
            taken = self._connection.execute(of_intake).first()
            if taken is None or taken.state != "matched":
                return taken is not None and taken.state == "open"
            reference = str(taken.request_id)
        whose = select(privacy_requests.c.profile_id).where(privacy_requests.c.request_id == reference)
        of = self._connection.scalar(whose)
        merged = select(redirects.c.profile_id).where(redirects.c.old_id == of)
        return of is not None and profile_id in (of, self._connection.scalar(merged))

    def events(
        self, profile_id: str, after: Mapping[str, datetime | None], limit: int, start: tuple[datetime, int] | None
    ) -> list[StoredEvent]:
        """The newest events of these type categories within their retention; others are not even counted.

        `start` is an instant, and the number of events at that instant to skip.
        """
        columns = timeline.c
        category = columns.document["categories"]["type"].astext
        kept = [
            and_(
                category.in_(one for one, since in after.items() if since == instant),
                *([columns.occurred_at > instant] if instant else []),
            )
            for instant in set(after.values())
        ]
        query = (
            select(columns.event_id, columns.occurred_at, columns.document)
            .where(columns.profile_id == profile_id)
            .where(or_(false(), *kept))
            .order_by(columns.occurred_at.desc(), columns.event_id)
            .limit(limit)
        )
        if start:
            moment, given = start
            query = query.where(columns.occurred_at <= moment).offset(given)
        return [StoredEvent(*row) for row in self._connection.execute(query)]

    def record(self, decision: dict[str, Any], **row: Any) -> None:
        """Writes the audit row of this answer; of a snapshot with the commit."""
        audit_row = {**row, "decision": Jsonb(decision)}
        if self._snapshot:
            self._unwritten.append(audit_row)
        else:
            driver_of(self._connection).execute(_RECORD, audit_row)

    def commit(self) -> None:
        """Writes the audit rows of a snapshot, and commits it."""
        driver = driver_of(self._connection)
        with driver.pipeline():
            for row in self._unwritten:
                driver.execute(_RECORD, row)
            driver.commit()


class Store:
    """The operational store behind an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reading(self, now: datetime) -> AbstractContextManager[Reading]:
        """One snapshot, committed at the end: no answer is given without a committed audit row."""
        return self._transaction("REPEATABLE READ", True, now)

    def acting(self, now: datetime) -> AbstractContextManager[Reading]:
        """A transaction that sees concurrent commits, since appending to a chain must see its end."""
        return self._transaction("READ COMMITTED", False, now)

    @contextmanager
    def _transaction(self, isolation: IsolationLevel, snapshot: bool, now: datetime) -> Iterator[Reading]:
        connected = self._engine.connect().execution_options(isolation_level=isolation)
        with connected as connection, connection.begin():
            reading = Reading(connection, snapshot, now)
            yield reading
            if snapshot:
                reading.commit()

    def ping(self) -> None:
        """Raises SQLAlchemyError unless the tables are there and can be read."""
        with self._engine.connect() as connection:
            connection.execute(select(profiles.c.profile_id).limit(1))
