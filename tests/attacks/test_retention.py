"""Consent: retention is decoration. What a purpose keeps no longer is withheld on every way out of the house."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, update

from consent.eligibility import Question, refusals
from consent.loading import published_policies
from consent.model import Actor, Role
from consent.purposes import published_purposes
from consent.retention import ended, ends, last_interaction, oldest_kept
from contracts.categories import Category
from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.gate import Gate
from profile_api.keys import DemoIssuer
from profile_api.throttle import Unlimited
from profile_api.webhooks.messages import Event, Subscription, signed
from stores.schema import audit, profiles, timeline
from tests.profile_api.people import ANA, ANA_EMAIL, DAN, NOW, Features, decide_consent, field, write_people

PURPOSES = published_purposes()
ENDED = "retention-ended"

Answers = dict[str, Any]
Ask = Callable[..., Answers]
"""Years after Ana's last interaction, route, purpose and role -> the answer."""

ROUTES: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "profile": ("GET", f"/v1/profiles/{ANA}", None),
    "merged-away id": ("GET", "/v1/profiles/p-old", None),
    "lookup": ("POST", "/v1/profiles/lookup", {"kind": "email", "value": ANA_EMAIL}),
    "timeline": ("GET", f"/v1/profiles/{ANA}/timeline", None),
    "features": ("GET", f"/v1/profiles/{ANA}/features", None),
    "context": ("POST", "/v1/bot/context", {"identifier": {"kind": "email", "value": ANA_EMAIL}}),
    "context by id": ("POST", "/v1/bot/context", {"profile_id": ANA}),
}


@pytest.fixture
def people(engine: Engine) -> None:
    write_people(engine)


@pytest.fixture
def ask(people: None, api_settings: Settings, database_url: str, issuer: DemoIssuer) -> Ask:
    def asked(after: timedelta, route: str = "profile", purpose: str = "service", role: Role = Role.BOT) -> Answers:
        now = NOW + after
        app = create_app(api_settings, database_url, Features(), clock=lambda: now)
        method, path, body = ROUTES[route]
        token = issuer.token(role, now, ANA if role is Role.CUSTOMER else None)
        sent = {"Authorization": f"Bearer {token}", "Purpose": purpose}
        answer = TestClient(app).request(method, path, json=body, headers=sent)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return asked


def years(number: float) -> timedelta:
    return timedelta(days=366 * number)


def withheld(answer: Answers) -> dict[str, str]:
    return {one["category"]: one["policy"] for one in answer["withheld"]}


def shown(answer: Answers) -> Any:
    data = answer["data"]
    return data.get("events") or data.get("features") or data.get("fields")


@pytest.mark.parametrize("route", ROUTES)
def test_a_person_last_seen_longer_ago_than_a_purpose_keeps_is_withheld_with_the_reason(ask: Ask, route: str) -> None:
    assert shown(ask(years(4.9), route))
    over = ask(years(5), route)
    covered = PURPOSES["service"].categories
    assert {withheld(over)[category] for category in covered} == {ENDED}
    assert over["decision"]["policy"] == ENDED and not shown(over)
    reasons = {one["reason"] for one in over["withheld"] if one["category"] == "identity"}
    assert reasons == {"For service, such data is kept for 5 years after the last interaction; that time has passed."}


def test_an_agent_over_mcp_is_told_no_more(
    people: None, api_settings: Settings, database_url: str, issuer: DemoIssuer
) -> None:
    now = NOW + years(5)
    app = create_app(api_settings, database_url, Features(), clock=lambda: now)
    sent = {"Authorization": f"Bearer {issuer.token(Role.BOT, now)}", "Accept": "application/json, text/event-stream"}
    calls = {
        "lookup_customer": {"kind": "email", "value": ANA_EMAIL, "purpose": "service"},
        "get_context": {"profile_id": ANA, "purpose": "service"},
    }
    with TestClient(app) as client:
        for tool, said in calls.items():
            call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": said}}
            told = client.post("/mcp/", json=call, headers=sent).json()["result"]["structuredContent"]
            assert not shown(told) and told["decision"]["policy"] == ENDED


def test_each_purpose_has_a_clock_of_its_own(ask: Ask) -> None:
    assert shown(ask(years(2.9), purpose="advice")) and not shown(ask(years(3.1), purpose="advice"))
    assert shown(ask(years(3.1), purpose="service"))
    assert shown(ask(years(9), purpose="legal_obligation", role=Role.PRIVACY_OFFICER))
    assert not shown(ask(years(10.1), purpose="legal_obligation", role=Role.PRIVACY_OFFICER))


