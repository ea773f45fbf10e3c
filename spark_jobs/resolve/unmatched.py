"""Records that are not matched: their person objected to it, or their use is restricted (GDPR art. 21 and 18).

Nothing is sought for them: they have no blocking keys, so the model never sees them, nor learns from them; restricted
ones have no identifiers either that join records. What was found before stands still: the evidence of then is
kept, so that their profile and its id stay. `unmatched` (record_id, reason) has to be there.
"""

from identity.matching.comparables import COMPARABLE_COLUMNS
from lake.overlay import whole
from lake.sql_engine import Engine, naming
from lake.tables import EDGES

OBJECTED, RESTRICTED = "objected", "restricted"
SAID = ("left_id", "right_id", "tier", "rule", "weight", "evidence")
"""What an edge says; it takes no JVM to know this."""


def withhold(engine: Engine) -> None:
    """`fresh`: the comparables as they were `computed`, without that by which unmatched records would be found."""
    masked = {
        "keys": "case when u.record_id is null then s.keys end",
        "named_keys": "case when u.record_id is null then s.named_keys end",
        "numbers": f"case when coalesce(u.reason, '') <> '{RESTRICTED}' then s.numbers end",
        "digest": "case when u.record_id is null then s.digest else concat(s.digest, '-', u.reason) end",
    }
    said = ", ".join(f"{masked.get(column, f's.{column}')} as {column}" for column in COMPARABLE_COLUMNS)
    engine.view("fresh", f"select {said} from computed s left join unmatched u on u.record_id = s.record_id")


def freeze(engine: Engine) -> None:
    """`frozen`: the edges of then of unmatched records; of those whose person objected, the model's alone.

    The two parts of the table of `edges` have to be there (lake/overlay.py).
    """
    if not engine.rows("select 1 from unmatched limit 1"):  # as on most days: the large table is not looked through
        engine.view("frozen", whole("edges", SAID, EDGES.key, "1 = 0"))
        return
    engine.let("restricted", f"select record_id from unmatched where reason = '{RESTRICTED}'")
    ends = ("left_id", "right_id")
    unchanged = f"tier = 'probabilistic' and ({naming('unmatched', *ends)}) or {naming('restricted', *ends)}"
    engine.let("frozen", whole("edges", SAID, EDGES.key, unchanged))


def frozen_among(tier: str, records: str | None, among: bool) -> str:
    """SELECT of the frozen edges of a tier with an end among some records that are still there, or both if `among`."""
    frozen = f"select * from frozen w where tier = '{tier}'"
    if records is None:
        return frozen
    ends = [naming(records, f"{side}_id") for side in ("left", "right")]
    there = f"not ({naming('gone', 'left_id', 'right_id')})"
    return f"{frozen} and ({(' and ' if among else ' or ').join(ends)}) and {there}"
