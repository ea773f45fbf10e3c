"""Which records and pairs a change of some records affects: all whose evidence may differ now, and as few others as
possible.

Evidence about two records depends on themselves and on counts: of holders of a blocking key (its cap), of people
behind an e-mail or phone (its sharing class), of people behind an identifier (its edges). So a record is affected
where it changed, or where one of its e-mails or phones came to be more or fewer people's; a pair where the records
share a key that came to propose pairs or ceased to, or where its edges by identifiers are others. The tables
`keyed_before` (made by `take_keys_before` of `comparables`, see comparables_cache.py, and of `asked`, the ids of the
records that may have changed), `fresh` (the comparables of these now) and `gone` (ids of those that are no more) must
be there.

Made are `affected_records`; `touched_records` (with those that are no more); `affected_pairs` (of records that are not
among them); `keyed`, by what all records now find each other; the `held_keys` of the affected records; of these the
`active_keys`; and `key_neighbours`, who holds these.
"""

from identity.matching.comparables import COMPARABLE_COLUMNS, KEYED
from identity.matching.rules import Rules
from lake.sql_engine import Engine, naming
from spark_jobs.resolve.candidates import active_sql, held_keys_sql, holding, keyed_of
from spark_jobs.resolve.comparables_cache import cached_comparables_of
from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.numbering import by_number, number

_KEYED = ", ".join(KEYED)


def start(engine: Engine) -> None:
    """The first run: every record is new, and has a number for its id."""
    engine.let("changed", "select record_id from fresh")
    number(engine, "changed")
    engine.view("described", by_number("fresh"))
    engine.view("keyed", "select * from described")
    engine.view("after", "select * from fresh")


def take_keys_before(engine: Engine) -> None:
    """`keyed_before`: by what records found each other before; the fresh comparables may still be in the making."""
    engine.let(
        "keyed_before",
        f"select o.{', o.'.join(KEYED)}, a.record_id is not null as is_asked,"
        " case when a.record_id is not null then o.digest end as digest"
        " from comparables o left join asked a on a.record_id = o.record_id",
    )


def find_affected(engine: Engine, rules: Rules) -> None:
    """A later run."""
    _take_comparables(engine)
    _find_affected_records(engine)
    _count_keys(engine)
    _find_affected_pairs(engine, rules)


def _take_comparables(engine: Engine) -> None:
    """`changed`, with `before` and `after`; all that were asked for are fresh, whether they changed or not."""
    engine.let(
        "changed",
        "select f.record_id from fresh f left join (select record_id, digest from keyed_before where is_asked) o"
        " on o.record_id = f.record_id where o.digest is null or o.digest <> f.digest"
        " union select g.record_id from gone g join keyed_before o on o.record_id = g.record_id",
    )
    is_changed = naming("changed", "record_id")
    engine.let("before", f"select {_KEYED} from keyed_before w where is_asked and {is_changed}")
    engine.view("after", f"select * from fresh w where {is_changed}")
    engine.view("keyed", f"select {_KEYED} from keyed_before where not is_asked union all select {_KEYED} from fresh")


def _find_affected_records(engine: Engine) -> None:
    """`affected_records` and `touched_records`; and `moved`, pairs whose edges by identifiers are others."""
    # 1. E-mails and phones that came to be more or fewer people's.
    engine.let(
        "touched_numbers",
        f"select key from ({numbers_sql('before')}) b union select key from ({numbers_sql('after')}) a",
    )
    engine.let(
        "numbers_is",
        f"select n.* from ({numbers_sql('keyed')}) n"
        " where exists (select 1 from touched_numbers t where t.key = n.key)",
    )
    engine.let(
        "numbers_was",
        f"select n.* from numbers_is n where not {naming('changed', 'record_id', row='n')}"
        f" union all {numbers_sql('before')}",
    )
    for name in ("was", "is"):
        engine.classes(f"class_{name}", shared_holders_sql(f"numbers_{name}"))
    engine.let(
        "reclassed",
        "select coalesce(a.key, b.key) as key from class_was a full join class_is b on a.key = b.key"
        " where coalesce(a.class, 'own') <> coalesce(b.class, 'own')",
    )
    # 2. Identifiers whose edges differ.
    for name in ("was", "is"):
        engine.let(f"edges_{name}", edges_sql(f"numbers_{name}"))
    engine.let(
        "moved",
        "select coalesce(a.left_id, b.left_id) as left_id, coalesce(a.right_id, b.right_id) as right_id"
        " from edges_was a full join edges_is b"
        " on a.left_id = b.left_id and a.right_id = b.right_id and a.rule = b.rule"
        " where a.weight is null or b.weight is null or a.weight <> b.weight or a.evidence <> b.evidence",
    )
    engine.let(
        "touched_records",
        "select record_id from changed union select n.record_id from numbers_is n join reclassed k on k.key = n.key",
    )
    engine.let("affected_records", f"select record_id from touched_records w where not {naming('gone', 'record_id')}")


