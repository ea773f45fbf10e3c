"""Who is joined live, and by what: never by a value of many, and always by who signed in."""

import pytest
from sqlalchemy import Engine

from tests.read_model.live.collecting import accept, batch_record, events_of, owner, project_all, signed
from tests.read_model.live.test_projection import NOW, document, identify, visitor


def test_a_value_of_many_addresses_without_a_name_joins_nobody(engine: Engine) -> None:
    for number in range(6):
        batch_record(engine, f"crm:{number}", f"p-{number}", email=f"p{number}@inbox.example", customer_number="a7-7")
    external = {"externalIds": [{"type": "customer_number", "id": "A7-7"}]}
    accept(engine, NOW, identify("u1", traits={"email": "u1@inbox.example"}, context=external))
    accept(engine, NOW, identify("u2", context=external))
    project_all(engine, NOW)
    owners = {owner(engine, "app:u1"), owner(engine, "app:u2")}
    assert len(owners) == 2 and not owners & {f"p-{number}" for number in range(6)}


@pytest.mark.parametrize("server", [True, False])
def test_every_device_of_a_person_joins_however_many_there_are(engine: Engine, server: bool) -> None:
    for number in range(12):
        accept(engine, NOW, {"anonymousId": f"a{number}", "event": "Seen"}, server=False)
        accept(engine, NOW, signed("u1", type="page", anonymousId=f"a{number}"), server=server)
        project_all(engine, NOW)
    assert {owner(engine, visitor(f"a{number}")) for number in range(12)} == {owner(engine, "app:u1")}
    assert len(events_of(engine, owner(engine, "app:u1"))) == 24
    listed = [one for one in document(engine, owner(engine, "app:u1"))["identifiers"] if one["kind"] == "visitor_id"]
    assert {one["value"] for one in listed} >= {f"app:a{number}" for number in range(12)}, "each visitor says its own"
    accept(engine, NOW, signed("u2", type="page", anonymousId="a11"), server=server)
    project_all(engine, NOW)
    assert owner(engine, "app:u2") != owner(engine, "app:u1") == owner(engine, visitor("a11")), "who was first stays"
