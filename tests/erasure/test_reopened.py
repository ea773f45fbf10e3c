"""What a restored backup opens again is told from what nobody erased, and from what was asked for afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select

from consent.tombstones.dates import ErasureDates
from consent.tombstones.digests import Tombstones, bury, tombstones_of
from contracts.identifiers import Identifier
from erasure import journal
from erasure.people.subject import Subject
from erasure.reopened import carried_out, later_intakes, senders, take_up
from stores.schema import erasures, intakes, privacy_request_events, privacy_requests

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(days=9), NOW + timedelta(days=9)
KEY = b"key"
EVE, PAUL = Identifier("email", "eve@inbox.example"), Identifier("email", "paul@inbox.example")


def erased(engine: Engine) -> ErasureDates:
    """Eve was erased now, and somebody else a month later."""
    hers, anothers = tombstones_of(KEY, {EVE}, ["crm:1"]), tombstones_of(KEY, set(), ["crm:9"])
    with engine.begin() as connection:
        bury(connection, hers, "e_1", NOW)
        bury(connection, anothers, "e_2", NOW + timedelta(days=30))
        return ErasureDates.of(connection, Tombstones(KEY, frozenset(hers | anothers)))


def take_in(engine: Engine, intake_id: str, at: datetime, sender: Identifier | None) -> None:
    row: dict[str, Any] = {"intake_id": intake_id, "kind": "access", "channel": "web", "language": "fr"}
    row |= {"state": "open", "received_at": at, "due_on": at.date(), "recorded_by": "o"}
    row |= {"contact_kind": sender.kind, "contact": sender.value} if sender else {}
    with engine.begin() as connection:
        connection.execute(insert(intakes).values(row))


def ask(engine: Engine, request_id: str, profile_id: str, state: str = "in_progress", **said: Any) -> None:
    row = {"request_id": request_id, "kind": "erasure", "profile_id": profile_id, "state": state}
    row |= {"received_at": EARLIER, "due_on": NOW.date(), "details": {}}
    with engine.begin() as connection:
        connection.execute(insert(privacy_requests).values(row | said))


def test_what_erased_people_ask_for_afterwards_is_no_matter_of_their_erasure(engine: Engine) -> None:
    for name, at in (("before", EARLIER), ("same", NOW), ("after", LATER), ("last", NOW + timedelta(days=31))):
        take_in(engine, f"eve-{name}", at, EVE)
        take_in(engine, f"paul-{name}", at, PAUL)
        take_in(engine, f"nobody-{name}", at, None)
    known = erased(engine)
    with engine.connect() as connection:
        assert later_intakes(connection, known) == {"eve-after", "eve-last", "paul-last", "nobody-last"}
        assert senders(connection, known) == {EVE}


def test_a_request_was_carried_out_if_all_that_it_names_was_erased_after_it_came(engine: Engine) -> None:
    subject, mail = Subject(profiles={"p_eve"}), [{"kind": "email", "value": EVE.value}]
    ask(engine, "whole", "p_eve")
    ask(engine, "part", "p_paul", details={"records": ["crm:1"]})
    ask(engine, "named", "i_1", "identity_checked", details={"identifiers": mail})
    ask(engine, "more", "p_vera", details={"records": ["crm:1", "crm:2"]})
    ask(engine, "typo", "p_nobody")
    ask(engine, "access", "p_eve", kind="access")
    ask(engine, "done", "p_eve", "done")
    ask(engine, "since", "p_zoe", details={"records": ["crm:1"]}, received_at=LATER)
    ask(engine, "goes on", "i_2", details={"identifiers": mail})
    known = erased(engine)
    with engine.begin() as connection:
        journal.begin(connection, ["goes on"], Subject(), KEY, NOW)
        found = carried_out(connection, subject, known)
        assert found == ["named", "part", "whole"]
        take_up(connection, subject, found, {"lake": {"silver/records": 1}}, KEY, NOW)
        # All are under way, with a word on who took the step; they are one erasure, of which the rest is to be done.
        states = dict(connection.execute(select(privacy_requests.c.request_id, privacy_requests.c.state)).all())
        assert {states[one] for one in found} == {"in_progress"}
        steps = privacy_request_events.c
        taken = connection.execute(select(steps.request_id, steps.actor, steps.step)).all()
        assert [tuple(row) for row in taken] == [("named", "erasure", "start")]
        [erasure_id] = {journal.unfinished(connection, [one]) for one in found}
        assert journal.steps(connection, str(erasure_id)) == {"lake": {"silver/records": 1}}
        take_up(connection, subject, [], {}, KEY, NOW)
        assert len(connection.execute(select(erasures)).all()) == 2
