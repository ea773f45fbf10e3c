"""Erasure of live users, in PostgreSQL alone: whatever their id is, it takes them and nobody else."""

import pytest
from sqlalchemy import Engine, select, text

from contracts.live_keys import visitor_key
from read_model.rebuild import rebuild
from stores import schema
from tests.attacks.erased_world import NASTY
from tests.attacks.erasing import EARLIER, erase, rows
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import accept, owner, project_all, signed


@pytest.mark.parametrize("user", NASTY)
def test_a_user_with_any_id_goes_and_everybody_elses_messages_stay(engine: Engine, user: str) -> None:
    for one in (user, "bob-77", "stays-5"):
        accept(engine, EARLIER, {"type": "identify", "userId": one, "traits": {"firstName": "Given"}})
        accept(engine, EARLIER, {"userId": one, "event": "Seen", "properties": {"path": "/", "product_id": user}})
        known = signed(" ".join(one.split()), event="Seen", anonymousId=f"device-of-{one}")
        accept(engine, EARLIER, known, server=False)
    accept(engine, EARLIER, {"userId": "bob-77", "messageId": "m-of-bob", "event": "Seen"})
    accept(engine, EARLIER, {"userId": user, "messageId": "bob-77", "event": "Seen"})
    project_all(engine, EARLIER)
    before = {table: rows(engine, table) for table in ("inbox", "live_records", "records", "timeline", "identifiers")}
    subject = erase(engine, f"app:{' '.join(user.split())}")
    theirs = {*subject.records, *subject.profiles}
    for table, held in before.items():
        after = rows(engine, table)
        assert not [row for row in after.values() if {row.get("record_id"), row.get("profile_id")} & theirs], table
        lost = [row for name, row in held.items() if name not in after]
        assert all({row.get("record_id"), row.get("profile_id")} & theirs for row in lost), table
        assert len(lost) > 0, table


@pytest.mark.parametrize("server", [True, False])
def test_who_signed_in_on_a_fresh_device_takes_its_visitor_along(engine: Engine, server: bool) -> None:
    hello = signed("fresh-1", type="identify", anonymousId="fresh-device")
    accept(engine, EARLIER, hello, server=server)
    accept(engine, EARLIER, signed("other", type="identify", anonymousId="other-device"), server=server)
    project_all(engine, EARLIER)
    subject = erase(engine, "app:fresh-1")
    assert f"app:{visitor_key('fresh-device')}" in subject.records
    with engine.connect() as connection:
        left = set(connection.scalars(select(schema.live_records.c.record_id)))
    assert left == {"app:other", f"app:{visitor_key('other-device')}"}


def test_a_visitor_who_is_somebody_elses_forgets_the_erased_user(engine: Engine) -> None:
    accept(engine, EARLIER, {"anonymousId": "kiosk", "event": "Seen"}, server=False)
    accept(engine, EARLIER, signed("first", type="identify", anonymousId="kiosk"), server=False)
    project_all(engine, EARLIER)
    visitor = f"app:{visitor_key('kiosk')}"
    with engine.begin() as connection:  # as a steward has it who tells them apart
        moved = text("UPDATE records SET profile_id = 'p-apart' WHERE record_id = :visitor")
        connection.execute(moved, {"visitor": visitor})
        rebuild(connection, ["p-apart", owner(engine, "app:first")], NOW)
    erase(engine, "app:first")
    with engine.connect() as connection:
        of = schema.live_records.c
        payload = connection.scalar(select(of.payload).where(of.record_id == visitor))
    assert payload and payload["bound"].startswith("erased-")
    accept(engine, NOW, signed("second", type="identify", anonymousId="kiosk"), server=False)
    project_all(engine, NOW)
    assert owner(engine, "app:second") != "p-apart", "who comes next takes nobody's visit along"


def test_an_event_on_a_device_that_only_the_erased_one_names_is_still_its_own_persons(engine: Engine) -> None:
    for number in range(6):  # a record names so many devices and no more
        accept(engine, EARLIER, {"userId": "busy", "anonymousId": f"busy-{number}", "event": "Seen"})
    accept(engine, EARLIER, {"userId": "erased-soon", "anonymousId": "busy-5", "event": "Seen"})
    accept(engine, EARLIER, {"userId": "busy", "anonymousId": "busy-5", "event": "Bought"})
    project_all(engine, EARLIER)
    erase(engine, "app:erased-soon")
    kept = [row for row in rows(engine, "timeline").values() if row["record_id"] == "app:busy"]
    assert len(kept) == 7


def test_a_claim_about_the_erased_one_keeps_nothing_of_theirs(engine: Engine) -> None:
    mine = {"type": "identify", "userId": "victim", "traits": {"email": "victim@inbox.example"}}
    accept(engine, EARLIER, mine)
    claims = {"type": "identify", "anonymousId": "elsewhere", "traits": {"email": "victim@inbox.example"}}
    accept(engine, EARLIER, claims, server=False)
    proven = signed("somebody", type="identify", traits={"email": "victim@inbox.example"})
    accept(engine, EARLIER, proven, server=False)
    project_all(engine, EARLIER)
    subject = erase(engine, "app:victim")
    assert {one.value for one in subject.identifiers} >= {"victim@inbox.example", "victim"}
    visitor = f"app:{visitor_key('elsewhere')}"
    left = {row["record_id"]: str(row) for row in rows(engine, "live_records").values()}
    assert left.keys() == {"app:somebody", visitor}, "who is proven keeps what they said"
    assert "victim" not in left[visitor], "a browser stays without it"
