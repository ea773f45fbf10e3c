"""What a steward's decision changes: pure, from what is known to what is to be kept.

A decision changes the profiles that it names and no other: what was together stays together, what was apart stays
apart. Where the evidence would have it otherwise, pairs are joined or barred with the decision, and undone with it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from identity.clustering.cluster import LARGEST_CLUSTER
from identity.stewarding.reassignment import ClusterContext, Move, Pair, clusters, identified, is_settled, pair, reached

CONTRADICTED = "Expected no other decision that says otherwise, found one; undo it first."


class DecisionBarred(Exception):
    """A decision that others, about these `pairs`, or the limits of a profile do not allow; says what to do."""

    def __init__(self, detail: str, pairs: Collection[Pair] = ()) -> None:
        super().__init__(detail)
        self.pairs = frozenset(pairs)


@dataclass(frozen=True)
class Plan:
    """The pairs to be joined, to be barred and to be taken back, and the profile of each record then."""

    same: frozenset[Pair] = frozenset()
    different: frozenset[Pair] = frozenset()
    revoked: frozenset[Pair] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)


def merge(context: ClusterContext, left: str, right: str) -> Plan:
    """Both records, and with them their profiles, are one person's."""
    ours, theirs = context.profile_of[left], context.profile_of[right]
    union = context.members(ours, theirs)
    if between := {one for one in context.different if set(one) <= union}:
        raise DecisionBarred(CONTRADICTED, between)
    if len(union) > LARGEST_CLUSTER:
        raise DecisionBarred(f"Expected a profile of at most {LARGEST_CLUSTER} records, found that it would have more.")
    return _plan(context, {pair(left, right)}, set(), {pair(left, right)}, [union], {}, ours, theirs)


def unmerge(
    context: ClusterContext, profile_id: str, leaving: Collection[str], former: Mapping[str, str | None]
) -> Plan:
    """These records are another person's than the rest of the profile; `former` are the ids that they take up again."""
    rest = context.members(profile_id) - set(leaving)
    if not rest or not leaving:
        raise DecisionBarred(
            "Expected some of the records of a profile, found all of them or none; name those that leave."
        )
    bars = {pair(one, other) for one in leaving for other in rest}
    takes = {record: former.get(record) for record in leaving}
    return _plan(context, set(), bars, bars, [set(leaving), rest], takes, profile_id)


def part(context: ClusterContext, left: str, right: str) -> Plan:
    """Both records are two people's; in one profile, the evidence says who goes with whom."""
    bar, ours = pair(left, right), context.profile_of[left]
    if ours != context.profile_of[right]:
        return _plan(context, set(), {bar}, {bar}, [], {}, ours, context.profile_of[right])
    inside = context.among(context.members(ours))
    pieces = clusters(inside.decided(inside.same - {bar}, inside.different | {bar}))
    if torn := {one for one in inside.same if not any(set(one) <= piece for piece in pieces)}:
        raise DecisionBarred(CONTRADICTED, torn)
    return _plan(context, set(), {bar}, {bar}, pieces, {}, ours)


def undo(context: ClusterContext, same: Collection[Pair], different: Collection[Pair], moved: Collection[Move]) -> Plan:
    """Brings back where records were before these moves, or leaves it to the evidence where there were none.

    `same` and `different` are the decisions that are in force again.
    """
    former = {
        record: move.other_id
        for move in moved
        for record in move.records
        if context.profile_of.get(record) == move.profile_id
    }
    owners = {**context.profile_of, **former}
    touched = {context.profile_of[record] for record in former} | set(former.values())
    goal = [{record for record, owner in owners.items() if owner == profile} for profile in sorted(touched)]
    if not former and is_settled(context):
        goal = [set(piece) for piece in clusters(context.decided(same, different))]
    revoked = (context.same - set(same)) | (context.different - set(different))
    anew = set(same) - context.same, set(different) - context.different
    return _plan(context, *anew, revoked, [one for one in goal if one], former, *touched)


def _plan(
    context: ClusterContext,
    same: Collection[Pair],
    different: Collection[Pair],
    revoked: Collection[Pair],
    goal: Sequence[Collection[str]],
    former: Mapping[str, str | None],
    *touched: str,
) -> Plan:
    # 1. Where the profiles around are what the evidence says, they stay so; else nothing but the touched is looked at.
    seen = context if is_settled(context) else context.among(context.members(*touched))
    # 2. The decision, and what it takes for exactly the wanted profiles to come out.
    named = {record for one in goal for record in one}
    wanted = [*goal, *(kept for kept in (profile - named for profile in seen.profiles()) if kept)]
    new = context.decided({*context.same - {*revoked}, *same}, {*context.different - {*revoked}, *different})
    new = new.among(seen.profile_of)
    links, bars = reached(new, wanted, set(former))
    owners = identified(seen, wanted, former).assignments
    return Plan(frozenset({*same, *links}), frozenset({*different, *bars}), frozenset(revoked), owners)
