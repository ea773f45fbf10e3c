"""A few records are compared by the service as a batch compares them all: the same pairs, of the same weights."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert

from identity.matching.model import load
from identity.matching.sharing import MOST_HOLDERS
from identity.stewarding.scoring import weights
from profile_api.stewardship.queries.scored import compared, scored
from read_model.rebuild import rebuild
from stores import schema
from tests.profile_api.people import NOW
from tests.spark_jobs.resolve.lake_in_memory import MODEL, LakeInMemory
from tests.spark_jobs.silver import person_channel, record

CRM = person_channel()

# Few values, so that keys pass their caps and e-mails and phones are several people's.
said = st.fixed_dictionaries(
    {"given": st.sampled_from(["Anna", "Luc", "Robert", "Bob", ""])},
    optional={
        "family": st.sampled_from(["Roux", "Petit"]),
        "mail": st.sampled_from(["anna.roux@mail.example", "anna.roux@post.example", "famille@mail.example"]),
        "born": st.sampled_from(["1980-03-02", "1980-03-03", "2001-07-08"]),
        "phone": st.sampled_from(["0199000123", "0199000124"]),
        "street": st.sampled_from(["12 rue des Lilas", "3 quai Nord"]),
    },
)


def write(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """The records as one profile, and a model."""
    model = {"version": "v1", "trained_at": NOW, "parameters": asdict(load()), "names": {"given": {}, "family": {}}}
    connection.execute(insert(schema.models).values(model))
    for row in rows:
        document = json.loads(json.dumps(row, default=str))
        one = {"record_id": row["record_id"], "profile_id": "p", "document": document}
        connection.execute(insert(schema.records).values(one))
    rebuild(connection, {"p"}, NOW)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(said, min_size=2, max_size=24))
def test_the_service_weighs_the_pairs_of_the_batch(engine: Engine, people: list[dict[str, Any]]) -> None:
    rows = [record({"id": str(number), **one}, CRM) for number, one in enumerate(people)]
    lake = LakeInMemory()
    lake.run(rows)
    batch = {(left, right): weight for (left, right, rule), weight in lake.edges.items() if rule == MODEL}
    lake.engine.close()
    with engine.connect() as connection:  # and nothing stays of it
        write(connection, rows)
        found = weights(load(), scored(connection, [row["record_id"] for row in rows]).vectors)
    assert found == pytest.approx(batch, abs=1e-5)


def test_however_many_nameless_records_hold_a_mailbox_those_who_have_names_tell_whose_it_is(engine: Engine) -> None:
    mail = {"mail": "famille@mail.example"}
    rows = [record({"id": f"a{number:03}", **mail}, CRM) for number in range(MOST_HOLDERS)]
    rows += [record({"id": f"b-{given}", "given": given, **mail}, CRM) for given in ("Anna", "Luc", "Robert")]
    with engine.connect() as connection:
        write(connection, rows)
        columns = compared(connection, [row["record_id"] for row in rows[-2:]])
    assert [one["email_shared"] for one in columns.values()] == [["famille@mail.example"]] * 2
