"""Merge and unmerge on profiles as sets of records: what was undone is as it was, whatever else was decided."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from identity.stewarding.decisions import DecisionBarred, Plan, merge, part, undo, unmerge
from identity.stewarding.reassignment import ClusterContext, clusters, heirs, is_settled, moves, pair

RECORDS = [f"r{number}" for number in range(8)]
PAIRS = [pair(one, other) for at, one in enumerate(RECORDS) for other in RECORDS[:at]]
weights = st.dictionaries(st.sampled_from(PAIRS), st.floats(-15, 15).map(lambda bits: round(bits, 2)), max_size=20)
decided = st.sets(st.sampled_from(PAIRS), max_size=3)


def standing(known: dict[Any, float], same: set[Any], different: set[Any]) -> ClusterContext:
    """A cluster context whose profiles are those that it speaks for."""
    loose = ClusterContext(dict.fromkeys(RECORDS, "p"), known, frozenset(same - different), frozenset(different))
    found = clusters(ClusterContext({one: f"p_{one}" for one in RECORDS}, known, loose.same, loose.different))
    owners = {record: f"p_{min(part)}" for part in found for record in part}
    return ClusterContext(owners, known, loose.same, loose.different)


class Desk:
    """Decisions one after the other, each of which can be undone."""

    def __init__(self, context: ClusterContext) -> None:
        self.now, self.undoable = context, []

    def decide(self, plan: Plan) -> None:
        before = self.now
        same = (before.same - plan.revoked - plan.different) | plan.same
        different = (before.different - plan.revoked - plan.same) | plan.different
        owners = {**before.profile_of, **plan.owners}
        self.undoable.append((before.same, before.different, moves(before.profile_of, owners)))
        self.now = ClusterContext(owners, before.weights, frozenset(same), frozenset(different))

    def undo(self) -> None:
        same, different, moved = self.undoable.pop()
        self.decide(undo(self.now, same, different, moved))
        self.undoable.pop()

    def try_(self, step: str, one: str, other: str) -> None:
        owner = self.now.profile_of[one]
        with suppress(DecisionBarred):
            if step == "merge":
                self.decide(merge(self.now, one, other))
            elif step == "unmerge":
                self.decide(unmerge(self.now, owner, {one}, {}))
            elif step == "part":
                self.decide(part(self.now, one, other))
            elif self.undoable:
                self.undo()


def state(context: ClusterContext) -> Any:
    return dict(context.profile_of), context.same, context.different


@given(weights, decided, decided, st.sampled_from(PAIRS))
@settings(max_examples=150, deadline=None)
def test_a_merge_that_is_undone_or_taken_apart_leaves_every_record_where_it_was(known, same, different, of) -> None:
    desk = Desk(standing(known, same, different))
    before, (one, other) = desk.now, of
    ours, theirs = before.profile_of[one], before.profile_of[other]
    union = before.members(ours, theirs)
    desk.try_("merge", one, other)
    if not desk.undoable:
        return
    merged = desk.now
    assert len({merged.profile_of[record] for record in union}) == 1
    others = set(RECORDS) - union
    assert {record: merged.profile_of[record] for record in others} == {r: before.profile_of[r] for r in others}
    if ours != theirs:
        gone = next(iter({ours, theirs} - set(merged.profile_of.values())))
        leaving = before.members(gone)
        desk.decide(unmerge(merged, merged.profile_of[one], leaving, dict.fromkeys(leaving, gone)))
        assert desk.now.profile_of == before.profile_of
        assert all(pair(a, b) in desk.now.different for a in leaving for b in union - leaving)
        assert is_settled(desk.now), "the next batch, with the same evidence and decisions, changes nothing"
        desk.undo()
        assert state(desk.now) == state(merged)
    desk.undo()
    assert state(desk.now) == state(before)


@given(weights, decided, st.sampled_from(RECORDS))
@settings(max_examples=150, deadline=None)
def test_a_record_that_is_taken_out_leaves_the_rest_as_it_was_and_comes_back_whole(known, same, record) -> None:
    desk = Desk(standing(known, same, set()))
    before = desk.now
    desk.try_("unmerge", record, record)
    if not desk.undoable:
        assert before.members(before.profile_of[record]) == {record}
        return
    assert desk.now.members(desk.now.profile_of[record]) == {record}
    assert {**desk.now.profile_of, record: ""} == {**before.profile_of, record: ""}
    assert is_settled(desk.now)
    desk.undo()
    assert state(desk.now) == state(before)


STEP = st.tuples(st.sampled_from(["merge", "unmerge", "part", "undo"]), st.sampled_from(PAIRS))


@given(weights, st.lists(STEP, max_size=8))
@settings(max_examples=150, deadline=None)
def test_whatever_is_decided_the_evidence_agrees_and_undoing_it_all_leads_back(known, steps) -> None:
    desk = Desk(standing(known, set(), set()))
    before = desk.now
    for step, (one, other) in steps:
        desk.try_(step, one, other)
        now = desk.now
        assert is_settled(now)
        assert all(now.profile_of[a] == now.profile_of[b] for a, b in now.same)
        assert all(now.profile_of[a] != now.profile_of[b] for a, b in now.different)
    while desk.undoable:
        desk.undo()
    assert state(desk.now) == state(before)


def test_a_record_that_no_batch_has_compared_stays_with_its_profile() -> None:
    owners = {"a": "p", "b": "p", "c": "p"}
    now = ClusterContext(owners, {("a", "b"): 9.0}, different=frozenset([("a", "b")]))
    assert clusters(now) == [frozenset("a"), frozenset("bc")] or clusters(now) == [frozenset("ac"), frozenset("b")]
    assert is_settled(ClusterContext(owners, {("a", "b"): 9.0}))


def test_moves_and_heirs_tell_what_became_of_profiles() -> None:
    before = {"a": "p", "b": "p", "c": "q", "d": "s", "e": "s"}
    after = {"a": "p", "b": "n", "c": "p", "d": "p", "e": "s"}
    assert [(one.kind, one.profile_id, one.other_id, one.records) for one in moves(before, after)] == [
        ("split", "n", "p", ("b",)),
        ("merged", "p", "q", ("c",)),
        ("moved", "p", "s", ("d",)),
    ]
    assert heirs(before, after) == {"q": "p"}
