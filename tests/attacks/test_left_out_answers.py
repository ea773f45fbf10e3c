"""Attacks on "Erasure": who sends a message twice learns nothing of whether somebody was erased."""

from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from consent.tombstones.digests import bury, tombstones_of
from contracts.pseudonyms import reference_key
from contracts.settings import Settings
from erasure.scan_targets import tables
from stores.schema import inbox, tombstones
from tests.attacks.erased_eve import EVE, HER_RECORDS, MAILS
from tests.attacks.site import Site
from tests.profile_api.people import NOW

WAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "email": ({"traits": {"email": MAILS[0]}}, {"traits": {"email": "nobody.known@inbox.example"}}),
    "phone": ({"traits": {"phone": "+33612345098"}}, {"traits": {"phone": "+33612345097"}}),
    "userId": ({"userId": "u-eve-7"}, {"userId": "u-nobody-7"}),
    "anonymousId": ({"anonymousId": "her-browser-1"}, {"anonymousId": "no-browser-1"}),
    "card": (
        {"context": {"externalIds": [{"type": "loyalty_card", "id": "LC-70002"}]}},
        {"context": {"externalIds": [{"type": "loyalty_card", "id": "LC-70003"}]}},
    ),
    "previousId": ({"type": "alias", "previousId": "u-eve-7"}, {"type": "alias", "previousId": "u-nobody-7"}),
    "groupId": ({"type": "group", "groupId": "u-eve-7"}, {"type": "group", "groupId": "u-nobody-7"}),
    "free text": ({"name": f"of {MAILS[0]}"}, {"name": "of nobody.known@inbox.example"}),
}


@pytest.fixture
def buried(engine: Engine, api_settings: Settings) -> None:
    with engine.begin() as connection:
        bury(connection, tombstones_of(reference_key(api_settings), EVE, HER_RECORDS), "e_1", NOW)


def told(site: Site, messages: list[dict[str, Any]], key: str, path: str) -> list[Any]:
    answer = site.send(*messages, key=key, path=path)
    return [answer.status_code, answer.json()]


@pytest.mark.usefixtures("buried")
@pytest.mark.parametrize("by", ["browser", "server"])
@pytest.mark.parametrize("path", ["/v1/events/batch", "/v1/events"])
def test_a_message_that_is_left_out_is_answered_as_any_other_once_and_again(site: Site, by: str, path: str) -> None:
    for way, both in WAYS.items():
        heard = []
        for who, said in zip(("eve", "nobody"), both, strict=True):
            base = {"type": "page", "anonymousId": "b-7", "messageId": f"once-{who}-{way}"}
            message, plain = base | said, base
            fresh, other = {"messageId": f"next-{who}-{way}"}, {"messageId": f"other-{who}-{way}"}
            batches = [[message], [message], [message | fresh]]
            if path == "/v1/events/batch":
                batches = [[message, message], [message], [message | fresh, message]]
            if "anonymousId" not in said and "userId" not in said:  # the same id, with and without naming her
                batches += [[plain], [plain | other], [message | other]]
            heard.append([told(site, batch, getattr(site.keys, by), path) for batch in batches])
        assert heard[0] == heard[1], way


def test_the_erasure_itself_makes_no_known_message_new(site: Site, engine: Engine, api_settings: Settings) -> None:
    message = {"type": "page", "anonymousId": "b-7", "messageId": "before", "traits": {"email": MAILS[0]}}
    assert site.send(message).json()["accepted"] == 1
    with engine.begin() as connection:
        bury(connection, tombstones_of(reference_key(api_settings), EVE, HER_RECORDS), "e_1", NOW)
        connection.execute(delete(inbox))
    assert site.send(message).json() == site.send(message).json()
    assert site.send(message).json()["duplicates"] == 1


@pytest.mark.usefixtures("buried")
def test_of_what_is_left_out_nothing_but_a_keyed_id_is_remembered(site: Site, engine: Engine) -> None:
    site.send({"type": "page", "anonymousId": "b-7", "messageId": MAILS[0]})
    site.send({"type": "page", "anonymousId": "b-7", "messageId": MAILS[0]})
    kept = b"\n".join(content for _, content in tables(engine)).decode().lower()
    assert "zarwell" not in kept
    with engine.connect() as connection:
        assert connection.scalars(select(inbox.c.message_id).where(inbox.c.message_id.contains("@"))).all() == []
        assert connection.scalars(select(tombstones.c.tombstone)).all()