def test_each_category_has_a_clock_of_its_own_where_the_purpose_says_so(ask: Ask) -> None:
    kept = ask(years(4))
    assert withheld(kept)["communication"] == ENDED and "identity" not in withheld(kept)


def test_what_is_still_held_is_still_told_to_the_person_it_is_about(ask: Ask) -> None:
    """Art. 15: as long as anything is there, access to it is."""
    for role in (Role.CUSTOMER, Role.PRIVACY_OFFICER):
        assert shown(ask(years(12), purpose="privacy_rights", role=role))


def test_old_events_are_not_shown_for_a_purpose_whose_time_has_passed(ask: Ask, engine: Engine) -> None:
    old, recent = NOW - timedelta(days=4 * 366), NOW - timedelta(days=2 * 366)
    with engine.begin() as connection:
        (sample,) = connection.execute(select(timeline).where(timeline.c.event_id == "orders:001")).mappings()
        connection.execute(
            insert(timeline),
            [
                {**sample, "event_id": "orders:old", "occurred_at": old},
                {**sample, "event_id": "orders:recent", "occurred_at": recent},
            ],
        )
    for purpose, expected in (("service", {"orders:old", "orders:recent"}), ("advice", {"orders:recent"})):
        told = {one["event_id"] for one in _pages(ask, engine, purpose)}
        assert told & {"orders:old", "orders:recent"} == expected, purpose


def _pages(ask: Ask, engine: Engine, purpose: str) -> list[Any]:
    with engine.begin() as connection:  # one page holds what is older than the rest
        connection.execute(delete(timeline).where(timeline.c.occurred_at > NOW - timedelta(days=1)))
    return list(ask(timedelta(0), "timeline", purpose)["data"]["events"])


def test_a_detail_of_an_event_ends_with_its_own_category(ask: Ask, engine: Engine) -> None:
    with engine.begin() as connection:
        (sample,) = connection.execute(select(timeline).where(timeline.c.event_id == "orders:001")).mappings()
        document = sample["document"] | {"properties": {"words": "hello"}}
        document["categories"] |= {"property.words": "communication"}
        rows = [
            {**sample, "event_id": "chat:young", "document": document, "occurred_at": NOW - years(2)},
            {**sample, "event_id": "chat:older", "document": document, "occurred_at": NOW - years(4)},
        ]
        connection.execute(insert(timeline), rows)
    told = {one["event_id"]: one["properties"] for one in _pages(ask, engine, "service")}
    assert (told["chat:young"], told["chat:older"]) == ({"words": "hello"}, {})


def _last_seen(engine: Engine, moment: str | None, *fields: dict[str, Any]) -> None:
    """Ana without a timeline, last seen then, and with more fields."""
    of_ana = profiles.c.profile_id == ANA
    with engine.begin() as connection:
        connection.execute(delete(timeline))
        document = dict(connection.scalar(select(profiles.c.document).where(of_ana)) or {})
        document |= {"last_seen": moment, "fields": [*document["fields"], *fields]}
        connection.execute(update(profiles).where(of_ana).values(document=document))


def _event(engine: Engine, occurred_at: datetime, type_: str) -> None:
    document = {"channel": "web", "type": type_, "properties": {}, "categories": {"type": "behaviour"}}
    row = {"event_id": f"web:{type_}", "profile_id": ANA, "occurred_at": occurred_at, "document": document}
    with engine.begin() as connection:
        connection.execute(insert(timeline).values(row))


@pytest.mark.parametrize(
    ("event", "counts"),
    [
        ((NOW - years(1), "call"), True),
        ((NOW - years(6), "call"), False),
        ((NOW + years(75), "call"), False),
        ((NOW - years(1), "email_sent"), False),
        ((NOW - years(1), "push_notification_delivered"), False),
    ],
)
def test_only_what_a_person_did_until_now_starts_the_clock_again(
    ask: Ask, engine: Engine, event: tuple[datetime, str], counts: bool
) -> None:
    """A date that lies ahead is a sender's claim; a letter that we sent is no word of theirs."""
    _last_seen(engine, "2010-01-01T00:00:00Z")
    _event(engine, *event)
    assert bool(shown(ask(timedelta(0)))) is counts


def test_a_record_dated_ahead_holds_nothing_for_ever(ask: Ask, engine: Engine) -> None:
    _last_seen(engine, "2099-01-01T00:00:00Z")
    with engine.begin() as connection:
        connection.execute(update(profiles).values(updated_at=NOW - years(6)))
    assert not shown(ask(timedelta(0)))


