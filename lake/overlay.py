"""Overlays: small tables with the changes of large ones, of which a day changes scattered rows, one in a hundred.

Merging these rows would rewrite the whole large table. In the overlay deleted rows are marked `gone`; it is merged
into the large table once it has a tenth of its size.
"""

from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.sql_engine import Engine, naming
from lake.tables import Table, read

FOLDED_AT = 0.1
"""The share of the large table's size from which the overlay is merged into it."""


def parts(table: Table) -> tuple[Table, Table]:
    """A large table and its overlay, for whoever has to know both: who deletes, purges, follows or migrates them."""
    schema = f"{table.schema}, gone boolean"
    return table, Table(f"{table.name}_recent", schema, table.key, table.statistics, table.feed)


def read_whole(spark: SparkSession, lake: str, table: Table) -> DataFrame:
    """The large table and its overlay as one, read by Spark."""
    base, recent = (read(spark, lake, part) for part in parts(table))
    stays = base.join(F.broadcast(recent.select(*table.key)), list(table.key), "left_anti")
    return stays.unionByName(recent.where("not gone").drop("gone"))


def take(engine: Engine, lake: str, table: Table, name: str) -> None:
    """Registers the two parts of the table, `<name>_base` and `<name>_recent`."""
    base, recent = parts(table)
    engine.delta(f"{name}_base", lake, base)
    engine.delta(f"{name}_recent", lake, recent)


def whole(name: str, columns: Iterable[str], key: Iterable[str], among: str = "true") -> str:
    """SELECT of the rows `w` of both parts for which `among` is true."""
    column_list = ", ".join(columns)
    stays = f"(select {column_list} from {name}_base w where {among}) w where not {_keyed(f'{name}_recent', key)}"
    return f"select * from {stays} union all select {column_list} from {name}_recent w where not gone and ({among})"


def whole_of(name: str, columns: Iterable[str], records: str) -> str:
    """The same of the records of a table; the base table is filtered before it is joined."""
    column_list = ", ".join(columns)
    stay = f"(select record_id from {records} w where not {naming(f'{name}_recent', 'record_id')})"
    return (
        f"select {column_list} from {name}_base w where {naming(stay, 'record_id')}"
        f" union all select {column_list} from {name}_recent w where not gone and {naming(records, 'record_id')}"
    )


def replace_all(engine: Engine, lake: str, table: Table, name: str, rows: str) -> int:
    """Replaces the table's rows by those of a query; returns how many rows changed."""
    changed = engine.replace(lake, table, rows)
    _empty(engine, lake, table, name)
    return changed


def replace_some(engine: Engine, lake: str, table: Table, name: str, rows: str, held: str) -> int:
    """Replaces the rows of `held`, a table of some of its rows, by those of a query; returns how many rows changed."""
    columns = ", ".join(table.struct.fieldNames())
    wanted, differing = f"{name}_wanted", f"{name}_differing"
    engine.let(wanted, f"select {columns} from ({rows}) r")
    new = f"select *, false as gone from (select * from {wanted} except select * from {held}) n"
    gone = f"select *, true as gone from {held} w where not {_keyed(wanted, table.key)}"
    engine.let(differing, f"{new} union all {gone}")
    return put(engine, lake, table, name, differing)


def put(engine: Engine, lake: str, table: Table, name: str, rows: str) -> int:
    """Stores rows, a table with `gone`, in place of those with their keys; returns how many rows changed."""
    among, recent = _keyed(rows, table.key), parts(table)[1]
    ((others, new, base),) = engine.rows(
        f"select (select count(*) from {name}_recent w where not {among}), (select count(*) from {rows}),"
        f" (select count(*) from {name}_base)"
    )
    changed = engine.replace(lake, recent, f"select * from {rows}", among)
    if others + new > FOLDED_AT * base:
        engine.delta(f"{name}_recent", lake, recent)
        engine.let("folded", f"select {', '.join(table.key)} from {name}_recent")
        stays = f"select {', '.join(table.struct.fieldNames())} from {name}_recent where not gone"
        engine.replace(lake, table, stays, _keyed("folded", table.key))
        _empty(engine, lake, table, name)
    return changed


def _empty(engine: Engine, lake: str, table: Table, name: str) -> None:
    recent = parts(table)[1]
    engine.delta(f"{name}_recent", lake, recent)
    engine.replace(lake, recent, f"select * from {name}_recent where 1 = 0")


def _keyed(rows: str, key: Iterable[str]) -> str:
    """Condition on a row `w` whose key is among the rows'."""
    return f"exists (select 1 from {rows} n where {' and '.join(f'n.{column} = w.{column}' for column in key)})"
