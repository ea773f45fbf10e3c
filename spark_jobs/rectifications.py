"""PostgreSQL -> lake: the values that people put right, so that the batch lets them win as the API does."""

from pyspark.sql import SparkSession
from sqlalchemy import Connection, select

from contracts.settings import Settings
from spark_jobs.tables import RECTIFICATIONS, exists, write_changes
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from stores.schema import rectifications


def pull(spark: SparkSession, lake: str, connection: Connection) -> int:
    """Makes the lake hold what PostgreSQL holds; says how many values changed."""
    columns = [rectifications.c[name] for name in RECTIFICATIONS.struct.fieldNames()]
    found = [tuple(row) for row in connection.execute(select(*columns))]
    if not found and not exists(spark, lake, RECTIFICATIONS):
        return 0
    rows = spark.createDataFrame(found, RECTIFICATIONS.struct)
    return write_changes(spark, lake, RECTIFICATIONS, rows, deletes=True)


def pull_by_itself(spark: SparkSession, lake: str, config: Settings) -> int:
    """Like `pull`, for a step that is run by itself."""
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with engine.begin() as connection:
            changed = pull(spark, lake, connection)
        engine.dispose()
    return changed
