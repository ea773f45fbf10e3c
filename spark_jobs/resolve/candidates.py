"""Candidate pairs: records that share an active blocking key, as `proposed` (left_id, right_id).

Counting and exploding the keys of all records is what a day mostly pays for: each way to propose looks through them
as few times as it can.
"""

from identity.matching.comparables import RULE_BITS, RULES
from identity.matching.rules import Rules
from lake.sql_engine import Engine, naming


def held_keys_sql(comparables: str) -> str:
    """SELECT of record_id, key, asks: blocking keys, and names that a nameless mailbox would ask for."""
    return (
        f"select record_id, EXPLODE(keys) as key, true as asks from {comparables}"
        f" union all select record_id, EXPLODE(named_keys) as key, false as asks from {comparables}"
    )


def keyed_of(records: str) -> str:
    """What some records are found by, as a table."""
    return f"(select n.* from keyed n where {naming(records, 'record_id', row='n')})"


def holding(keys: str) -> str:
    """SELECT of who holds one of some keys, of all records."""
    return f"select h.* from ({held_keys_sql('keyed')}) h where exists (select 1 from {keys} o where o.key = h.key)"


def active_sql(holders: str, asked: str, rules: Rules) -> str:
    """Whether a key proposes pairs: more than one holder, within its cap, and somebody asks.

    Hot keys leave before the join: joined first, one of them would make the run quadratic.
    """
    caps = " ".join(f"when {number} then {rules.blocking_caps[rule]}" for rule, number in RULES.items())
    return f"({holders} > 1 and {holders} <= case key & {RULE_BITS} {caps} end and {asked})"


def active_among(holders: str, rules: Rules) -> str:
    """SELECT of the active keys of complete holders."""
    return f"select key from {holders} h group by key having {active_sql('count(*)', 'bool_or(asks)', rules)}"


def propose_all(engine: Engine, rules: Rules) -> None:
    """The pairs of all records."""
    engine.let("held_keys", held_keys_sql("keyed"))
    engine.let("active_keys", active_among("held_keys", rules))
    engine.let("proposed", _pairs("held_keys", "active_keys", "held_keys", "<"))


def propose_affected(engine: Engine) -> None:
    """The pairs with an end in `affected_records`, whose keys and `key_neighbours` are there (affected_pairs.py)."""
    engine.let("proposed", _pairs("held_keys", "active_keys", "key_neighbours", "<>"))


def propose_among(engine: Engine, rules: Rules, records: str, suffix: str) -> None:
    """The pairs of some records, as `proposed` with the suffix."""
    held, shared, active = f"held_keys{suffix}", f"shared{suffix}", f"active_keys{suffix}"
    engine.let(held, held_keys_sql(keyed_of(records)))
    engine.let(shared, f"select key from {held} group by key having count(*) > 1")
    engine.let(active, active_among(f"({holding(shared)})", rules))
    engine.let(f"proposed{suffix}", _pairs(held, active, held, "<"))


def _pairs(holders: str, active: str, others: str, order: str) -> str:
    return (
        "select distinct least(a.record_id, b.record_id) as left_id, greatest(a.record_id, b.record_id) as right_id"
        f" from {holders} a join {active} k on k.key = a.key join {others} b on b.key = a.key"
        f" where a.record_id {order} b.record_id"
    )
