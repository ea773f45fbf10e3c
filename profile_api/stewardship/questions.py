"""What stewards and privacy officers ask about who is who: each person behind the gate, each answer recorded."""

from collections.abc import Iterator
from contextlib import contextmanager

from consent.model import Actor, Decision
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer
from profile_api.stewardship.compare import comparison, strongest_pair
from profile_api.stewardship.explain import evidence_of, explained
from profile_api.stewardship.people import PURPOSES, KnownRecord, PeopleConcerned, record_not_found
from profile_api.stewardship.queries.overrides import in_force_after
from profile_api.stewardship.queries.records import records_in
from profile_api.stewardship.queries.reviews import waiting_after
from profile_api.stewardship.views import (
    CompareForm,
    IdentityData,
    OverrideList,
    OverrideView,
    RecordComparison,
    ReviewList,
    ReviewView,
)
from read_model.model_in_force import model_in_force


class Questions:
    """Answers about identities."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def identity(self, actor: Actor, purpose: str | None, profile_id: str) -> Answer[IdentityData]:
        """A profile's records and why they are one person's."""

        def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> IdentityData:
            rows = reading.run(records_in, profile.profile_id)
            known = [KnownRecord(one.record_id, one.profile_id, one.number, one.document, mask, may) for one in rows]
            return explained(reading, known, may.allowed)

        return self._gate.answer(
            AccessRequest(actor, purpose, "identity", PURPOSES, repair=True), by_id(profile_id), show
        )

    def compare(self, actor: Actor, purpose: str | None, form: CompareForm) -> RecordComparison:
        """Two records, or the two of two profiles that speak most for one person."""
        with self._asking(actor, purpose, "identity-compare") as (reading, people):
            sides = [people.named(one) for one in (form.left, form.right)]
            if not all(sides):
                raise record_not_found()
            left, right = strongest_pair(reading, *sides) if max(map(len, sides)) > 1 else (sides[0][0], sides[1][0])
            if left.record_id == right.record_id:
                raise Problem(422, "one-record", "Expected two records, found one twice.")
            return comparison(reading, people, left, right)

    def reviews(self, actor: Actor, purpose: str | None, cursor: str | None, limit: int) -> ReviewList:
        """Pairs that wait for a decision; those of people who may not be known are left out."""
        with self._asking(actor, purpose, "identity-reviews") as (reading, people):
            rows = reading.run(waiting_after, _after(cursor), limit + 1)
            known = people.records({record for row in rows[:limit] for record in (row.left_id, row.right_id)})
            model = reading.run(model_in_force).person
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
        with self._asking(actor, purpose, "identity-overrides", repair=True) as (reading, people):
            rows = reading.run(in_force_after, _after(cursor), limit + 1)
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
    ) -> Iterator[tuple[Reading, PeopleConcerned]]:
        ask = AccessRequest(actor, purpose, action, PURPOSES, repair=repair)
        with self._gate.acting(ask) as reading:
            yield reading, PeopleConcerned(self._gate, reading, ask)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Problem(400, "invalid-cursor", "Expected a cursor from `next_cursor`, found something else.")
    return int(cursor)
