"""Whoever the records belong to: profiles, identifiers and versions follow at once, as the batch would write them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, insert, select, update

from read_model.rebuild import profile_document, rebuild, record_of
from stores.schema import identifiers, profiles, records
from tests.spark_jobs.silver import person_channel, record

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
RECORDS = [f"crm:{number}" for number in range(5)]
HOMES = st.fixed_dictionaries({one: st.sampled_from(["p-a", "p-b", "p-c"]) for one in RECORDS})


def document(record_id: str) -> dict[str, Any]:
    """As the publication keeps a record: dates as text."""
    number = int(record_id.rpartition(":")[2])
    row = {"id": str(number), "given": f"Name{number}", "mail": f"m{number // 2}@mail.example"}
    said: dict[str, Any] = record(row, person_channel())
    return json.loads(json.dumps(said | {"observed_at": (NOW - timedelta(days=number)).isoformat()}, default=str))


def assign(connection: Connection, homes: dict[str, str]) -> None:
    for one, home in homes.items():
        connection.execute(update(records).where(records.c.record_id == one).values(profile_id=home))


def stored(connection: Connection) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    rows = connection.execute(select(profiles.c.profile_id, profiles.c.document)).all()
    held = connection.execute(select(identifiers.c.value, identifiers.c.profile_id)).all()
    return {row.profile_id: row.document for row in rows}, {(row.value, row.profile_id) for row in held}


def expected(homes: dict[str, str]) -> dict[str, Any]:
    of: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(homes):
        of.setdefault(homes[one], []).append(record_of(document(one)))
    return {one: profile_document(one, its, {}) for one, its in of.items()}


@given(st.lists(HOMES, min_size=1, max_size=4))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_profiles_are_what_their_records_say_whatever_they_were_before(engine: Engine, days: list[Any]) -> None:
    with engine.begin() as connection:
        for table in (profiles, identifiers, records):
            connection.execute(delete(table))
        rows = [{"record_id": one, "profile_id": "p-a", "document": document(one)} for one in RECORDS]
        connection.execute(insert(records), rows)
        before = dict.fromkeys(RECORDS, "p-a")
        rebuild(connection, ["p-a"], NOW)
        for number, homes in enumerate(days, 1):
            assign(connection, homes)
            touched = {*before.values(), *homes.values()}
            was = stored(connection)[0]
            rebuilt = rebuild(connection, touched, NOW + timedelta(minutes=number))
            found, held = stored(connection)
            assert found == expected(homes)
            assert held == {(one["value"], p) for p, said in found.items() for one in said["identifiers"]}
            assert rebuilt.gone == touched - set(homes.values())
            assert rebuilt.changed == {one for one in found if was.get(one) != found[one]}
            assert not rebuild(connection, touched, NOW + timedelta(hours=number)).changed, "a second time is nothing"
            before = homes
