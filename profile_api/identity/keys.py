"""Keeps the keys that find a record up with the records, at once and in the caller's transaction."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, select, text

from spark_jobs.resolve.caller_keys import index_keys
from spark_jobs.resolve.comparables import comparables
from spark_jobs.resolve.name_parts import NameFrequencies
from stores.schema import models, record_keys, records

_READ: dict[str, NameFrequencies] = {}


def write_keys(connection: Connection, profile_ids: Collection[str]) -> None:
    """Writes the keys of these profiles' records anew, under the names of the model in force."""
    found = connection.execute(
        select(records.c.record_id, records.c.document).where(records.c.profile_id.in_(sorted(profile_ids)))
    ).all()
    names = names_in_force(connection)
    keys = [(key, row.record_id) for row in found for key in index_keys(comparables(row.document, names))]
    connection.execute(delete(record_keys).where(record_keys.c.record_id.in_([row.record_id for row in found])))
    connection.execute(
        text("INSERT INTO record_keys SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:ids AS text[]))"),
        {"keys": [key for key, _ in keys], "ids": [record_id for _, record_id in keys]},
    )


def names_in_force(connection: Connection) -> NameFrequencies:
    """How common names are, as frozen with the newest model; none before the first."""
    digest = func.md5(models.c.names.op("::")(text("text")))
    newest = select(models.c.version, digest).order_by(models.c.trained_at.desc(), models.c.version).limit(1)
    row = connection.execute(newest).first()
    if row is None:
        return NameFrequencies()
    version, read = row
    if read not in _READ:
        names = connection.execute(select(models.c.names).where(models.c.version == version)).scalar_one()
        _READ.clear()
        _READ[read] = NameFrequencies(names.get("given", {}), names.get("family", {}))
    return _READ[read]
