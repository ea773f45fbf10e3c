"""The states of all records between runs: a large table, and beside it a small one of what changed since.

A day changes one row in a hundred, all over the large table: to put them in their places would rewrite all of it.
"""

from spark_jobs.resolve.engine import Engine, naming
from spark_jobs.resolve.state import STATE
from spark_jobs.tables import COMPARABLES, RECENT

FOLDED_AT = 0.1
"""The share of the large table from which the small one goes into it."""
_SAID = ", ".join(STATE)


def remembered(engine: Engine, lake: str, name: str) -> None:
    """Names the states as the last run left them."""
    engine.delta("base", lake, COMPARABLES)
    engine.delta("recent", lake, RECENT)
    stays = f"select {_SAID} from base b where not exists (select 1 from recent r where r.record_id = b.record_id)"
    engine.view(name, f"{stays} union all select {_SAID} from recent where not gone")


def remember_all(engine: Engine, lake: str, states: str) -> int:
    """Keeps these states and no others; how many rows changed."""
    changed = engine.replace(lake, COMPARABLES, f"select {_SAID} from {states}")
    _empty(engine, lake)
    return changed


def remember_changes(engine: Engine, lake: str, changed: str, states: str) -> int:
    """Keeps the states of the `changed` records, of which those without a state are no more; how many rows changed."""
    ((others, new, base),) = engine.rows(
        f"select (select count(*) from recent r where not exists (select 1 from {changed} c"
        f" where c.record_id = r.record_id)), (select count(*) from {changed}), (select count(*) from base)"
    )
    said = ", ".join(f"s.{column}" for column in STATE if column != "record_id")
    rows = f"select c.record_id, {said}, s.record_id is null as gone from {changed} c left join {states} s"
    count = engine.replace(lake, RECENT, f"{rows} on s.record_id = c.record_id", naming(changed, "record_id"))
    if others + new > FOLDED_AT * base:
        engine.delta("recent", lake, RECENT)
        engine.let("folded", "select record_id from recent")
        engine.replace(lake, COMPARABLES, f"select {_SAID} from recent where not gone", naming("folded", "record_id"))
        _empty(engine, lake)
    return count


def _empty(engine: Engine, lake: str) -> None:
    engine.delta("recent", lake, RECENT)
    if engine.rows("select 1 from recent limit 1"):
        engine.replace(lake, RECENT, "select * from recent where 1 = 0")