@pytest.mark.parametrize(("decision", "counts"), [("granted", True), ("withdrawn", True), ("requested", False)])
def test_a_decision_is_an_interaction_and_being_asked_for_one_is_none(
    ask: Ask, engine: Engine, decision: str, counts: bool
) -> None:
    _last_seen(engine, "2010-01-01T00:00:00Z")
    decide_consent(engine, "marketing_email", decision)
    assert bool(shown(ask(timedelta(0)))) is counts


@pytest.mark.parametrize(("until", "kept"), [("2099-12-31", True), ("2019-06-30", True), ("2011-06-30", False)])
def test_while_a_contract_is_in_force_the_clock_does_not_run(ask: Ask, engine: Engine, until: str, kept: bool) -> None:
    _last_seen(engine, "2010-01-01T00:00:00Z", field("contract_until", until, "transaction"))
    assert bool(shown(ask(timedelta(0)))) is kept


def test_what_has_no_date_counts_from_when_it_came(ask: Ask, engine: Engine) -> None:
    _last_seen(engine, None)
    assert shown(ask(timedelta(0)))
    with engine.begin() as connection:
        connection.execute(update(profiles).values(updated_at=NOW - years(6)))
    assert not shown(ask(timedelta(0)))


def test_a_subscriber_is_told_of_nobody_whose_time_has_passed(people: None, engine: Engine) -> None:
    subscription = Subscription(
        "s1", "https://consumer.example", "service", "bot", "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
    )
    for after, expected in ((timedelta(0), True), (years(5), False)):
        now = NOW + after
        gate = Gate(engine, None, published_policies(), PURPOSES, lambda: now, Unlimited())  # noqa: B023 -- used at once
        event = Event(1, "evt_1", "profile.updated", ANA, now, {})
        body = signed(gate, subscription, event, now).body.decode()
        assert (ANA in body) is expected and ("Durand" in body) is expected
        assert (ENDED in body) is not expected


def test_no_table_is_made_of_somebody_whose_time_has_passed_nor_of_times_that_have(
    people: None, engine: Engine
) -> None:
    purpose = replace(PURPOSES["fraud_prevention"], retention="P2Y")
    actor, wanted = Actor("consent.extract", Role.STEWARD), frozenset({Category.TRANSACTION})

    def why(at: datetime, now: datetime) -> str | None:
        question = Question(actor, purpose, wanted, (now, now))
        with engine.connect() as connection:
            return refusals(connection, published_policies(), question, [(ANA, at)])[ANA, at]

    assert why(NOW, NOW + years(1)) is None
    assert why(NOW + years(2.5), NOW + years(3)) == f"{ENDED} at the extraction", "two years after Ana's last event"
    _event(engine, NOW + years(2.9), "call")
    assert why(NOW + years(2.5), NOW + years(3)) is None
    assert why(NOW, NOW + years(3)) == f"{ENDED} at the extraction", "what she was three years ago"


def test_whoever_is_refused_for_it_is_in_the_audit_with_it(ask: Ask, engine: Engine) -> None:
    ask(years(5))
    with engine.connect() as connection:
        (row,) = connection.execute(select(audit)).all()
    assert row.decision["policy"] == ENDED and row.decision["allowed"] == []


def test_nobody_without_any_known_date_is_kept(people: None) -> None:
    assert last_interaction({}, None, (), None, NOW) is None
    assert ended(None, oldest_kept(PURPOSES["service"], NOW)) == set(Category)
    assert DAN  # whoever he is


moments = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))


@examples(max_examples=200, deadline=None)
@given(moments, moments, moments, st.sampled_from([one for one in PURPOSES.values() if not one.all_held]))
def test_what_has_ended_stays_so_and_a_later_interaction_never_ends_earlier(
    since: datetime, later: datetime, now: datetime, purpose: Any
) -> None:
    first, second = sorted((since, later))
    oldest = oldest_kept(purpose, now)
    assert ended(second, oldest) <= ended(first, oldest)
    assert ended(first, oldest) <= ended(first, oldest_kept(purpose, now + timedelta(days=3)))


@examples(max_examples=200, deadline=None)
@given(moments, st.sampled_from([one for one in PURPOSES.values() if not one.all_held]))
def test_what_is_promised_to_end_ends_within_a_day_of_it(since: datetime, purpose: Any) -> None:
    """A day that a year does not have makes the difference."""
    for category, instant in ends(purpose, since).items():
        assert category not in ended(since, oldest_kept(purpose, instant - timedelta(days=1, seconds=1)))
        assert category in ended(since, oldest_kept(purpose, instant + timedelta(days=1)))
