"""Somebody refuses in a message that mentions an erased person: the mention goes, the refusal is kept."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select

from consent.tombstones.digests import bury, tombstones_of
from consent.tombstones.left_out import left_out_since
from contracts.pseudonyms import reference_key
from contracts.settings import Settings
from read_model.live.projection import project, waiting
from stores.schema import inbox
from tests.attacks.erased_eve import EVE, HER_RECORDS
from tests.attacks.site import Site
from tests.attacks.test_tombstones import kept_in
from tests.profile_api.people import NOW

PAGE = {"page": {"url": "https://shop.example/?ref=eve.zarwell%40inbox.example"}}
NO = {"consent": {"categoryPreferences": {"marketing_email": False}}}
REFUSED = ("user_id", "u-bob", "marketing_email", "ConsentRefused")


@pytest.fixture
def key(api_settings: Settings) -> bytes:
    return reference_key(api_settings)


def erase_eve(engine: Engine, key: bytes) -> None:
    with engine.begin() as connection:
        bury(connection, tombstones_of(key, EVE, HER_RECORDS), "e_1", NOW)


@pytest.mark.parametrize("by", ["a server", "a signature"])
def test_who_refuses_on_a_page_that_names_an_erased_person_is_heard(
    site: Site, engine: Engine, key: bytes, by: str
) -> None:
    erase_eve(engine, key)
    message = {"type": "page", "userId": "u-bob", "context": PAGE | NO}
    if by == "a server":
        answer = site.server(message)
    else:
        answer = site.send(site.signed("u-bob", type="page", context=PAGE | NO))
    assert answer.status_code == 202 and REFUSED in site.decided()
    assert "zarwell" not in kept_in(engine)
    with engine.connect() as connection:
        assert sum(rows for _, _, rows in left_out_since(connection, NOW.date())) == 1


def test_so_is_who_sends_a_general_objection_with_such_a_page(site: Site, engine: Engine, key: bytes) -> None:
    erase_eve(engine, key)
    site.send(site.signed("u-bob", type="page", context=PAGE), gpc=True)
    assert {(kind, value) for kind, value, _, _ in site.decided()} == {("user_id", "u-bob")}
    assert "zarwell" not in kept_in(engine)


def test_so_is_whose_message_waited_while_she_was_erased(
    site: Site, engine: Engine, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.__class__, "project", lambda _: None)
    site.server({"type": "page", "userId": "u-bob", "context": PAGE | NO})
    erase_eve(engine, key)
    with engine.begin() as connection:
        project(connection, waiting(connection, 200), site.sources, NOW, key)
    assert REFUSED in site.decided() and "zarwell" not in kept_in(engine)
    with engine.connect() as connection:
        assert connection.scalars(select(inbox.c.inbox_id).where(inbox.c.sequence.is_(None))).all() == []
        assert sum(rows for _, _, rows in left_out_since(connection, NOW.date())) == 1


@pytest.mark.parametrize("who", [{"userId": "u-eve-7"}, {"userId": "u-bob", "previousId": "u-eve-7"}], ids=json.dumps)
def test_a_refusal_brings_nobody_back_who_was_erased(
    site: Site, engine: Engine, key: bytes, who: dict[str, Any]
) -> None:
    erase_eve(engine, key)
    site.server({"type": "track", "event": "Seen", "context": NO} | who)
    assert "u-eve-7" not in kept_in(engine)
    assert not [one for one in site.decided() if one[1] == "u-eve-7"]
