"""Consent: retention is decoration. Refused messages, notes and old events leave PostgreSQL by their own times."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from consent.purposes import published_purposes
from consent.retention import nothing_kept_until
from erasure.operational import holds
from erasure.retention import deleted, events, papers, runs, whole
from erasure.retention.people import OnHold, held
from lake.tables import QUARANTINE
from stores import schema
from tests.conversations import handed_over
from tests.profile_api.people import ANA, BEN, NOW, write_people

PURPOSES = {name: one for name, one in published_purposes().items() if not one.refused}
KEY = b"k" * 32


@pytest.fixture
def people_on_file(engine: Engine) -> None:
    write_people(engine)


def rows(engine: Engine, table: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def request(request_id: str, state: str, received_at: datetime) -> dict[str, Any]:
    of = {"request_id": request_id, "kind": "access", "profile_id": f"p-{request_id}", "state": state}
    return of | {"received_at": received_at, "due_on": received_at.date(), "details": {"fields": {"city": "Lyon"}}}


def test_a_refused_message_is_not_kept_for_ever(engine: Engine) -> None:
    row = {"source": "web", "reason": "no user", "raw": b"somebody@inbox.example"}
    with engine.begin() as connection:
        for days in (89, 91):
            values = row | {"received_at": NOW - timedelta(days=days)}
            connection.execute(insert(schema.inbox_quarantine).values(values))
        assert papers.due(connection, NOW) == {"inbox_quarantine": 1}
        assert papers.forget(connection, NOW, KEY) == {"inbox_quarantine": 1}
        assert papers.forget(connection, NOW, KEY) == {}
    (kept,) = rows(engine, schema.inbox_quarantine)
    assert kept["received_at"] == NOW - timedelta(days=89)


def test_a_request_that_was_closed_long_ago_names_nobody_and_an_open_one_stays(engine: Engine) -> None:
    old = NOW - timedelta(days=6 * 366)
    with engine.begin() as connection:
        for name, state, at in (("done", "done", old), ("open", "in_progress", old), ("new", "done", NOW)):
            connection.execute(insert(schema.privacy_requests).values(request(name, state, at)))
            event = {"request_id": name, "at": at, "actor": "officer", "step": "receive", "state": state}
            made = (
                insert(schema.privacy_request_events).values(event).returning(schema.privacy_request_events.c.event_id)
            )
            note = {"event_id": connection.scalar(made), "note": f"said {name}"}
            connection.execute(insert(schema.privacy_request_notes).values(note))
        assert papers.forget(connection, NOW, KEY) == {"privacy_request_notes": 1, "privacy_requests": 1}
        assert papers.forget(connection, NOW, KEY) == {}
    found = {one["request_id"]: one for one in rows(engine, schema.privacy_requests)}
    assert found["done"]["profile_id"].startswith("erased:") and found["done"]["details"] == {}
    assert (found["open"]["profile_id"], found["new"]["profile_id"]) == ("p-open", "p-new")
    assert {one["note"] for one in rows(engine, schema.privacy_request_notes)} == {"said open", "said new"}


def test_a_hold_that_was_lifted_is_forgotten_in_time_and_one_that_stands_never(engine: Engine) -> None:
    old = NOW - timedelta(days=6 * 366)
    with engine.begin() as connection:
        lifted = holds.place(connection, ["crm:1"], "lawsuit 1", "officer", old)
        standing = holds.place(connection, ["crm:2"], "lawsuit 2", "officer", old)
        assert holds.lift(connection, lifted, "ended", "officer", old)
        assert papers.forget(connection, NOW, KEY) == {"legal_holds": 1}
        assert set(holds.in_force(connection)) == {standing}


@pytest.mark.usefixtures("people_on_file")
def test_what_is_said_of_a_record_stays_with_its_person_and_goes_where_nobody_has_it(engine: Engine) -> None:
    record = {"record_id": "web:9", "profile_id": BEN, "document": {}}
    said = {"position": 10, "stated_at": NOW, "channel": "chat", "stated_through": "bot", "recorded_by": "bot-1"}
    became = {"suggestion": "5a4c", "rule": "offer_a_person", "outcome": "accepted"}
    with engine.begin() as connection:
        connection.execute(insert(schema.records).values(record))
        for record_id, years in (("web:9", 4), ("web:10", 4), ("web:11", 2)):
            at = NOW - timedelta(days=366 * years)
            connection.execute(
                insert(schema.dial_statements).values(said | {"record_id": record_id, "received_at": at})
            )
            given = became | {"record_id": record_id, "given_on": at.date()}
            connection.execute(insert(schema.suggestion_feedback).values(given))
        assert papers.forget(connection, NOW, KEY) == {"dial_statements": 1, "suggestion_feedback": 1}
    for table in (schema.dial_statements, schema.suggestion_feedback):
        assert {one["record_id"] for one in rows(engine, table)} == {"web:9", "web:11"}


@pytest.mark.usefixtures("people_on_file")
def test_a_milestone_that_was_seen_stays_with_its_record_or_event_and_goes_where_nobody_has_it(engine: Engine) -> None:
    under = [("web:9", None, 4), (None, "orders:003", 4), ("web:10", None, 4), (None, "orders:gone", 4)]
    under += [("web:11", None, 0)]
    with engine.begin() as connection:
        connection.execute(insert(schema.records).values(record_id="web:9", profile_id=BEN, document={}))
        for record_id, event_id, years in under:
            row = {"record_id": record_id, "event_id": event_id, "seen_at": NOW - timedelta(days=366 * years)}
            row |= {"milestone": "return", "years": None, "day": NOW.date(), "seen_by": "advisor-1"}
            connection.execute(insert(schema.milestones_seen).values(row))
        assert papers.forget(connection, NOW, KEY) == {"milestones_seen": 2}
    left = {one["record_id"] or one["event_id"] for one in rows(engine, schema.milestones_seen)}
    assert left == {"web:9", "orders:003", "web:11"}


def test_a_conversation_goes_three_years_after_the_last_word_with_its_hand_offs_unless_it_is_on_hold(
    engine: Engine,
) -> None:
    old, new = NOW - timedelta(days=366 * 4), NOW - timedelta(days=366 * 2)
    late = {"conversation_id": "heard", "kind": "message", "at": new, "said_by": "customer", "text": "again"}
    with engine.begin() as connection:
        for record_id, conversation_id, at in (
            ("web:9", "silent", old),
            ("web:9", "heard", old),
            ("web:9", "new", new),
            ("web:10", "held", old),
        ):
            handed_over(connection, record_id, conversation_id, at)
        connection.execute(insert(schema.conversation_entries).values(late))
        holds.place(connection, ["web:10"], "lawsuit 1", "officer", NOW)
        assert papers.forget(connection, NOW, KEY) == {"conversations": 1}
    for table in (schema.conversations, schema.handoffs, schema.conversation_entries):
        assert {one["conversation_id"] for one in rows(engine, table)} == {"heard", "new", "held"}
    assert {one["handoff_id"] for one in rows(engine, schema.handoff_events)} == {"of-heard", "of-new", "of-held"}


def test_that_an_advisor_was_at_work_is_forgotten_after_a_month(engine: Engine) -> None:
    row: dict[str, Any] = {"languages": ["fr"], "skills": [], "capacity": 3}
    with engine.begin() as connection:
        for actor, days in (("claire", 29), ("marc", 31)):
            until = NOW - timedelta(days=days)
            connection.execute(insert(schema.advisor_presence).values(row | {"actor": actor, "until": until}))
        assert papers.forget(connection, NOW, KEY) == {"advisor_presence": 1}
    assert [one["actor"] for one in rows(engine, schema.advisor_presence)] == ["claire"]


@pytest.mark.usefixtures("people_on_file")
def test_an_event_goes_when_no_purpose_keeps_its_category_and_a_held_one_stays(engine: Engine) -> None:
    now = NOW + timedelta(days=6 * 366)  # behaviour is kept for five years, orders for ten
    starts = nothing_kept_until(PURPOSES.values(), now)
    with engine.begin() as connection:
        hold = holds.place(connection, ["crm:42"], "lawsuit 24/1234", "officer", now)
        assert held(connection) == OnHold(frozenset({"crm:42"}), frozenset({ANA}))
        assert not events.served(connection, starts, held(connection))
        assert holds.lift(connection, hold, "ended", "officer", now)
        none = held(connection)
        counts = events.served(connection, starts, none)
        assert set(counts) == {"behaviour", "sensitive"}, "what was ordered is still kept by law"
        version = next(one["version"] for one in rows(engine, schema.profiles) if one["profile_id"] == ANA)
        assert events.forget_served(connection, starts, none, now) == {"timeline": counts.total()}
        assert events.forget_served(connection, starts, none, now) == {}
    left = {one["document"]["categories"]["type"] for one in rows(engine, schema.timeline)}
    assert left == {"transaction"}
    assert [one["profile_id"] for one in rows(engine, schema.features_due)] == [ANA]
    (ana,) = [one for one in rows(engine, schema.profiles) if one["profile_id"] == ANA]
    assert ana["version"] == version + 1, "another view is another version"


def test_an_event_of_no_known_category_is_kept_no_longer_than_any(engine: Engine) -> None:
    starts = nothing_kept_until(PURPOSES.values(), NOW)
    document = {"channel": "web", "type": "odd", "properties": {}, "categories": {}}
    with engine.begin() as connection:
        for name, years in (("old", 6), ("young", 4)):
            row = {"event_id": f"web:{name}", "occurred_at": NOW - timedelta(days=366 * years), "document": document}
            connection.execute(insert(schema.timeline).values(row))
        none = OnHold(frozenset(), frozenset())
        assert events.served(connection, starts, none) == {"unlabelled": 1}
        events.forget_served(connection, starts, none, NOW)
    assert [one["event_id"] for one in rows(engine, schema.timeline)] == ["web:young"]


def test_retention_asks_for_an_erasure_once_and_leaves_a_persons_own_request_to_itself(engine: Engine) -> None:
    with engine.begin() as connection:
        own = request("own", "in_progress", NOW) | {"kind": "erasure", "profile_id": BEN}
        connection.execute(insert(schema.privacy_requests).values(own))
        for _ in range(2):
            whole.file(connection, [ANA, BEN], NOW)
        (filed,) = whole.open_requests(connection)
        assert filed.startswith(whole.FILED)
        connection.execute(update(schema.privacy_requests).values(state="done"))
        assert whole.open_requests(connection) == []
    assert {one["profile_id"] for one in rows(engine, schema.privacy_requests)} == {ANA, BEN}


def test_a_run_goes_on_at_its_own_instant_and_a_new_one_begins_after_it_has_ended(engine: Engine) -> None:
    later = NOW + timedelta(days=1)
    with engine.begin() as connection:
        run_id, at, steps = runs.taken_up(connection, NOW)
        assert (at, steps) == (NOW, {})
        runs.done(connection, run_id, "people", {"people": 2})
        runs.done(connection, run_id, "files", 3)
        assert runs.taken_up(connection, later) == (run_id, NOW, {"people": {"people": 2}, "files": 3})
        runs.again(connection, run_id)
        assert runs.taken_up(connection, later) == (run_id, NOW, {})
        runs.end(connection, run_id, {"certificate": {}})
        other, at, _ = runs.taken_up(connection, later)
        assert (other != run_id, at) == (True, later)


def test_every_kind_of_paper_has_a_period_and_a_reason() -> None:
    assert set(papers.periods()) == {*papers.PAPERS, papers.READS, QUARANTINE.name, deleted.NAME}
    assert NOW.tzinfo is UTC


def test_of_every_table_of_the_database_it_is_said_when_what_it_holds_ends() -> None:
    by_period, otherwise = set(papers.periods()) - {QUARANTINE.name, deleted.NAME}, set(papers.others())
    assert not by_period & otherwise
    assert by_period | otherwise == set(schema.metadata.tables)


def intake(state: str, request_id: str | None, received_at: datetime) -> dict[str, Any]:
    of = {"intake_id": f"i-{state}-{request_id}", "kind": "access", "channel": "post", "language": "fr", "state": state}
    of |= {"received_at": received_at, "due_on": received_at.date(), "request_id": request_id, "recorded_by": "officer"}
    return of | {"name": "Somebody", "contact_kind": None, "contact": None, "said": "please"}


def test_an_intake_that_was_answered_a_year_ago_is_forgotten_and_one_that_waits_never(engine: Engine) -> None:
    old = NOW - timedelta(days=400)
    with engine.begin() as connection:
        for name, state in (("r-done", "done"), ("r-open", "in_progress")):
            connection.execute(insert(schema.privacy_requests).values(request(name, state, NOW)))
        for state, of in (("open", None), ("closed", None), ("matched", "r-done"), ("matched", "r-open")):
            connection.execute(insert(schema.intakes).values(intake(state, of, old)))
        connection.execute(insert(schema.intakes).values(intake("closed", "young", NOW)))
        assert papers.due(connection, NOW) == papers.forget(connection, NOW, KEY) == {"intakes": 2}
    left = {(one["state"], one["request_id"]) for one in rows(engine, schema.intakes)}
    assert left == {("open", None), ("matched", "r-open"), ("closed", "young")}


def test_an_alert_goes_with_the_reads_that_it_speaks_of(engine: Engine) -> None:
    alert = {"rule": "many", "actor": "claire", "role": "advisor", "people": 90}
    with engine.begin() as connection:
        for at in (NOW - timedelta(days=3 * 366), NOW):
            times = {"day": at.date(), "at": at, "first_at": at, "last_at": at}
            connection.execute(insert(schema.reading_alerts).values(alert | times))
        assert papers.due(connection, NOW) == papers.forget(connection, NOW, KEY) == {"reading_alerts": 1}
    assert [one["at"] for one in rows(engine, schema.reading_alerts)] == [NOW]
