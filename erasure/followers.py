"""Moves the readers of a purged table's change feed: those at its end stay there, the others read everything anew."""

from dataclasses import replace

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Connection, delete, select, update

from erasure.lake import purge
from feature_repo.batch import FEATURES
from feature_repo.progress import reached, remember
from stores.schema import publish_progress


def move_on(
    spark: SparkSession, lake: str, connection: Connection, client: Redis, moved: dict[str, tuple[int, int]]
) -> int:
    """Moves the positions of jobs, publication and online store; returns how many start afresh."""
    afresh = purge.move_on(spark, lake, moved)
    columns = publish_progress.c
    for name, version in connection.execute(select(columns.table_name, columns.delta_version)).all():
        span = moved.get(name.partition("@")[0])
        if span and version in span:
            connection.execute(update(publish_progress).where(columns.table_name == name).values(delta_version=span[1]))
        elif span:
            connection.execute(delete(publish_progress).where(columns.table_name == name))
            afresh += 1
    for view, table in FEATURES.items():
        position, span = reached(client, view), moved.get(table.name)
        if position is None or span is None:
            continue
        if position.version in span:
            remember(client, view, replace(position, version=span[1]))
        else:  # other definitions: the store is filled anew
            remember(client, view, replace(position, definitions="afresh"))
            afresh += 1
    return afresh
