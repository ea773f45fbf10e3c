"""Records as numbers: a run over all records pairs millions of them, and two ids are 40 bytes where two numbers are 8.

A record's number is its place among the sorted ids, so whatever goes by the order of ids goes by that of numbers too.
"""

from collections.abc import Iterable

import numpy as np

from identity.clustering.cluster import Pair
from identity.matching.comparables import COMPARABLE_COLUMNS
from lake.sql_engine import Engine
from spark_jobs.resolve.graph import Graph


def number(engine: Engine, records: str) -> None:
    """`numbered`: record_id and place, from 0, of a table's records."""
    engine.let(
        "numbered",
        f"select record_id, cast(row_number() over (order by record_id) - 1 as int) as place from {records}",
    )


def by_number(comparables: str) -> str:
    """SELECT of comparables whose `record_id` is their record's number."""
    said = ", ".join(f"s.{column}" for column in COMPARABLE_COLUMNS if column != "record_id")
    return f"select n.place as record_id, {said} from {comparables} s join numbered n on n.record_id = s.record_id"


def named(pairs: str, said: str) -> str:
    """SELECT of pairs of numbers, and what is `said` of them, with their ids."""
    return (
        f"select a.record_id as left_id, b.record_id as right_id, {said} from {pairs} p"
        " join numbered a on a.place = p.left_id join numbered b on b.place = p.right_id"
    )


def placed(pairs: str, said: str) -> str:
    """SELECT of pairs of ids, and what is `said` of them, with their numbers."""
    return (
        f"select a.place as left_id, b.place as right_id, {said} from {pairs} p"
        " join numbered a on a.record_id = p.left_id join numbered b on b.record_id = p.right_id"
    )


def graph_of(engine: Engine, pairs: str, must_link: Iterable[Pair] = ()) -> Graph:
    """The graph of `numbered` records and of a SELECT of left_id, right_id (which is greater), both numbers, and
    weight, each pair once."""
    ids = engine.arrow("select record_id from numbered order by place")["record_id"].combine_chunks()
    left, right, weight = (column.to_numpy() for column in engine.arrow(pairs).columns)
    return Graph(ids, left.astype(np.int64), right.astype(np.int64), weight, []).joining(must_link)
