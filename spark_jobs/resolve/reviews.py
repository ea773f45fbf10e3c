"""Pairs for a steward to decide: near the threshold, or likely and yet kept apart by the rest of their clusters."""

from identity.matching.rules import Rules
from lake.sql_engine import Engine, naming
from spark_jobs.resolve.affected_pairs import is_affected
from spark_jobs.resolve.evidence import SAYS_APART
from spark_jobs.resolve.numbering import named


def reviews(engine: Engine, rules: Rules, first: bool) -> str:
    """SELECT of the pairs, by the profiles that `owners` now have; `assigned` are those of the records around, and what
    is `decided`, or `unmatched`, waits no more."""
    pairs = _likely_of_all(engine, rules) if first else _likely_of_some(engine, rules)
    return (
        f"select p.left_id, p.right_id, p.weight, case when {SAYS_APART}"
        f" then 'two birth dates or generations' when p.weight < {rules.merge_at}"
        " then 'near the threshold' else 'contradicted by other records of the profiles' end as reason, p.evidence"
        f" from ({pairs}) p where not exists"
        " (select 1 from decided d where d.left_id = p.left_id and d.right_id = p.right_id)"
        f" and not ({naming('unmatched', 'left_id', 'right_id', row='p')})"
    )


def _likely_of_all(engine: Engine, rules: Rules) -> str:
    """Likely pairs of two profiles, of all records: by their numbers, as `scored` knows them."""
    engine.let(
        "owned",
        "select n.place as record_id, o.profile_id from owners o join numbered n on n.record_id = o.record_id",
    )
    return named(f"({_apart('scored n', 'n.evidence')} and n.weight >= {rules.review_from})", "weight, evidence")


def _likely_of_some(engine: Engine, rules: Rules) -> str:
    """The same, of pairs that have an end among the records that were looked at: from the evidence of now, and from the
    edges of before of which there is none now."""
    likely = "select left_id, right_id, weight, evidence from {} e where tier = 'probabilistic' and {}".format
    engine.let(
        "likely",
        likely("edges_around", f"weight >= {rules.review_from} and not ({is_affected('e')})")
        + f" union all {likely('evidence_rows', f'weight >= {rules.review_from}')}",
    )
    # The other end may not have been looked at.
    engine.let(
        "owned",
        "select n.record_id, coalesce(o.profile_id, s.profile_id) as profile_id from"
        " (select left_id as record_id from likely union select right_id from likely) n"
        " left join owners o on o.record_id = n.record_id left join assigned s on s.record_id = n.record_id",
    )
    return _apart("likely n", "n.evidence")


def _apart(likely: str, evidence: str) -> str:
    return (
        f"select n.left_id, n.right_id, n.weight, {evidence} from {likely} join owned a on a.record_id = n.left_id"
        " join owned b on b.record_id = n.right_id where a.profile_id <> b.profile_id"
    )
