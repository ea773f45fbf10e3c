"""The evidence about some records: the model's weights of their candidates, the rules' edges, and one voice a pair.

Tables are made under a suffix, so that the evidence of several groups of records can stand side by side.
"""

from collections.abc import Callable

from identity.matching.apart import APART
from identity.matching.comparables import KEPT
from identity.matching.comparisons import COMPARISONS
from identity.matching.model import PersonModel, weights_sql
from identity.matching.pair_weight import pair_weights_sql
from identity.matching.rules import Rules
from identity.matching.sharing import CLASSES
from identity.matching.vectors import vectors_sql
from lake.sql_engine import Engine
from spark_jobs.resolve.affected_pairs import described_of, shared_holders_sql
from spark_jobs.resolve.candidates import keyed_of
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.numbering import placed
from spark_jobs.resolve.unmatched import frozen_among

GAMMAS = [f"gamma_{comparison.name}" for comparison in COMPARISONS]
FREQUENCIES = ["given_frequency", "family_frequency", "birth_frequency"]
SAYS_APART = "evidence like '%\"apart\"%'"
"""Condition on kept evidence: the pair is certainly two people's."""


def gather(
    engine: Engine,
    model: Callable[[], PersonModel],
    rules: Rules,
    records: str | None = None,
    suffix: str = "",
    among: bool = False,
) -> None:
    """Makes `scored` of the `proposed` pairs, and `deterministic_edges` and `pair_weights` of the `keyed` records.

    Each table's name ends with the suffix.

    With `records`, only of pairs with an end among them, or both ends if `among`. The model is asked for once `columns`
    is there, of which it may have to be trained.
    """
    compare(engine, records, suffix)
    join_by_identifiers(engine, records, suffix, among)
    score(engine, model(), rules, suffix, unchanged_evidence("probabilistic", records, among))
    weigh_pairs(engine, suffix)


def compare(engine: Engine, records: str | None, suffix: str) -> None:
    """`columns`: the comparison columns of the proposed records, with the classes of their e-mails and phones."""
    numbers, described, held = numbers_sql("keyed"), "described", f"numbers{suffix}"
    if records:
        ends = f"ends{suffix}"
        engine.let(
            ends, f"select left_id as record_id from proposed{suffix} union select right_id from proposed{suffix}"
        )
        described, held = f"({described_of(ends)})", f"({numbers_sql(keyed_of(ends))})"
        # An e-mail or phone only counts where both sides hold it: the classes of the records' own values are enough.
        own = f"select one.key from (select EXPLODE(numbers) as one from {keyed_of(records)}) o"
        numbers = f"select n.* from ({numbers}) n join (select distinct key from ({own}) o) k on k.key = n.key"
    engine.let(f"numbers{suffix}", numbers)
    engine.classes(f"class{suffix}", shared_holders_sql(f"numbers{suffix}"))
    lists = ", ".join(
        f"LIST(n.key) filter (where n.kind = '{kind}' and coalesce(c.class, 'own') = '{name}') as {kind}_{name}"
        for kind in ("email", "phone")
        for name in CLASSES
    )
    sharing = (
        f"select n.record_id, {lists} from {held} n left join class{suffix} c on c.key = n.key"
        " where n.kind in ('email', 'phone') group by n.record_id"
    )
    added = ", ".join(f"{kind}_{name}" for kind in ("email", "phone") for name in CLASSES)
    said = ", ".join(f"s.{column}" for column in KEPT)
    engine.let(
        f"columns{suffix}",
        f"select s.record_id, {said}, {added} from {described} s left join ({sharing}) h on h.record_id = s.record_id",
    )


def unchanged_evidence(tier: str, records: str | None, among: bool) -> str:
    """SELECT of the evidence of a tier that stands still (unmatched.py), by what the run calls records."""
    frozen = frozen_among(tier, records, among)
    return f"select * from ({frozen}) f" if records else placed(f"({frozen})", "rule, weight, evidence")


def score(engine: Engine, model: PersonModel, rules: Rules, suffix: str, stands: str) -> None:
    """`scored`: the model's weight of each proposed pair, in bits; with what of its vector says something, if it is
    kept. And what `stands` of before.

    A pair too unlikely for a review is kept where a rule joins it: without the model's word the rule's would stand.
    """
    engine.let(
        f"vectors{suffix}", vectors_sql(f"proposed{suffix}", f"columns{suffix}", engine.dialect, APART[model.bars])
    )
    said = [f"case when {name} >= 0 then concat('\"{name}\":', {name}) end" for name in [*GAMMAS, *FREQUENCIES]]
    said.append("case when apart then '\"apart\":1' end")
    evidence = f"concat('{{', concat_ws(',', {', '.join(said)}), '}}')"
    ruled = (
        f"exists (select 1 from deterministic_edges{suffix} d where d.left_id = w.left_id and d.right_id = w.right_id)"
    )
    kept = f"case when weight >= {rules.review_from} or {ruled} then {evidence} end"
    weights = weights_sql(model, f"select * from vectors{suffix}", engine.dialect)
    scored = f"select left_id, right_id, round(weight, 6) as weight, apart, {kept} as evidence from ({weights}) w"
    before = f"select left_id, right_id, weight, coalesce({SAYS_APART}, false) as apart, evidence from ({stands}) t"
    engine.let(f"scored{suffix}", f"{scored} union all {before}")


def join_by_identifiers(engine: Engine, records: str | None, suffix: str, among: bool) -> None:
    """`deterministic_edges`: the deterministic edges of the records; `numbers` holds all holders of their values."""
    said = "left_id, right_id, rule, weight, evidence"
    edges, stands = (
        edges_sql(f"numbers{suffix}"),
        f"select {said} from ({unchanged_evidence('deterministic', records, among)}) t",
    )
    if not records:
        engine.let(f"deterministic_edges{suffix}", f"select {said} from ({edges}) e union all {stands}")
        return
    ends = [f"exists (select 1 from {records} r where r.record_id = e.{side}_id)" for side in ("left", "right")]
    new = f"select {said} from ({edges}) e where {(' and ' if among else ' or ').join(ends)}"
    engine.let(f"deterministic_edges{suffix}", f"{new} union all {stands}")


def weigh_pairs(engine: Engine, suffix: str) -> None:
    """`pair_weights`: one weight a pair."""
    engine.let(f"pair_weights{suffix}", pair_weights_sql(f"scored{suffix}", f"deterministic_edges{suffix}"))


def evidence_rows(suffix: str = "") -> str:
    """SELECT of all evidence, a row per pair and rule; the model speaks of every pair that it has seen."""
    return (
        "select left_id, right_id, 'probabilistic' as tier, 'person_model' as rule, weight, evidence"
        f" from scored{suffix}"
        " union all select left_id, right_id, 'deterministic' as tier, rule, weight, evidence"
        f" from deterministic_edges{suffix}"
    )
