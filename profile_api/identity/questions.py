"""What stewards and privacy officers ask about who is who: each person behind the gate, each answer recorded."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, exists, literal, select

from consent.model import Actor, Decision
from profile_api.errors import Problem
from profile_api.gate import Ask, Gate, Reading, by_id
from profile_api.identity.compare import comparison, strongest_pair
from profile_api.identity.explain import evidence_of, explained
from profile_api.identity.model_in_force import model_in_force
from profile_api.identity.people import PURPOSES, Known, People, record_not_found
from profile_api.identity.views import (
    CompareForm,
    Comparison,
    IdentityData,
    OverrideList,
    OverrideView,
    ReviewList,
    ReviewView,
)
from profile_api.masking import Mask
from profile_api.stored import StoredProfile
from profile_api.views import Answer
from stores.schema import overrides, records, reviews


class Questions:
    """Answers about identities."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def identity(self, actor: Actor, purpose: str | None, profile_id: str) -> Answer[IdentityData]:
        """A profile's records and why they are one person's."""

        def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> IdentityData:
            columns = (records.c.record_id, records.c.profile_id, records.c.number, records.c.document)
            query = select(*columns).where(records.c.profile_id == profile.profile_id).order_by(records.c.number)
            known = [Known(*row, mask, may) for row in reading.connection.execute(query).tuples()]
            return explained(reading.connection, known, may.allowed)

        return self._gate.answer(Ask(actor, purpose, "identity", PURPOSES, repair=True), by_id(profile_id), show)

    def compare(self, actor: Actor, purpose: str | None, form: CompareForm) -> Comparison:
        """Two records, or the two of two profiles that speak most for one person."""
        with self._asking(actor, purpose, "identity-compare") as (connection, people):
            sides = [people.named(one) for one in (form.left, form.right)]
            if not all(sides):
                raise record_not_found()
            left, right = strongest_pair(connection, *sides) if max(map(len, sides)) > 1 else (sides[0][0], sides[1][0])
            if left.record_id == right.record_id:
                raise Problem(422, "one-record", "Expected two records, found one twice.")
            return comparison(connection, people, left, right)

    def reviews(self, actor: Actor, purpose: str | None, cursor: str | None, limit: int) -> ReviewList:
        """Pairs that wait for a decision; those of people who may not be known are left out."""
        with self._asking(actor, purpose, "identity-reviews") as (connection, people):
            left, right = records.alias("l"), records.alias("r")
            of = reviews.c
            decided = exists().where(
                overrides.c.left_id == of.left_id,
                overrides.c.right_id == of.right_id,
                overrides.c.revoked_at.is_(None),
            )
            query = (
                select(reviews, literal("probabilistic").label("tier"), literal("person_model").label("rule"))
                .join(left, left.c.record_id == of.left_id)
                .join(right, right.c.record_id == of.right_id)
                .where(of.number > _after(cursor), left.c.profile_id != right.c.profile_id, ~decided)
                .order_by(of.number)
                .limit(limit + 1)
            )
            rows = connection.execute(query).all()
            known = people.records({record for row in rows[:limit] for record in (row.left_id, row.right_id)})
            model = model_in_force(connection).person
            shown = [
                ReviewView(
                    left=one.view(),
                    right=other.view(),
                    reason=row.reason,
                    evidence=evidence_of(row, one, other, model, one.allowed & other.allowed),
                )
                for row in rows[:limit]
                if (one := known.get(row.left_id)) and (other := known.get(row.right_id))
            ]
            return ReviewList(reviews=shown, next_cursor=str(rows[limit - 1].number) if len(rows) > limit else None)

    def overrides(self, actor: Actor, purpose: str | None, cursor: str | None, limit: int) -> OverrideList:
        """Decisions in force, oldest first; those about people who may not be known are left out."""
        with self._asking(actor, purpose, "identity-overrides", repair=True) as (connection, people):
            of = overrides.c
            query = select(overrides).where(of.revoked_at.is_(None), of.override_id > _after(cursor))
            rows = connection.execute(query.order_by(of.override_id).limit(limit + 1)).all()
            known = people.records({record for row in rows[:limit] for record in (row.left_id, row.right_id)})
            shown = [
                OverrideView(
                    override_id=row.override_id,
                    left=one.view(),
                    right=other.view(),
                    kind=row.kind,
                    decided_by=row.decided_by,
                    decided_at=row.decided_at,
                    reason=row.reason,
                    decision_id=row.decision_id,
                )
                for row in rows[:limit]
                if (one := known.get(row.left_id)) and (other := known.get(row.right_id))
            ]
            more = len(rows) > limit
            return OverrideList(overrides=shown, next_cursor=str(rows[limit - 1].override_id) if more else None)

    @contextmanager
    def _asking(
        self, actor: Actor, purpose: str | None, action: str, repair: bool = False
    ) -> Iterator[tuple[Connection, People]]:
        ask = Ask(actor, purpose, action, PURPOSES, repair=repair)
        with self._gate.acting(ask) as reading:
            yield reading.connection, People(self._gate, reading, ask)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Problem(400, "invalid-cursor", "Expected a cursor from `next_cursor`, found something else.")
    return int(cursor)
