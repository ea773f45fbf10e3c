"""What stewards decide about who is who: through the gate, in one transaction with all that follows from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Text, cast, select

from consent.model import Actor, Role
from profile_api.errors import Problem
from profile_api.gate import Ask, Gate
from profile_api.identity.decisions import NotPossible, Plan, merge, part, undo, unmerge
from profile_api.identity.effect import reassign
from profile_api.identity.following import FeatureKeeper
from profile_api.identity.history import brought_in, former_ids, moves_of
from profile_api.identity.overrides import Word, in_force, rows_of, without, write
from profile_api.identity.partition import Situation, pair
from profile_api.identity.people import PURPOSES, Known, People, record_not_found
from profile_api.identity.rebuild import hold_identities
from profile_api.identity.situation import situation_of
from profile_api.identity.views import Change, Decided, OverrideForm, ReasonForm, ReviewForm, UnmergeForm
from stores.schema import overrides, records, reviews


class Stewardship:
    """Takes decisions; `features` is None where no online store serves."""

    def __init__(self, gate: Gate, features: FeatureKeeper | None) -> None:
        self._gate, self._features = gate, features

    def override(self, actor: Actor, purpose: str | None, form: OverrideForm) -> Decided:
        """Two records are one person's, or two people's."""
        parting = form.kind == "different"
        with self._deciding(actor, purpose, "identity-override", repair=parting) as (connection, people):
            left, right = people.record(form.left), people.record(form.right)
            return self._about_pair(connection, actor, left, right, form.kind, form.reason)

    def review(self, actor: Actor, purpose: str | None, form: ReviewForm) -> Decided:
        """The word about a pair that waits for one."""
        parting = form.decision == "different"
        with self._deciding(actor, purpose, "identity-review", repair=parting) as (connection, people):
            left, right = people.record(form.left), people.record(form.right)
            one, other = pair(left.record_id, right.record_id)
            waiting = select(reviews.c.number).where(reviews.c.left_id == one, reviews.c.right_id == other)
            if connection.scalar(waiting) is None:
                detail = (
                    "Expected a pair that waits for a review, found none; POST /v1/identity/overrides takes any pair."
                )
                raise Problem(404, "review-not-found", detail)
            return self._about_pair(connection, actor, left, right, form.decision, form.reason)

    def unmerge(self, actor: Actor, purpose: str | None, form: UnmergeForm) -> Decided:
        """Records, or what a merge brought in, leave a profile; their pairs with the rest never match by themselves."""
        with self._deciding(actor, purpose, "identity-unmerge", repair=True) as (connection, people):
            profile_id = people.profile(form.profile_id)
            situation = situation_of(connection, {profile_id})
            if form.history_id:
                leaving, former = brought_in(connection, form.history_id, situation, profile_id)
            else:
                named = [people.record(one) for one in form.records]
                if any(one.profile_id != profile_id for one in named):
                    raise record_not_found()
                leaving = {one.record_id for one in named}
                former = former_ids(connection, profile_id, leaving)
            plan = _possible(connection, lambda: unmerge(situation, profile_id, leaving, former))
            return self._carry_out(connection, self._word(actor, form.reason), situation, plan)

    def undo(self, actor: Actor, purpose: str | None, decision_id: str, form: ReasonForm) -> Decided:
        """Takes a decision back, with all that it joined and barred; what it took back itself is in force again."""
        with self._deciding(actor, purpose, "identity-undo", repair=True) as (connection, people):
            rows = rows_of(connection, decision_id)
            known = people.records({row[side] for row in rows for side in ("left_id", "right_id")})
            standing = [row for row in rows if row["decision_id"] != decision_id or row["revoked_at"] is None]
            if not standing or not known:
                detail = "Expected a decision that is in force, found none of this id; see GET /v1/identity/overrides."
                raise Problem(404, "decision-not-found", detail)
            moved = moves_of(connection, decision_id)
            profiles = {one.profile_id for one in known.values()}
            carried = people.records({record for move in moved for record in move.records})
            situation = situation_of(connection, profiles | {one.profile_id for one in carried.values()})
            same, different = without(connection, decision_id, situation)
            plan = _possible(connection, lambda: undo(situation, same, different, moved))
            return self._carry_out(connection, self._word(actor, form.reason), situation, plan, decision_id)

    def revoke(self, actor: Actor, purpose: str | None, override_id: str, form: ReasonForm) -> Decided:
        """Takes one pair's word back; the evidence says where its records belong then."""
        with self._deciding(actor, purpose, "identity-revoke", repair=True) as (connection, people):
            of = overrides.c
            standing = select(overrides).where(cast(of.override_id, Text) == override_id, of.revoked_at.is_(None))
            row = connection.execute(standing).first()
            known = people.records({row.left_id, row.right_id}) if row else {}
            if row is None or len(known) < 2:
                detail = "Expected an override that is in force, found none of this id; see GET /v1/identity/overrides."
                raise Problem(404, "override-not-found", detail)
            situation = situation_of(connection, {one.profile_id for one in known.values()})
            one = {(row.left_id, row.right_id)}
            plan = undo(situation, situation.same - one, situation.different - one, [])
            return self._carry_out(connection, self._word(actor, form.reason), situation, plan)

    @contextmanager
    def _deciding(
        self, actor: Actor, purpose: str | None, action: str, repair: bool
    ) -> Iterator[tuple[Connection, People]]:
        ask = Ask(actor, purpose, action, PURPOSES, repair=repair)
        with self._gate.acting(ask) as reading:
            if actor.role is not Role.STEWARD:
                raise Problem(403, "role-not-permitted", "Expected a steward, found another role.")
            hold_identities(reading.connection, alone=True)
            yield reading.connection, People(self._gate, reading, ask)

    def _word(self, actor: Actor, reason: str) -> Word:
        return Word.given(actor.subject, reason, self._gate.clock())

    def _about_pair(
        self, connection: Connection, actor: Actor, left: Known, right: Known, kind: str, reason: str
    ) -> Decided:
        if left.record_id == right.record_id:
            raise Problem(422, "one-record", "Expected two records, found one twice.")
        situation = situation_of(connection, {left.profile_id, right.profile_id})
        decide = merge if kind == "same" else part
        plan = _possible(connection, lambda: decide(situation, left.record_id, right.record_id))
        return self._carry_out(connection, self._word(actor, reason), situation, plan)

    def _carry_out(
        self, connection: Connection, word: Word, situation: Situation, plan: Plan, undoing: str | None = None
    ) -> Decided:
        write(connection, word, plan, undoing)
        done = reassign(
            connection,
            situation.profile_of,
            {**situation.profile_of, **plan.owners},
            word.at,
            actor=word.actor,
            reason=word.reason,
            evidence={"decision_id": word.decision_id},
            features=self._features,
        )
        went = sorted({record for move in done for record in move.records})
        query = select(records.c.record_id, records.c.number).where(records.c.record_id.in_(went))
        names = {record: f"rec_{number}" for record, number in connection.execute(query).tuples()}
        return Decided(
            decision_id=word.decision_id,
            changes=[
                Change(
                    kind=move.kind,
                    profile_id=move.profile_id,
                    other_id=move.other_id,
                    records=[names[record] for record in move.records],
                )
                for move in done
            ],
            joined=len(plan.same),
            barred=len(plan.different),
        )


def _possible(connection: Connection, planned: Callable[[], Plan]) -> Plan:
    try:
        return planned()
    except NotPossible as error:
        standing = in_force(connection, error.pairs).values()
        named = sorted({f"{row['decision_id']} ({row['kind']}, {row['decided_at']:%Y-%m-%d})" for row in standing})
        against = f" What stands against it: {', '.join(named)}." if named else ""
        raise Problem(409, "decision-not-possible", f"{error}{against}") from error