def _count_keys(engine: Engine) -> None:
    """`key_counts` of all keys that the affected hold now or the changed held before: `holders` and how many of them
    are `asking`, now and before."""
    engine.let("held_keys", held_keys_sql(keyed_of("affected_records")))
    engine.let("touched_keys", f"select key from held_keys union select key from ({held_keys_sql('before')}) b")
    asking = "sum(case when asks then 1 else 0 end) as asking"
    engine.let("counted", f"select key, count(*) as holders, {asking} from ({holding('touched_keys')}) h group by key")
    # What held and asked for a key before is what does now, without what came and with what went.
    moves = f"select key, 1 as went, asks from ({held_keys_sql('before')}) b"
    moves += f" union all select key, -1 as went, asks from ({held_keys_sql('after')}) a"
    engine.let(
        "difference",
        "select key, sum(went) as holders, sum(case when asks then went else 0 end) as asking"
        f" from ({moves}) m group by key",
    )
    engine.view(
        "key_counts",
        "select o.key, coalesce(n.holders, 0) as holders, coalesce(n.asking, 0) as asking,"
        " coalesce(n.holders, 0) + coalesce(d.holders, 0) as holders_before,"
        " coalesce(n.asking, 0) + coalesce(d.asking, 0) as asking_before"
        " from touched_keys o left join counted n on n.key = o.key left join difference d on d.key = o.key",
    )


def _find_affected_pairs(engine: Engine, rules: Rules) -> None:
    """`affected_pairs`, by keys that came to propose pairs, or ceased to, and by edges that moved."""
    now = active_sql("holders", "asking > 0", rules)
    engine.let("active_keys", f"select key from key_counts where {now}")
    engine.let(
        "flipped",
        f"select key from key_counts where {active_sql('holders_before', 'asking_before > 0', rules)} <> {now}",
    )
    engine.let("key_neighbours", holding("(select key from active_keys union select key from flipped)"))
    # Of a key that flipped no more than its cap held it before and hold it now.
    engine.let(
        "kept_by_flipped",
        "select distinct h.record_id, h.key from key_neighbours h join flipped k on k.key = h.key"
        f" where not {naming('touched_records', 'record_id', row='h')}",
    )
    engine.let(
        "affected_pairs",
        "select a.record_id as left_id, b.record_id as right_id from kept_by_flipped a"
        " join kept_by_flipped b on b.key = a.key where a.record_id < b.record_id"
        f" union select m.left_id, m.right_id from moved m"
        f" where not ({naming('touched_records', 'left_id', 'right_id', row='m')})",
    )


def described_of(records: str) -> str:
    """SELECT of the whole comparables of some records as they are now."""
    others = f"(select record_id from {records} w where not {naming('asked', 'record_id')})"
    fresh = f"select {', '.join(COMPARABLE_COLUMNS)} from fresh w where {naming(records, 'record_id')}"
    return f"{cached_comparables_of(others)} union all {fresh}"


def is_affected(pair: str) -> str:
    """Condition on a row of left_id and right_id: its evidence is among `evidence_rows`."""
    again = f"exists (select 1 from affected_pairs p where p.left_id = {pair}.left_id and p.right_id = {pair}.right_id)"
    return f"{naming('touched_records', 'left_id', 'right_id', row=pair)} or {again}"


def shared_holders_sql(numbers: str) -> str:
    """SELECT of key, given, birth of the e-mails and phones whose holders have several names or birth dates.

    Those of the others are one person.
    """
    return (
        "select distinct n.key, n.given, n.birth from"
        f" {numbers} n join (select key from {numbers} where kind in ('email', 'phone') group by key"
        " having min(given) <> max(given) or min(birth) <> max(birth)) s on s.key = n.key"
    )
