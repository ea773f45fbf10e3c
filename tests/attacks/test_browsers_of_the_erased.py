"""Attacks on "Erasure": the browsers of an erased person keep nobody out who proves to be somebody else."""

from typing import Any

import pytest
from sqlalchemy import Engine

from contracts.identifiers import Identifier
from contracts.live_keys import visitor_key
from tests.attacks.erasing import EARLIER, erase, rows
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import accept, project_all, signed

KEY = b"key"
NO = {"consent": {"categoryPreferences": {"marketing_email": False}}}


def kept_of(engine: Engine, record_id: str) -> int:
    return sum(row["record_id"] == record_id for row in rows(engine, "timeline").values())


def seen_on(engine: Engine, user: str, browser: str) -> None:
    """A server tells of a user at a browser."""
    accept(engine, EARLIER, {"type": "identify", "userId": user, "anonymousId": browser})
    project_all(engine, EARLIER)


def said(engine: Engine, message: dict[str, Any], server: bool = True) -> None:
    accept(engine, NOW, message, server=server, key=KEY)
    project_all(engine, NOW, key=KEY)


def test_who_called_a_browser_like_a_customer_and_is_erased_keeps_the_customer_not_out(engine: Engine) -> None:
    seen_on(engine, "attacker", "u-victim")
    assert Identifier("device_id", "u-victim") in erase(engine, "app:attacker", KEY).identifiers
    said(engine, {"userId": "u-victim"})
    said(engine, {"userId": "u-victim", "anonymousId": "her-phone", "context": NO})
    said(engine, signed("u-victim", type="page", context=NO), server=False)
    said(engine, {"type": "alias", "userId": "u-victim-2", "previousId": "u-victim"})
    said(engine, {"userId": "u-victim", "anonymousId": "another-browser"}, server=False)
    assert (kept_of(engine, "app:u-victim"), kept_of(engine, "app:u-victim-2")) == (3, 1)
    assert kept_of(engine, f"app:{visitor_key('another-browser')}") == 1, "a claim of that browser"
    refused = [row for row in rows(engine, "consent_events").values() if row["identifier"] == "u-victim"]
    assert [row["state"] for row in refused] == ["ConsentRefused"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"properties": {"device_id": "tablet-1"}},
        {"context": {"device": {"id": "tablet-1"}, "deviceId": "tablet-1"}},
        {"context": {"externalIds": [{"type": "device_id", "id": "tablet-1"}]}},
        {"type": "alias", "previousId": "tablet-1"},
    ],
    ids=str,
)
def test_who_used_the_tablet_of_an_erased_person_stays_a_customer_there(engine: Engine, more: dict[str, Any]) -> None:
    seen_on(engine, "anna", "tablet-1")
    erase(engine, "app:anna", KEY)
    said(engine, {"userId": "bob", "anonymousId": "tablet-1"} | more)
    said(engine, signed("bob", anonymousId="tablet-1", **more), server=False)
    assert kept_of(engine, "app:bob") == 2


def test_an_erased_persons_own_browser_stays_away_where_nobody_proves_to_be_at_it(engine: Engine) -> None:
    seen_on(engine, "anna", "tablet-1")
    erase(engine, "app:anna", KEY)
    before = rows(engine, "timeline")
    said(engine, {"anonymousId": "tablet-1"}, server=False)
    said(engine, {"userId": "bob", "anonymousId": "tablet-1"}, server=False)
    said(engine, {"type": "alias", "userId": "bob", "previousId": "tablet-1", "anonymousId": "b-7"}, server=False)
    said(engine, {"anonymousId": "tablet-1"})
    assert rows(engine, "timeline") == before and not rows(engine, "inbox")


@pytest.mark.parametrize("user", ["anna", "u-183264753"], ids=["a word", "a distinctive id"])
def test_who_is_erased_keeps_nobody_out_whose_browser_is_called_like_their_user_id(engine: Engine, user: str) -> None:
    seen_on(engine, user, "tablet-1")
    erase(engine, f"app:{user}", KEY)
    said(engine, {"userId": "bob", "anonymousId": user})
    said(engine, signed("bob", anonymousId=user), server=False)
    assert kept_of(engine, "app:bob") == 2
