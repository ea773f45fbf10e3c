"""What stewards decide about who is who: through the gate, in one transaction with all that follows from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from consent.model import Actor, Role
from identity.stewarding.decisions import DecisionBarred, Plan, merge, part, undo, unmerge
from identity.stewarding.reassignment import ClusterContext, pair
from profile_api.access.gate import AccessRequest, Gate, Reading
from profile_api.responses.errors import Problem
from profile_api.stewardship.people import PURPOSES, KnownRecord, PeopleConcerned, record_not_found
from profile_api.stewardship.queries.cluster_context import cluster_context_of
from profile_api.stewardship.queries.effect import reassign
from profile_api.stewardship.queries.history import brought_in, former_ids, moves_of
from profile_api.stewardship.queries.overrides import Word, in_force, override_in_force, rows_of, without, write
from profile_api.stewardship.queries.records import names_of
from profile_api.stewardship.queries.reviews import waits
from profile_api.stewardship.views import Change, Decided, OverrideForm, PairReviewForm, ReasonForm, UnmergeForm
from read_model.rebuild import hold_identities
from read_model.side_effects import FeatureKeeper


class Stewardship:
    """Takes decisions; `features` is None where no online store serves."""

    def __init__(self, gate: Gate, features: FeatureKeeper | None) -> None:
        self._gate, self._features = gate, features

    def override(self, actor: Actor, purpose: str | None, form: OverrideForm) -> Decided:
        """Two records are one person's, or two people's."""
        parting = form.kind == "different"
        with self._deciding(actor, purpose, "identity-override", repair=parting) as (reading, people):
            left, right = people.record(form.left), people.record(form.right)
            return self._about_pair(reading, actor, left, right, form.kind, form.reason)

    def review(self, actor: Actor, purpose: str | None, form: PairReviewForm) -> Decided:
        """The word about a pair that waits for one."""
        parting = form.decision == "different"
        with self._deciding(actor, purpose, "identity-review", repair=parting) as (reading, people):
            left, right = people.record(form.left), people.record(form.right)
            if not reading.run(waits, pair(left.record_id, right.record_id)):
                detail = (
                    "Expected a pair that waits for a review, found none; POST /v1/identity/overrides takes any pair."
                )
                raise Problem(404, "review-not-found", detail)
            return self._about_pair(reading, actor, left, right, form.decision, form.reason)

    def unmerge(self, actor: Actor, purpose: str | None, form: UnmergeForm) -> Decided:
        """Records, or what a merge brought in, leave a profile; their pairs with the rest never match by themselves."""
        with self._deciding(actor, purpose, "identity-unmerge", repair=True) as (reading, people):
            profile_id = people.profile(form.profile_id)
            context = reading.run(cluster_context_of, {profile_id})
            if form.history_id:
                leaving, former = reading.run(brought_in, form.history_id, context, profile_id)
            else:
                named = [people.record(one) for one in form.records]
                if any(one.profile_id != profile_id for one in named):
                    raise record_not_found()
                leaving = {one.record_id for one in named}
                former = reading.run(former_ids, profile_id, leaving)
            plan = _possible(reading, lambda: unmerge(context, profile_id, leaving, former))
            return self._carry_out(reading, self._word(actor, form.reason), context, plan)

    def undo(self, actor: Actor, purpose: str | None, decision_id: str, form: ReasonForm) -> Decided:
        """Takes a decision back, with all that it joined and barred; what it took back itself is in force again."""
        with self._deciding(actor, purpose, "identity-undo", repair=True) as (reading, people):
            rows = reading.run(rows_of, decision_id)
            known = people.records({row[side] for row in rows for side in ("left_id", "right_id")})
            stands = [row for row in rows if row["decision_id"] != decision_id or row["revoked_at"] is None]
            if not stands or not known:
                detail = "Expected a decision that is in force, found none of this id; see GET /v1/identity/overrides."
                raise Problem(404, "decision-not-found", detail)
            moved = reading.run(moves_of, decision_id)
            profiles = {one.profile_id for one in known.values()}
            carried = people.records({record for move in moved for record in move.records})
            context = reading.run(cluster_context_of, profiles | {one.profile_id for one in carried.values()})
            same, different = reading.run(without, decision_id, context)
            plan = _possible(reading, lambda: undo(context, same, different, moved))
            return self._carry_out(reading, self._word(actor, form.reason), context, plan, decision_id)

    def revoke(self, actor: Actor, purpose: str | None, override_id: str, form: ReasonForm) -> Decided:
        """Takes one pair's word back; the evidence says where its records belong then."""
        with self._deciding(actor, purpose, "identity-revoke", repair=True) as (reading, people):
            row = reading.run(override_in_force, override_id)
            known = people.records({row.left_id, row.right_id}) if row else {}
            if row is None or len(known) < 2:
                detail = "Expected an override that is in force, found none of this id; see GET /v1/identity/overrides."
                raise Problem(404, "override-not-found", detail)
            context = reading.run(cluster_context_of, {one.profile_id for one in known.values()})
            one = {(row.left_id, row.right_id)}
            plan = undo(context, context.same - one, context.different - one, [])
            return self._carry_out(reading, self._word(actor, form.reason), context, plan)

    @contextmanager
    def _deciding(
        self, actor: Actor, purpose: str | None, action: str, repair: bool
    ) -> Iterator[tuple[Reading, PeopleConcerned]]:
        ask = AccessRequest(actor, purpose, action, PURPOSES, repair=repair)
        with self._gate.acting(ask) as reading:
            if actor.role is not Role.STEWARD:
                raise Problem(403, "role-not-permitted", "Expected a steward, found another role.")
            reading.run(hold_identities, alone=True)
            yield reading, PeopleConcerned(self._gate, reading, ask)

    def _word(self, actor: Actor, reason: str) -> Word:
        return Word.given(actor.subject, reason, self._gate.clock())

    def _about_pair(
        self, reading: Reading, actor: Actor, left: KnownRecord, right: KnownRecord, kind: str, reason: str
    ) -> Decided:
        if left.record_id == right.record_id:
            raise Problem(422, "one-record", "Expected two records, found one twice.")
        context = reading.run(cluster_context_of, {left.profile_id, right.profile_id})
        decide = merge if kind == "same" else part
        plan = _possible(reading, lambda: decide(context, left.record_id, right.record_id))
        return self._carry_out(reading, self._word(actor, reason), context, plan)

    def _carry_out(
        self, reading: Reading, word: Word, context: ClusterContext, plan: Plan, undoing: str | None = None
    ) -> Decided:
        reading.run(write, word, plan, undoing)
        done = reading.run(
            reassign,
            context.profile_of,
            {**context.profile_of, **plan.owners},
            word.at,
            actor=word.actor,
            reason=word.reason,
            evidence={"decision_id": word.decision_id},
            features=self._features,
        )
        names = reading.run(names_of, {record for move in done for record in move.records})
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


def _possible(reading: Reading, planned: Callable[[], Plan]) -> Plan:
    try:
        return planned()
    except DecisionBarred as error:
        against_it = reading.run(in_force, error.pairs).values()
        named = sorted({f"{row['decision_id']} ({row['kind']}, {row['decided_at']:%Y-%m-%d})" for row in against_it})
        against = f" What stands against it: {', '.join(named)}." if named else ""
        raise Problem(409, "decision-not-possible", f"{error}{against}") from error
