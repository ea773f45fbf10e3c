"""Consent: retention is decoration. What starts the clock, and what anybody could claim and does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, update

from consent.purposes import published_purposes
from consent.retention import ended, ends, last_interaction, oldest_kept
from contracts.categories import Category
from stores.schema import profiles, timeline
from tests.attacks.clocks import AskAfter, happens, shown, years
from tests.profile_api.people import ANA, NOW, decide_consent, field

PURPOSES = published_purposes()


def _last_seen(engine: Engine, moment: str | None, *fields: dict[str, Any]) -> None:
    """Ana without a timeline, last seen then, and with more fields."""
    of_ana = profiles.c.profile_id == ANA
    with engine.begin() as connection:
        connection.execute(delete(timeline))
        document = dict(connection.scalar(select(profiles.c.document).where(of_ana)) or {})
        document |= {"last_seen": moment, "fields": [*document["fields"], *fields]}
        connection.execute(update(profiles).where(of_ana).values(document=document))


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
    ask_after: AskAfter, engine: Engine, event: tuple[datetime, str], counts: bool
) -> None:
    """A date that lies ahead is a sender's claim; a letter that we sent is no word of theirs."""
    _last_seen(engine, "2010-01-01T00:00:00Z")
    happens(engine, *event)
    assert bool(shown(ask_after(timedelta(0)))) is counts


def test_a_record_dated_ahead_holds_nothing_for_ever(ask_after: AskAfter, engine: Engine) -> None:
    _last_seen(engine, "2099-01-01T00:00:00Z")
    with engine.begin() as connection:
        connection.execute(update(profiles).values(updated_at=NOW - years(6)))
    assert not shown(ask_after(timedelta(0)))


@pytest.mark.parametrize(("decision", "counts"), [("granted", True), ("withdrawn", True), ("requested", False)])
def test_a_decision_is_an_interaction_and_being_asked_for_one_is_none(
    ask_after: AskAfter, engine: Engine, decision: str, counts: bool
) -> None:
    _last_seen(engine, "2010-01-01T00:00:00Z")
    decide_consent(engine, "marketing_email", decision)
    assert bool(shown(ask_after(timedelta(0)))) is counts


@pytest.mark.parametrize(("until", "kept"), [("2099-12-31", True), ("2019-06-30", True), ("2011-06-30", False)])
def test_while_a_contract_is_in_force_the_clock_does_not_run(
    ask_after: AskAfter, engine: Engine, until: str, kept: bool
) -> None:
    _last_seen(engine, "2010-01-01T00:00:00Z", field("contract_until", until, "transaction"))
    assert bool(shown(ask_after(timedelta(0)))) is kept


def test_what_has_no_date_counts_from_when_it_came(ask_after: AskAfter, engine: Engine) -> None:
    _last_seen(engine, None)
    assert shown(ask_after(timedelta(0)))
    with engine.begin() as connection:
        connection.execute(update(profiles).values(updated_at=NOW - years(6)))
    assert not shown(ask_after(timedelta(0)))


def test_nobody_without_any_known_date_is_kept(people: None) -> None:
    assert last_interaction({}, None, (), None, NOW) is None
    assert ended(None, oldest_kept(PURPOSES["service"], NOW)) == set(Category)


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
