"""Training tables that were handed out, and the rows that are to be deleted from them since.

Holders of a table are notified by `extract.recalled`, with the references in it; the officer can read the same. A row
is recalled when its person is erased, and when the table's purpose is not permitted any more: by a withdrawal, an
objection, a restriction or an expiry.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from consent.eligibility import EligibilityQuestion, refusals
from consent.loading import published_policies
from consent.model import Actor, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from read_model.outbox.emitting import emit_all
from read_model.outbox.kinds import EXTRACT_RECALLED
from stores.schema import extract_members, extract_recalls, extracts

ACTOR = Actor("consent.extract", Role.STEWARD)
AT_ONCE = 1_000
"""References in one notice."""

_MEMBERS = (
    "SELECT m.extract_id, m.person, coalesce(r.profile_id, m.profile_id) AS profile_id, e.purpose,"
    " e.manifest->'categories' AS categories FROM extract_members AS m JOIN extracts AS e USING (extract_id)"
    " LEFT JOIN redirects AS r ON r.old_id = m.profile_id"
    " LEFT JOIN extract_recalls AS gone ON gone.extract_id = m.extract_id AND gone.person = m.person"
    " WHERE e.ended_at IS NULL AND gone.person IS NULL"
)
_ALL = text(_MEMBERS)
_THEIRS = text(
    f"{_MEMBERS} AND m.profile_id IN"
    " (SELECT unnest(CAST(:ids AS text[])) UNION SELECT old_id FROM redirects WHERE profile_id = ANY(:ids))"
)


def hand_out(
    connection: Connection, manifest: Mapping[str, Any], file: str, people: Mapping[str, str], now: datetime
) -> str:
    """Records a table and its people, reference -> profile id; returns the table's id."""
    extract_id = f"x_{uuid4().hex}"
    values = {"purpose": manifest["purpose"], "rows": manifest["rows"], "manifest": dict(manifest), "file": file}
    connection.execute(insert(extracts).values(extract_id=extract_id, extracted_at=now, **values))
    members = [{"extract_id": extract_id, "person": one, "profile_id": whose} for one, whose in people.items()]
    if members:
        connection.execute(insert(extract_members), members)
    return extract_id


def recall_of(connection: Connection, profile_ids: Collection[str], reason: str, now: datetime) -> int:
    """Recalls every row of these people, and deletes whose they were; returns how many."""
    rows = connection.execute(_THEIRS, {"ids": sorted(profile_ids)}).mappings().all()
    connection.execute(delete(extract_members).where(extract_members.c.profile_id.in_(profile_ids)))
    return _recall(connection, [(row["extract_id"], row["purpose"], row["person"], reason) for row in rows], now)


def recall_refused(connection: Connection, now: datetime, profile_ids: Collection[str] | None = None) -> int:
    """Recalls the rows of people, of these or of all, for whom the table's purpose is not permitted now; how many."""
    query = _ALL if profile_ids is None else _THEIRS.bindparams(ids=sorted(profile_ids))
    by_question: dict[tuple[str, frozenset[Category]], list[Any]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        by_question[row["purpose"], frozenset(map(Category, row["categories"].values()))].append(row)
    found = []
    for (purpose, categories), rows in by_question.items():
        question = EligibilityQuestion(ACTOR, published_purposes()[purpose], categories, (now,))
        why = refusals(connection, published_policies(), question, {(row["profile_id"], now) for row in rows})
        found += [
            (row["extract_id"], purpose, row["person"], reason)
            for row in rows
            if (reason := why[row["profile_id"], now]) is not None
        ]
    return _recall(connection, found, now)


def _recall(connection: Connection, rows: Collection[tuple[str, str, str, str]], now: datetime) -> int:
    if not rows:
        return 0
    noted = [{"extract_id": table, "person": person, "reason": why, "at": now} for table, _, person, why in rows]
    connection.execute(upsert(extract_recalls).on_conflict_do_nothing(), noted)
    persons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for table, purpose, person, _ in rows:
        persons[table, purpose].append(person)
    for (table, purpose), some in sorted(persons.items()):
        emit_all(connection, EXTRACT_RECALLED, _notices(table, purpose, sorted(some)), now)
    return len(rows)


def _notices(table: str, purpose: str, persons: list[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    for start in range(0, len(persons), AT_ONCE):
        yield table, {"extract_id": table, "purpose": purpose, "persons": persons[start : start + AT_ONCE]}


def handed_out(connection: Connection) -> list[dict[str, Any]]:
    """Every table that was handed out, the newest first, with the references of the rows to delete from it."""
    recalled: dict[str, list[str]] = defaultdict(list)
    of = extract_recalls.c
    for row in connection.execute(select(of.extract_id, of.person).order_by(of.extract_id, of.person)):
        recalled[row.extract_id].append(row.person)
    query = select(extracts).order_by(extracts.c.extracted_at.desc(), extracts.c.extract_id)
    return [{**row, "recalled": recalled[row["extract_id"]]} for row in connection.execute(query).mappings()]


def tables_with(connection: Connection, profile_ids: Collection[str]) -> list[dict[str, Any]]:
    """The tables that hold rows of one of these ids: when and for what they were made, and whether it is recalled."""
    of, gone = extract_members.c, extract_recalls.c
    recalled = select(gone.person).where(gone.extract_id == of.extract_id, gone.person == of.person).exists()
    query = select(extracts.c.purpose, extracts.c.extracted_at, recalled.label("recalled")).join(extract_members)
    rows = connection.execute(query.where(of.profile_id.in_(profile_ids)).order_by(extracts.c.extracted_at)).mappings()
    return [dict(row) for row in rows]


def end(connection: Connection, extract_id: str, now: datetime) -> bool:
    """Records that a table was destroyed, so that it gets no more recalls; returns whether there was one."""
    standing = update(extracts).where(extracts.c.extract_id == extract_id, extracts.c.ended_at.is_(None))
    if not connection.execute(standing.values(ended_at=now)).rowcount:
        return False
    connection.execute(delete(extract_members).where(extract_members.c.extract_id == extract_id))
    return True
