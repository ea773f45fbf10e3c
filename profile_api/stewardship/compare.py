"""Why two records are, or are not, held to be one person's: scored now, as the batch would."""

from collections.abc import Collection

from contracts.categories import Category
from identity.clustering.cluster import LARGEST_CLUSTER, MERGE_AT
from identity.matching.levels import Vector, vector
from identity.matching.model import PersonModel
from identity.matching.two_people import two_people
from identity.stewarding.reassignment import ClusterContext, Pair, clusters, pair
from identity.stewarding.scoring import ScoredPair, weights
from identity.survivorship import FIELDS
from profile_api.access.gate import Reading
from profile_api.stewardship.people import KnownRecord, PeopleConcerned
from profile_api.stewardship.queries.cluster_context import MOST_SCORED, cluster_context_of
from profile_api.stewardship.queries.overrides import in_force
from profile_api.stewardship.queries.scored import compared, scored
from profile_api.stewardship.views import ComparedField, RecordComparison
from profile_api.stewardship.wording import modelled
from read_model.model_in_force import model_in_force


def comparison(reading: Reading, people: PeopleConcerned, left: KnownRecord, right: KnownRecord) -> RecordComparison:
    """Two records side by side, the evidence of what may be shown of both, and what decides."""
    allowed = left.allowed & right.allowed
    context = reading.run(cluster_context_of, {left.profile_id, right.profile_id})
    of = pair(left.record_id, right.record_id)
    looked_at = _looked_at(reading, context, left, right)
    model = reading.run(model_in_force).person
    levels = looked_at.vectors.get(of)
    proposed = levels is not None
    if levels is None:
        columns = looked_at.columns if set(of) <= set(looked_at.columns) else reading.run(compared, of)
        levels = vector(columns[of[0]], columns[of[1]])
    return RecordComparison(
        left=left.view(),
        right=right.view(),
        one_person=left.profile_id == right.profile_id,
        because=_because(reading, context, left, right, of, proposed, model, levels),
        compared_by_batch=proposed or of in context.weights,
        evidence=modelled(model, levels, allowed),
        values=_values(left, right, allowed),
    )


def strongest_pair(
    reading: Reading, left: list[KnownRecord], right: list[KnownRecord]
) -> tuple[KnownRecord, KnownRecord]:
    """Of two profiles, the records with the most that speaks for one person."""
    ours, theirs = ({one.record_id: one for one in side} for side in (left, right))
    context = reading.run(cluster_context_of, {left[0].profile_id, right[0].profile_id})
    between = [
        of for of in context.weights if (of[0] in ours) != (of[1] in ours) and set(of) <= set(ours) | set(theirs)
    ]
    if not between:
        return left[0], right[0]
    best = max(between, key=lambda of: (context.weights[of], of))
    return (ours[best[0]], theirs[best[1]]) if best[0] in ours else (ours[best[1]], theirs[best[0]])


def _looked_at(reading: Reading, context: ClusterContext, left: KnownRecord, right: KnownRecord) -> ScoredPair:
    of = context.members(left.profile_id, right.profile_id)
    return reading.run(scored, of if len(of) <= MOST_SCORED else {left.record_id, right.record_id})


def _because(
    reading: Reading,
    context: ClusterContext,
    left: KnownRecord,
    right: KnownRecord,
    of: Pair,
    proposed: bool,
    model: PersonModel,
    levels: Vector,
) -> list[str]:
    one = left.profile_id == right.profile_id
    found: list[str] = []
    for row in reading.run(in_force, {of}).values():
        word = "one person's" if row["kind"] == "same" else "two people's"
        found.append(f"{row['decided_by']} decided that they are {word}: {row['reason']}")
    ours, theirs = context.members(left.profile_id), context.members(right.profile_id)
    if not found and not one and any(_across(bar, ours, theirs) for bar in context.different):
        found.append("a decision about other records of both profiles keeps the profiles apart")
    if _contradict(context, left.record_id, right.record_id):
        found.append("both sources verified a value of which a person has only one, and the values differ")
    traits = context.traits
    mine, others = ([traits[record] for record in side if record in traits] for side in (ours, theirs))
    if not one and weights(model, {of: levels})[of] >= MERGE_AT and two_people(mine, others, context.bars):
        found.append(
            "what a person has only one of differs by more than a typing error, and they hold no number in common"
        )
    if not proposed and of not in context.weights:
        found.append("no blocking rule brings them together: they share no key, or only keys that too many share")
    if not found:
        bits = context.weights.get(of, weights(model, {of: levels})[of])
        found.append(
            "the evidence speaks for one person" if bits >= MERGE_AT else "the evidence does not reach the threshold"
        )
        if bits >= MERGE_AT and not one:
            found.append(_of_the_rest(context, ours, theirs))
        if bits < MERGE_AT and one:
            found.append("other records of the profile join them: see the identity of the profile")
    return found


def _of_the_rest(context: ClusterContext, ours: Collection[str], theirs: Collection[str]) -> str:
    if len(ours) + len(theirs) > LARGEST_CLUSTER:
        return f"together they would be more than {LARGEST_CLUSTER} records"
    must_link = clusters(context.among({*ours, *theirs}))
    if any(piece & set(ours) and piece & set(theirs) for piece in must_link):
        return "the profiles were formed before this evidence"
    return "the other records of both profiles speak against it"


def _across(bar: Pair, ours: Collection[str], theirs: Collection[str]) -> bool:
    return (bar[0] in ours and bar[1] in theirs) or (bar[1] in ours and bar[0] in theirs)


def _contradict(context: ClusterContext, left: str, right: str) -> bool:
    one, other = context.verified.get(left, {}), context.verified.get(right, {})
    return any(other.get(kind, value) != value for kind, value in one.items())


def _values(left: KnownRecord, right: KnownRecord, allowed: Collection[Category]) -> list[ComparedField]:
    found = []
    for field in FIELDS:
        values = []
        for side in (left, right):
            category = side.document["categories"].get(field)
            value = side.document.get(field)
            values.append(str(value) if value is not None and category in allowed else None)
        if any(values):
            found.append(ComparedField(field=field, left=values[0], right=values[1]))
    kinds = sorted({one["kind"] for side in (left, right) for one in side.document["identifiers"]})
    for kind in kinds:
        values = [
            ", ".join(
                one["value"]
                for one in side.document["identifiers"]
                if one["kind"] == kind and side.document["categories"].get(f"identifier.{kind}") in allowed
            )
            or None
            for side in (left, right)
        ]
        if any(values):
            found.append(ComparedField(field=kind, left=values[0], right=values[1]))
    return found
