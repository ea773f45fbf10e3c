"""Everything in the stores without an answer, found by listing the stores themselves."""

from typing import Any

from sqlalchemy import Engine, text

from erasure.answers import elsewhere
from erasure.answers.postgres import ANSWERS, FEAST_SCHEMA, FEAST_TABLES
from erasure.lake.lake_tables import unanswered_tables
from erasure.scan import Stock

_COLUMNS = text(
    "SELECT table_schema, table_name, column_name FROM information_schema.columns"
    " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
)


def unanswered_columns(engine: Engine) -> set[str]:
    """Columns of the database, as schema.table.column, without an answer."""
    with engine.connect() as connection:
        rows = connection.execute(_COLUMNS).all()
    return {f"{schema}.{table}.{column}" for schema, table, column in rows if not _answered(schema, table, column)}


def unanswered_keys(client: Any) -> set[str]:
    """Keys of the online store without an answer, each by its prefix, which names nobody."""
    names = (key.decode("latin-1") for key in client.scan_iter(count=1000))
    return {f"key {name[:12]!r}" for name in elsewhere.unanswered(names, elsewhere.KEYS)}


def unanswered(stock: Stock) -> list[str]:
    """Everything without an answer; it is searched too, and the certificate lists it."""
    files = {str(file.relative_to(stock.beside)) for file in stock.beside.rglob("*") if file.is_file()}
    found = unanswered_tables(stock.lake) | unanswered_columns(stock.engine) | unanswered_keys(stock.client)
    return sorted(found | elsewhere.unanswered(files, elsewhere.FILES))


def _answered(schema: str, table: str, column: str) -> bool:
    if schema == FEAST_SCHEMA:
        return table in FEAST_TABLES
    return schema == "public" and table in ANSWERS and column in ANSWERS[table].columns
