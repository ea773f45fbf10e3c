"""Which records and pairs a change of some records re-opens: all whose evidence may differ now, and as few others as
possible.

Evidence about two records depends on themselves and on counts: of holders of a blocking key (its cap), of people
behind an e-mail or phone (its sharing class), of people behind an identifier (its edges). So a record is re-opened
where it changed, or where one of its e-mails or phones came to be more or fewer people's; a pair where the records
share a key that came to propose pairs or ceased to, or where its edges by identifiers are others. The tables `old`
(states before) and `fresh` (states of the records that were read now) must be there; made are `reopened`,
`touched_records` (with those that are no more), `pairs_again` (of records that are not among them), and of the states
as they are now `described`, whole, and `keyed`, by what they find each other.
"""

from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.engine import Engine, naming
from spark_jobs.resolve.numbering import by_number, number
from spark_jobs.resolve.rules import Rules
from spark_jobs.resolve.state import KEYED, RULE_BITS, RULES


def held_sql(state: str) -> str:
    """SELECT of record_id, key, asks: blocking keys, and names that a nameless mailbox would ask for."""
    return (
        f"select record_id, EXPLODE(keys) as key, true as asks from {state}"
        f" union all select record_id, EXPLODE(named_keys) as key, false as asks from {state}"
    )


def active_sql(holders: str, asked: str, rules: Rules) -> str:
    """Whether a key proposes pairs: more than one holder, within its cap, and somebody asks.

    Hot keys leave before the join: joined first, one of them would make the run quadratic.
    """
    caps = " ".join(f"when {number} then {rules.blocking_caps[rule]}" for rule, number in RULES.items())
    return f"({holders} > 1 and {holders} <= case key & {RULE_BITS} {caps} end and {asked})"


def start(engine: Engine) -> None:
    """The first run: every record is new, and has a number for its id."""
    engine.let("changed", "select record_id from fresh")
    number(engine, "changed")
    engine.view("described", by_number("fresh"))
    engine.view("keyed", "select * from described")
    engine.view("after", "select * from fresh")


def reopen(engine: Engine, rules: Rules) -> None:
    """A later run; `gone` holds the ids of records that are no more."""
    keyed = ", ".join(KEYED)
    # 1. By what records found each other before; the fresh states may still be in the making.
    engine.let("known", f"select {keyed}, digest from old")
    # 2. What changed, and the states as they are now.
    engine.let(
        "changed",
        "select f.record_id from fresh f left join known o on o.record_id = f.record_id"
        " where o.digest is null or o.digest <> f.digest"
        " union select g.record_id from gone g join known o on o.record_id = g.record_id",
    )
    is_changed = "exists (select 1 from changed c where c.record_id = {}.record_id)".format
    engine.let("before", f"select {keyed} from known o where {is_changed('o')}")
    engine.view("after", f"select * from fresh f where {is_changed('f')}")
    engine.view("described", f"select * from old o where not {is_changed('o')} union all select * from after")
    stays = f"select {keyed} from known o where not {is_changed('o')}"
    engine.let("keyed", f"{stays} union all select {keyed} from after")
    engine.let(
        "touched",
        f"select distinct key from ({held_sql('before')} union all {held_sql('after')}) t",
    )
    # 3. Blocking keys that came to propose pairs, or ceased to: what held and asked for them before is what does now,
    # without what came and with what went.
    counts = "count(*) as holders, sum(case when asks then 1 else 0 end) as asking"
    engine.let(
        "holders_now",
        f"select n.key, {counts} from ({held_sql('keyed')}) n"
        " where exists (select 1 from touched t where t.key = n.key) group by n.key",
    )
    moves = f"select key, 1 as went, asks from ({held_sql('before')}) b"
    moves += f" union all select key, -1 as went, asks from ({held_sql('after')}) a"
    engine.let(
        "difference",
        f"select key, sum(went) as holders, sum(case when asks then went else 0 end) as asking from ({moves}) m"
        " group by key",
    )
    counted = (
        "select d.key, coalesce(n.holders, 0) as n_after, coalesce(n.asking, 0) > 0 as asked_after,"
        " coalesce(n.holders, 0) + d.holders as n_before, coalesce(n.asking, 0) + d.asking > 0 as asked_before"
        " from difference d left join holders_now n on n.key = d.key"
    )
    engine.let(
        "flipped",
        f"select key from ({counted}) c where {active_sql('n_before', 'asked_before', rules)}"
        f" <> {active_sql('n_after', 'asked_after', rules)}",
    )
    # 4. E-mails and phones that came to be more or fewer people's.
    engine.let(
        "numbers_is",
        f"select n.* from ({numbers_sql('keyed')}) n where exists (select 1 from touched t where t.key = n.key)",
    )
    engine.let(
        "numbers_was",
        "select n.* from numbers_is n where not exists (select 1 from changed c where c.record_id = n.record_id)"
        f" union all {numbers_sql('before')}",
    )
    for name in ("was", "is"):
        engine.classes(f"class_{name}", shared_holders_sql(f"numbers_{name}"))
    engine.let(
        "reclassed",
        "select coalesce(a.key, b.key) as key from class_was a full join class_is b on a.key = b.key"
        " where coalesce(a.class, 'own') <> coalesce(b.class, 'own')",
    )
    # 5. Identifiers whose edges differ.
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
    engine.let(
        "reopened",
        "select record_id from touched_records r where exists (select 1 from keyed n where n.record_id = r.record_id)",
    )
    # Of a key that flipped no more than its cap held it before and hold it now.
    engine.let(
        "kept_by_flipped",
        f"select distinct h.record_id, h.key from ({held_sql('keyed')}) h join flipped k on k.key = h.key"
        " where not exists (select 1 from touched_records t where t.record_id = h.record_id)",
    )
    engine.let(
        "pairs_again",
        "select a.record_id as left_id, b.record_id as right_id from kept_by_flipped a"
        " join kept_by_flipped b on b.key = a.key where a.record_id < b.record_id"
        f" union select m.left_id, m.right_id from moved m"
        f" where not ({naming('touched_records', 'left_id', 'right_id', row='m')})",
    )


def looked_at_anew(pair: str) -> str:
    """Condition on a row of left_id and right_id: its evidence is among what is told."""
    again = f"exists (select 1 from pairs_again p where p.left_id = {pair}.left_id and p.right_id = {pair}.right_id)"
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
