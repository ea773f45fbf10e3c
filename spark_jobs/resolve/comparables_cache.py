"""The comparables of all records between runs."""

from identity.matching.comparables import COMPARABLE_COLUMNS
from lake.overlay import put, take, whole, whole_of
from lake.sql_engine import Engine
from lake.tables import COMPARABLES


def cached_comparables(engine: Engine, lake: str) -> None:
    """Names as `comparables` what the last run left."""
    take(engine, lake, COMPARABLES, "comparables")
    engine.view("comparables", whole("comparables", COMPARABLE_COLUMNS, COMPARABLES.key))


def cached_comparables_of(records: str) -> str:
    """SELECT of the cached comparables of some records, a table."""
    return whole_of("comparables", COMPARABLE_COLUMNS, records)


def cache_changes(engine: Engine, lake: str, changed: str, comparables: str) -> int:
    """Keeps the comparables of the `changed` records, and deletes those that have none now; how many rows changed."""
    said = ", ".join(f"s.{column}" for column in COMPARABLE_COLUMNS if column != "record_id")
    engine.let(
        "comparables_now",
        f"select c.record_id, {said}, s.record_id is null as gone"
        f" from {changed} c left join {comparables} s on s.record_id = c.record_id",
    )
    return put(engine, lake, COMPARABLES, "comparables", "comparables_now")
