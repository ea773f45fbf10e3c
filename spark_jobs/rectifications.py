"""PostgreSQL -> lake: the values that people put right, so that the batch lets them win as the API does."""

import argparse
import json

from pyspark.sql import SparkSession
from sqlalchemy import Connection, select

from contracts.settings import settings
from lake.session import spark_session
from lake.tables import RECTIFICATIONS, exists, write_changes
from stores.postgres import migrated
from stores.schema import rectifications
from stores.taking_turns import batch_job


def pull(spark: SparkSession, lake: str, connection: Connection) -> int:
    """Makes the lake hold what PostgreSQL holds; says how many values changed."""
    columns = [rectifications.c[name] for name in RECTIFICATIONS.struct.fieldNames()]
    found = [tuple(row) for row in connection.execute(select(*columns))]
    if not found and not exists(spark, lake, RECTIFICATIONS):
        return 0
    rows = spark.createDataFrame(found, RECTIFICATIONS.struct)
    return write_changes(spark, lake, RECTIFICATIONS, rows, deletes=True)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    given = parser.parse_args(args)
    with batch_job(settings()) as stores, migrated(stores.database_url) as engine, engine.begin() as connection:
        print(json.dumps({"rows_changed": pull(spark_session(settings()), given.lake, connection)}))


if __name__ == "__main__":
    main()
