"""Which records a change of some records re-opens: all whose evidence may differ now, and as few others as possible.

Evidence about two records depends on themselves and on counts: of holders of a blocking key (its cap), of people
behind an e-mail or phone (its sharing class), of people behind an identifier (its edges). So a record is re-opened
where it changed, or where a count of one of its keys crossed a line. The tables `old` (states before) and `fresh`
(states of the records that were read now) must be there; made are `reopened`, and of the states as they are now
`described`, whole, and `keyed`, by what they find each other.
"""

from spark_jobs.resolve.deterministic import edges_sql, numbers_sql
from spark_jobs.resolve.engine import Engine
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
    engine.view("reopened", "select record_id from changed")


def reopen(engine: Engine, rules: Rules) -> None:
    """A later run; `gone` holds the ids of records that are no more."""
    # 1. What changed, and the states as they are now.
    engine.let(
        "changed",
        "select f.record_id from fresh f left join old o on o.record_id = f.record_id"
        " where o.digest is null or o.digest <> f.digest"
        " union select g.record_id from gone g join old o on o.record_id = g.record_id",
    )
    keyed = ", ".join(KEYED)
    engine.let(
        "before",
        f"select {keyed} from old o where exists (select 1 from changed c where c.record_id = o.record_id)",
    )
    engine.view("after", "select * from fresh f where exists (select 1 from changed c where c.record_id = f.record_id)")
    stays = "select * from old o where not exists (select 1 from changed c where c.record_id = o.record_id)"
    engine.view("described", f"{stays} union all select * from after")
    engine.let("keyed", f"select {keyed} from described")
    engine.let(
        "touched",
        f"select distinct key from ({held_sql('before')} union all {held_sql('after')}) t",
    )
    # 2. Blocking keys that came to propose pairs, or ceased to.
    engine.let(
        "holding",
        "select n.record_id, n.key, n.asks, case when c.record_id is null then 1 else 0 end as was, 1 as stays"
        f" from ({held_sql('keyed')}) n join touched t on t.key = n.key"
        " left join changed c on c.record_id = n.record_id"
        f" union all select record_id, key, asks, 1 as was, 0 as stays from ({held_sql('before')}) b",
    )
    counted = (
        "select key, sum(was) as n_before, bool_or(asks and was = 1) as asked_before,"
        " sum(stays) as n_after, bool_or(asks and stays = 1) as asked_after from holding group by key"
    )
    engine.let(
        "flipped",
        f"select key from ({counted}) c where {active_sql('n_before', 'asked_before', rules)}"
        f" <> {active_sql('n_after', 'asked_after', rules)}",
    )
    # 3. E-mails and phones that came to be more or fewer people's.
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
    # 4. Identifiers whose edges differ.
    for name in ("was", "is"):
        engine.let(f"edges_{name}", edges_sql(f"numbers_{name}"))
    engine.let(
        "moved",
        "select coalesce(a.left_id, b.left_id) as left_id, coalesce(a.right_id, b.right_id) as right_id"
        " from edges_was a full join edges_is b"
        " on a.left_id = b.left_id and a.right_id = b.right_id and a.rule = b.rule"
        " where a.weight is null or b.weight is null or a.weight <> b.weight or a.evidence <> b.evidence",
    )
    hold = (
        "select h.record_id from holding h"
        " join (select key from flipped union select key from reclassed) k on k.key = h.key where h.stays = 1"
    )
    engine.let(
        "reopened",
        "select r.record_id from (select record_id from changed union select left_id from moved"
        f" union select right_id from moved union {hold}) r"
        " where exists (select 1 from keyed n where n.record_id = r.record_id)",
    )


def shared_holders_sql(numbers: str) -> str:
    """SELECT of key, given, birth of the e-mails and phones whose holders have several names or birth dates.

    Those of the others are one person.
    """
    return (
        "select distinct n.key, n.given, n.birth from"
        f" {numbers} n join (select key from {numbers} where kind in ('email', 'phone') group by key"
        " having min(given) <> max(given) or min(birth) <> max(birth)) s on s.key = n.key"
    )
