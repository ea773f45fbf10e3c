"""Why two records are, or are not, held to be one person's: scored now, as the batch would."""

from collections.abc import Collection

from sqlalchemy import Connection

from contracts.categories import Category
from profile_api.identity.model_in_force import model_in_force
from profile_api.identity.overrides import in_force
from profile_api.identity.partition import Pair, Situation, clusters, pair
from profile_api.identity.people import Known, People
from profile_api.identity.scoring import Scored, Vector, compared, scored, vector, weights
from profile_api.identity.situation import MOST_SCORED, situation_of
from profile_api.identity.views import ComparedField, Comparison
from profile_api.identity.wording import modelled
from spark_jobs.resolve.cluster import LARGEST_CLUSTER, MERGE_AT
from spark_jobs.resolve.model import PersonModel
from spark_jobs.survivorship import FIELDS


def comparison(connection: Connection, people: People, left: Known, right: Known) -> Comparison:
    """Two records side by side, the evidence of what may be shown of both, and what decides."""
    allowed = left.allowed & right.allowed
    situation = situation_of(connection, {left.profile_id, right.profile_id})
    of = pair(left.record_id, right.record_id)
    looked_at = _looked_at(connection, situation, left, right)
    model = model_in_force(connection).person
    said = looked_at.vectors.get(of)
    proposed = said is not None
    if said is None:
        columns = looked_at.columns if set(of) <= set(looked_at.columns) else compared(connection, of)
        said = vector(columns[of[0]], columns[of[1]])
    return Comparison(
        left=left.view(),
        right=right.view(),
        one_person=left.profile_id == right.profile_id,
        because=_because(connection, situation, left, right, of, proposed, model, said),
        compared_by_batch=proposed or of in situation.weights,
        evidence=modelled(model, said, allowed),
        values=_values(left, right, allowed),
    )


def strongest_pair(connection: Connection, left: list[Known], right: list[Known]) -> tuple[Known, Known]:
    """Of two profiles, the records with the most that speaks for one person."""
    ours, theirs = ({one.record_id: one for one in side} for side in (left, right))
    situation = situation_of(connection, {left[0].profile_id, right[0].profile_id})
    between = [
        of for of in situation.weights if (of[0] in ours) != (of[1] in ours) and set(of) <= set(ours) | set(theirs)
    ]
    if not between:
        return left[0], right[0]
    best = max(between, key=lambda of: (situation.weights[of], of))
    return (ours[best[0]], theirs[best[1]]) if best[0] in ours else (ours[best[1]], theirs[best[0]])


def _looked_at(connection: Connection, situation: Situation, left: Known, right: Known) -> Scored:
    of = situation.members(left.profile_id, right.profile_id)
    return scored(connection, of if len(of) <= MOST_SCORED else {left.record_id, right.record_id})


def _because(
    connection: Connection,
    situation: Situation,
    left: Known,
    right: Known,
    of: Pair,
    proposed: bool,
    model: PersonModel,
    said: Vector,
) -> list[str]:
    one = left.profile_id == right.profile_id
    found: list[str] = []
    for row in in_force(connection, {of}).values():
        word = "one person's" if row["kind"] == "same" else "two people's"
        found.append(f"{row['decided_by']} decided that they are {word}: {row['reason']}")
    ours, theirs = situation.members(left.profile_id), situation.members(right.profile_id)
    if not found and not one and any(_across(bar, ours, theirs) for bar in situation.different):
        found.append("a decision about other records of both profiles keeps the profiles apart")
    if _contradict(situation, left.record_id, right.record_id):
        found.append("both sources verified a value of which a person has only one, and the values differ")
    if not proposed and of not in situation.weights:
        found.append("no blocking rule brings them together: they share no key, or only keys that too many share")
    if not found:
        bits = situation.weights.get(of, weights(model, {of: said})[of])
        found.append(
            "the evidence speaks for one person" if bits >= MERGE_AT else "the evidence does not reach the threshold"
        )
        if bits >= MERGE_AT and not one:
            found.append(_of_the_rest(situation, ours, theirs))
        if bits < MERGE_AT and one:
            found.append("other records of the profile join them: see the identity of the profile")
    return found


def _of_the_rest(situation: Situation, ours: Collection[str], theirs: Collection[str]) -> str:
    if len(ours) + len(theirs) > LARGEST_CLUSTER:
        return f"together they would be more than {LARGEST_CLUSTER} records"
    together = clusters(situation.among({*ours, *theirs}))
    if any(piece & set(ours) and piece & set(theirs) for piece in together):
        return "the profiles were formed before this evidence"
    return "the other records of both profiles speak against it"


def _across(bar: Pair, ours: Collection[str], theirs: Collection[str]) -> bool:
    return (bar[0] in ours and bar[1] in theirs) or (bar[1] in ours and bar[0] in theirs)


def _contradict(situation: Situation, left: str, right: str) -> bool:
    one, other = situation.verified.get(left, {}), situation.verified.get(right, {})
    return any(other.get(kind, value) != value for kind, value in one.items())


def _values(left: Known, right: Known, allowed: Collection[Category]) -> list[ComparedField]:
    found = []
    for field in FIELDS:
        told = []
        for side in (left, right):
            category = side.document["categories"].get(field)
            value = side.document.get(field)
            told.append(str(value) if value is not None and category in allowed else None)
        if any(told):
            found.append(ComparedField(field=field, left=told[0], right=told[1]))
    kinds = sorted({one["kind"] for side in (left, right) for one in side.document["identifiers"]})
    for kind in kinds:
        said = [
            ", ".join(
                one["value"]
                for one in side.document["identifiers"]
                if one["kind"] == kind and side.document["categories"].get(f"identifier.{kind}") in allowed
            )
            or None
            for side in (left, right)
        ]
        if any(said):
            found.append(ComparedField(field=kind, left=said[0], right=said[1]))
    return found
