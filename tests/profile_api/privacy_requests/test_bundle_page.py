"""The bundle's page tells each decision once and what stands, and its periods and dates agree."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest

from consent.durations import after
from consent.model import Method
from consent.notices import LANGUAGES
from consent.purposes import published_purposes
from engagement.next_step.feedback import FeedbackOutcome, FeedbackReason
from engagement.zones.situation import Milestone
from profile_api.privacy_requests.keeping import _keeps
from profile_api.privacy_requests.page import Told, rendered
from profile_api.privacy_requests.sections import PARTS, stands_now
from profile_api.privacy_requests.wording import words
from profile_api.responses.views import ConsentStatus

AT = datetime(2026, 3, 13, 9, 30, tzinfo=UTC)
PURPOSES = published_purposes()


def decision(identifier: str, at: datetime = AT, purpose: str = "advice", **more: Any) -> dict[str, Any]:
    row = {
        "decided_at": at,
        "purpose": purpose,
        "state": "ConsentRefused",
        "method": "form",
        "notice_version": "2024-1",
    }
    return (
        row | {"contact_kind": None, "contact_point": None, "identifier_kind": "email", "identifier": identifier} | more
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_decision_is_told_once_with_its_time_whatever_it_was_kept_under(language: str) -> None:
    rows = [decision(f"{one}@inbox.example") for one in "abcd"] + [decision("a@inbox.example", AT + timedelta(hours=1))]
    items = list(PARTS["consents"](rows, words(language)))
    assert ["09:30" in one.heading for one in items] == [True, False] and "10:30" in items[1].heading
    assert all(f"{one}@inbox.example" in items[0].lines[0] for one in "abcd")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browsers_signal_is_told_with_no_notice(language: str) -> None:
    form, signal = (
        next(iter(PARTS["consents"]([decision("a@inbox.example", method=method)], words(language)))).lines
        for method in (Method.FORM, Method.GPC)
    )
    assert "2024-1" in " ".join(form) and "2024-1" not in " ".join(signal)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_position_on_the_dial_is_told_once_and_in_words(language: str) -> None:
    said = {"position": 20, "stated_at": AT, "channel": "person", "stated_through": "advisor"}
    rows = [said | {"topic": topic, "record_id": one} for topic in (None, "real_estate") for one in "ab"]
    overall, topic = PARTS["dial"](rows, words(language))
    assert "20" in overall.heading and words(language).moment(AT) in overall.heading
    assert "real estate" in topic.heading and words(language).name("role", "advisor") in topic.lines[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_became_of_a_suggestion_is_told_once_and_in_words(language: str) -> None:
    said = {"suggestion": "5a4c", "rule": "complaint_first", "given_on": date(2024, 5, 1)}
    for outcome in FeedbackOutcome:
        for reason in (None, *(one.value for one in FeedbackReason)):
            rows = [said | {"record_id": one, "outcome": outcome.value, "reason": reason} for one in "ab"]
            (told,) = PARTS["suggestions"](rows, words(language))
            assert words(language).day(said["given_on"]) in told.heading and "complaint_first" not in told.heading
            assert len(told.lines) == (2 if reason else 1)
            assert not {outcome.value, reason} & {*told.lines} and "_" not in "".join(told.lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_milestone_that_was_seen_is_told_once_and_in_words(language: str) -> None:
    seen = {"day": AT.date(), "seen_at": AT}
    rows = [seen | {"milestone": "anniversary", "years": 5}] * 2
    rows += [seen | {"milestone": name, "years": None} for name in get_args(Milestone) if name != "anniversary"]
    anniversary, *others = PARTS["milestones"](rows, words(language))
    assert "5" in anniversary.heading and words(language).day(AT.date()) in anniversary.heading
    assert words(language).moment(AT) in anniversary.lines[0]
    assert len({one.heading for one in others}) == len(get_args(Milestone)) - 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conversation_and_its_hand_off_are_told_in_words(language: str) -> None:
    said = {"at": AT, "channel": "person", "said_by": "customer", "kind": "slot", "name": "card_number"}
    rows = [said | {"text": "ends in 42", "outcome": None, "due_on": None}]
    rows += [said | {"kind": "promise", "name": None, "text": "a new card", "outcome": None, "due_on": AT.date()}]
    slot, promise = PARTS["conversations"](rows, words(language))
    assert "card number" in slot.lines[0] and "ends in 42" in slot.lines[0]
    assert "a new card" in promise.lines[0] and words(language).day(AT.date()) in promise.lines[1]
    asked = {"requested_at": AT, "requested_through": "bot", "why": "dial", "contact_kind": "email"}
    asked |= {"contact_point": "a@inbox.example", "steps": [{"at": AT, "state": "queued"}]}
    (handoff,) = PARTS["handoffs"]([asked], words(language))
    assert words(language).name("why", "dial") in handoff.heading
    assert words(language).name("handoff_state", "queued") in handoff.lines[0] and "a@inbox" in handoff.lines[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_now_is_told_beside_what_was_decided(language: str) -> None:
    status = {
        name: ConsentStatus(state=state, permits=permits, decided_at=at, consent_event="c", notice_version=None)
        for name, state, permits, at in (
            ("advice", "ConsentRefused", False, AT),
            ("marketing_email", "ConsentGiven", True, AT),
            ("analytics", "ConsentUnknown", False, None),
        )
    }
    off, on = (one.heading for one in stands_now(status, words(language)))
    assert PURPOSES["advice"].name[language] in off and PURPOSES["marketing_email"].name[language] in on
    assert off.replace(PURPOSES["advice"].name[language], "") != on.replace(
        PURPOSES["marketing_email"].name[language], ""
    )
    page = rendered(Told({"consents": []}, PURPOSES, {}, [], AT, status), words(language), "other.html")
    assert words(language).moment(AT) in page


@pytest.mark.parametrize("purpose", [one for one in PURPOSES.values() if not one.refused], ids=lambda one: one.id)
def test_a_period_and_its_end_agree(purpose: Any) -> None:
    keep = [one for one in PURPOSES.values() if not one.refused]
    for category, kept in _keeps(purpose, AT, keep, AT).categories.items():
        assert kept.ends_at == after(AT, kept.kept_for), category
        if purpose.all_held:
            assert kept.ends_at == max(after(AT, one.kept_for(category)) for one in keep if category in one.categories)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_as_long_as_it_is_held_has_no_end_of_its_own(language: str) -> None:
    ends = {
        name: {each: after(AT, "P10Y") for each in one.categories} for name, one in PURPOSES.items() if one.all_held
    }
    page = rendered(Told({}, PURPOSES, ends, [], AT), words(language), "other.html")
    assert words(language).say("purpose.until", until=words(language).day(after(AT, "P10Y"))) not in page
    assert words(language).day(after(AT, "P10Y")) in page
