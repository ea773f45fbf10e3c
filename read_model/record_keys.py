"""Updates the search keys of changed records, in the caller's transaction."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, text

from identity.matching.caller_keys import index_keys
from identity.matching.comparison_columns import comparison_columns
from read_model.model_in_force import model_in_force
from stores.schema import record_keys, records


def write_keys(connection: Connection, profile_ids: Collection[str]) -> None:
    """Writes the keys of these profiles' records anew, under the names of the model in force."""
    found = connection.execute(
        select(records.c.record_id, records.c.document).where(records.c.profile_id.in_(sorted(profile_ids)))
    ).all()
    names = model_in_force(connection).names
    keys = [(key, row.record_id) for row in found for key in index_keys(comparison_columns(row.document, names))]
    connection.execute(delete(record_keys).where(record_keys.c.record_id.in_([row.record_id for row in found])))
    connection.execute(
        text("INSERT INTO record_keys SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:ids AS text[]))"),
        {"keys": [key for key, _ in keys], "ids": [record_id for _, record_id in keys]},
    )
