"""Whose timeline an event is on: the batch in Spark and the service on the store say the same of the same."""

from dataclasses import asdict

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from sqlalchemy import Engine, insert, select

from contracts.identifiers import Identifier
from lake.gold import attributed
from read_model.attribution import attribute, owner_of
from stores.schema import identifiers, records, timeline
from tests.profile_api.people import NOW

HELD = "array<struct<kind:string,value:string>>"
PEOPLE = ["p_a", "p_b", "p_c"]

one = st.builds(
    Identifier, st.sampled_from(["email", "phone", "device_id", "customer_number", "own_kind"]), st.sampled_from("12é")
)
several = st.lists(one, max_size=3, unique=True)
held_by = st.dictionaries(st.sampled_from([f"crm:{n}" for n in range(5)]), st.tuples(st.sampled_from(PEOPLE), several))
# Most events carry identifiers; some are of a record, which may be gone.
carried = several | st.sampled_from([f"crm:{n}" for n in range(7)])


@settings(max_examples=3, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held_by, st.lists(carried, min_size=1, max_size=20))
def test_batch_and_service_put_an_event_on_the_same_timeline(
    spark: SparkSession,
    engine: Engine,
    held: dict[str, tuple[str, list[Identifier]]],
    came: list[str | list[Identifier]],
) -> None:
    events = {
        f"web:{n}": (said, []) if isinstance(said, str) else (None, [asdict(one) for one in said])
        for n, said in enumerate(came)
    }

    def batch() -> dict[str, str | None]:
        owners = spark.createDataFrame(
            [(record, profile) for record, (profile, _) in held.items()], "record_id string, profile_id string"
        )
        known = spark.createDataFrame(
            [(record, list(map(asdict, said))) for record, (_, said) in held.items()],
            f"record_id string, identifiers {HELD}",
        )
        rows = [(event, *said) for event, said in events.items()]
        found = attributed(
            spark.createDataFrame(rows, f"event_id string, record_id string, identifiers {HELD}"), known, owners
        )
        return {row.event_id: row.profile_id for row in found.collect()}

    def service() -> dict[str, str | None]:
        with engine.connect() as connection:  # and nothing stays of it
            if held:
                rows = [{"record_id": of, "profile_id": whose, "document": {}} for of, (whose, _) in held.items()]
                connection.execute(insert(records), rows)
            for said, whose in {(said, whose) for whose, many in held.values() for said in many}:
                connection.execute(insert(identifiers).values(**asdict(said), profile_id=whose))
            document = {"categories": {"type": "behaviour"}}
            for event, (record, said) in events.items():
                row = {"event_id": event, "occurred_at": NOW, "document": document, "record_id": record}
                connection.execute(insert(timeline).values(row | {"identifiers": said}))
            attribute(connection, list(events))
            return dict(connection.execute(select(timeline.c.event_id, timeline.c.profile_id)).all())

    assert batch() == service()


def test_the_identifier_that_fewest_people_may_share_speaks_first() -> None:
    card, mail, phone = (Identifier(kind, "1") for kind in ("customer_number", "email", "phone"))
    sole = {card: "p_card", mail: "p_mail", phone: "p_phone"}
    assert owner_of([phone, mail, card], sole) == "p_card"
    assert owner_of([phone, mail], sole) == "p_mail"
    assert owner_of([Identifier("email", "2")], sole) is None
