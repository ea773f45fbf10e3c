"""The states of all records between runs."""

from identity.matching.state import STATE
from lake.overlay import put, take, whole
from lake.sql_engine import Engine, naming
from lake.tables import COMPARABLES

_SAID = ", ".join(STATE)


def remembered(engine: Engine, lake: str) -> None:
    """Names as `states` what the last run left."""
    take(engine, lake, COMPARABLES, "states")
    engine.view("states", whole("states", STATE, COMPARABLES.key))


def remembered_of(records: str) -> str:
    """SELECT of the remembered states of some records, a table.

    Of the large table only their rows are read as far as that goes: it is asked first, and for nothing else.
    """
    stay = f"(select record_id from {records} w where not {naming('states_recent', 'record_id')})"
    return (
        f"select {_SAID} from states_base w where {naming(stay, 'record_id')}"
        f" union all select {_SAID} from states_recent w where not gone and {naming(records, 'record_id')}"
    )


def remember_changes(engine: Engine, lake: str, changed: str, states: str) -> int:
    """Keeps the states of the `changed` records, of which those without a state are no more; how many rows changed."""
    said = ", ".join(f"s.{column}" for column in STATE if column != "record_id")
    engine.let(
        "remembered_now",
        f"select c.record_id, {said}, s.record_id is null as gone"
        f" from {changed} c left join {states} s on s.record_id = c.record_id",
    )
    return put(engine, lake, COMPARABLES, "states", "remembered_now")
