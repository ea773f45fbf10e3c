"""One weight a pair, from what the model and the rules say of it: as SQL for a run, in Python for a few pairs.

The model has seen all fields of a pair, a rule only one. So the rule speaks where the model was not asked, and beside
it (the stronger counts) only with a number that was given out to one person.
"""

from collections.abc import Iterable, Mapping

Pair = tuple[str, str]

CONTACT_POINTS = ("same_email", "same_phone")
"""Rules whose identifier is shared or handed on at times: where the model has seen the pair, its weight stands."""


def pair_weights_sql(scored: str, edges: str) -> str:
    """SELECT of left_id, right_id and weight, from the model's pairs and the rules' edges (with `rule`)."""
    contact = ", ".join(f"'{rule}'" for rule in CONTACT_POINTS)
    return (
        "select coalesce(s.left_id, r.left_id) as left_id, coalesce(s.right_id, r.right_id) as right_id,"
        " case when s.weight is null then r.by_rule when r.by_number is null then s.weight"
        " else greatest(s.weight, r.by_number) end as weight"
        f" from {scored} s full join (select left_id, right_id, max(weight) as by_rule,"
        f" max(case when rule not in ({contact}) then weight end) as by_number from {edges}"
        " group by left_id, right_id) r on r.left_id = s.left_id and r.right_id = s.right_id"
    )


def pair_weights(scored: Mapping[Pair, float], edges: Iterable[tuple[Pair, str, float]]) -> dict[Pair, float]:
    """The same, from the model's weights and the edges' rules and weights."""
    found = dict(scored)
    for of, rule, bits in edges:
        if counts(rule, is_scored=of in scored):
            found[of] = max(bits, found.get(of, bits))
    return found


def counts(rule: str, is_scored: bool) -> bool:
    """Whether a rule's word counts about a pair that the model has seen, or not."""
    return not is_scored or rule not in CONTACT_POINTS
