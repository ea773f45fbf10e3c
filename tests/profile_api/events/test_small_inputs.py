"""Small things that clients send, each with what it should come to."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select

from consent.model import Role
from contracts.event_values import number_in
from contracts.events import LARGEST_BATCH
from stores.schema import timeline
from tests.attacks.site import Site, events_on
from tests.profile_api.people import NOW

PAGE = {"type": "page", "userId": "mia"}


def post(site: Site, path: str, body: Any, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = site.client.post(path, content=content, headers=headers, auth=(site.keys.server, ""))
    site.project()
    return answer


def times(site: Site) -> list[Any]:
    with site.engine.connect() as connection:
        return list(connection.scalars(select(timeline.c.occurred_at).where(timeline.c.record_id.like("%:mia"))))


def documents(site: Site, user: str = "mia") -> list[dict[str, Any]]:
    with site.engine.connect() as connection:
        query = select(timeline.c.document).where(timeline.c.record_id.like(f"%:{user}"))
        return list(connection.scalars(query.order_by(timeline.c.event_id)))


@pytest.mark.parametrize("name", ["traits", "properties", "context", "integrations"])
def test_phps_empty_list_is_an_empty_object(site: Site, name: str) -> None:
    assert post(site, "/v1/events", PAGE | {name: []}).status_code == 202
    assert post(site, "/v1/batch", {"batch": [PAGE | {name: []}], "context": []}).json()["accepted"] == 1
    assert post(site, "/v1/events", {"type": "identify", "userId": "mia", "context": {"traits": []}}).status_code == 202
    assert events_on(site, site.of_user("mia")) == ["identify", "page", "page"]


def test_a_list_that_is_not_empty_is_refused_still(site: Site) -> None:
    assert post(site, "/v1/events", PAGE | {"traits": [1]}).status_code == 422


@pytest.mark.parametrize("sent", ["yesterday", 1709287200000, {"a": 1}, [], True, ""])
def test_an_unreadable_time_of_sending_corrects_nothing_and_keeps_the_event(site: Site, sent: Any) -> None:
    said = PAGE | {"timestamp": (NOW - timedelta(hours=1)).isoformat()}
    assert post(site, "/v1/events", said | {"sentAt": sent}).status_code == 202
    whole = post(site, "/v1/batch", {"batch": [said | {"userId": "whole"}], "sentAt": sent})
    assert whole.status_code == (200 if isinstance(sent, str) else 400), "an envelope is of the types that it has"
    right = (NOW + timedelta(hours=2)).isoformat()
    assert post(site, "/v1/batch", {"batch": [said | {"sentAt": sent}], "sentAt": right}).json()["accepted"] == 1
    assert sorted(times(site)) == [NOW - timedelta(hours=3), NOW - timedelta(hours=1)]


@pytest.mark.parametrize(
    ("happened", "sent", "ago"),
    [
        ("1970-01-01T00:10:00Z", "1970-01-01T00:10:30Z", timedelta(seconds=30)),
        ("1970-01-01T00:10:00+02:00", "1970-01-01T00:11:00+02:00", timedelta(minutes=1)),
        ("1980-01-06T00:00:00Z", "1980-01-06T01:00:00Z", timedelta(hours=1)),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:05Z", timedelta(seconds=5)),
    ],
)
def test_a_clock_that_begins_with_1970_is_explained_by_its_time_of_sending(
    site: Site, happened: str, sent: str, ago: timedelta
) -> None:
    assert post(site, "/v1/batch", {"batch": [PAGE | {"timestamp": happened}], "sentAt": sent}).json()["accepted"] == 1
    assert times(site) == [NOW - ago]


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", " Gzip "])
def test_a_packed_body_is_unpacked_whatever_its_coding_is_called(site: Site, coding: str) -> None:
    packed = gzip.compress(json.dumps(PAGE).encode())
    assert post(site, "/v1/events", packed, **{"Content-Encoding": coding}).status_code == 202


WHOLE = gzip.compress(json.dumps(PAGE).encode())
BROKEN = {
    "without its end": ("gzip", WHOLE[:-8]),
    "with more behind": ("gzip", WHOLE + b"x"),
    "another coding": ("br", WHOLE),
    "not packed": ("gzip", b"{}"),
}


@pytest.mark.parametrize(("coding", "body"), BROKEN.values(), ids=BROKEN)
def test_a_body_that_is_not_what_its_coding_says_is_refused(site: Site, coding: str, body: bytes) -> None:
    answer = post(site, "/v1/events", body, **{"Content-Encoding": coding})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (400, "invalid-encoding")


@pytest.mark.parametrize("path", ["/v1/batch/", "/v1/import/", "/v1/events/batch/", "/v1/b/"])
def test_a_batch_may_be_large_with_a_slash_at_its_end(site: Site, path: str) -> None:
    batch = {"batch": [PAGE | {"messageId": f"m{n}", "properties": {"note": "x" * 9_000}} for n in range(20)]}
    assert LARGEST_BATCH > len(json.dumps(batch)) > 64 * 1024
    answer = site.client.post(path, json=batch, auth=(site.keys.server, ""), follow_redirects=False)
    assert answer.status_code in (200, 202) and answer.json()["accepted"] == 20


@pytest.mark.parametrize("path", ["/v1/events/", "/v1/track/", "/v1/profiles/lookup/", "/mcp", "/mcp/", "/v1/health/"])
def test_no_path_is_redirected_for_its_slash(site: Site, path: str) -> None:
    token = site.issuer.token(Role.BOT, NOW)
    headers = {"Authorization": f"Bearer {token}", "Purpose": "service"}
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    answer = site.client.post(path, json=ping, headers=headers, follow_redirects=False)
    assert answer.status_code not in (307, 308, 404), path


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/events/batch", "/v1/import", "/v1/b"])
def test_a_batch_of_nothing_is_taken(site: Site, path: str) -> None:
    answer = post(site, path, {"batch": []})
    assert answer.status_code in (200, 202)
    assert answer.json() == {"success": True, "accepted": 0, "duplicates": 0, "refused": []}


def test_a_group_shows_which_and_says_of_its_user_what_its_context_says(site: Site) -> None:
    alone = {"type": "group", "userId": "mia", "groupId": "acme-7"}
    assert post(site, "/v1/group", alone).status_code == 200
    named = alone | {"traits": {"name": "Acme", "email": "office@acme.example"}}
    assert post(site, "/v1/g", named | {"context": {"traits": {"email": "mia@mail.example"}}}).status_code == 200
    shown = [one["properties"] for one in documents(site)]
    assert {"group_id": "acme-7"} in shown and {"group_id": "acme-7", "group_name": "Acme"} in shown
    profile = site.of_user("mia")
    assert profile == site.finds("email", "mia@mail.example").json()["profile_id"]
    assert site.finds("email", "office@acme.example").status_code == 404, "that is the group's"


def test_a_group_without_anybody_is_refused_with_what_is_missing(site: Site) -> None:
    answer = post(site, "/v1/events", {"type": "group", "groupId": "acme-7"})
    assert answer.status_code == 422 and "userId, anonymousId: expected" in answer.json()["refused"][0]["reason"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,299.00", 1299.0), ("1.299,00", 1299.0), ("1 299,00", 1299.0), ("1\u202f299,00 €", 1299.0), ("49,90", 49.9),
        ("€49.90", 49.9), ("EUR 49,90", 49.9), ("49.90 EUR", 49.9), ("1'299.50", 1299.5), ("1,299", 1299.0),
        ("1,299,000.5", 1299000.5), ("1.299.000", 1299000.0), ("-5,00", -5.0), ("$ -5.00", -5.0), ("0,125", 0.125),
        ("12 apples", None), ("1,29,900", None), ("1.2.3", None), ("", None), ("free", None), ("1,299.00,5", None),
        ("1.299", 1.299), ("1e3", 1000.0), ("4.9.2024", None), ("12-13", None),
    ],
)  # fmt: skip
def test_amounts_are_read_as_shops_write_them(text: str, number: float | None) -> None:
    assert number_in(text) == number


def test_an_amount_with_thousands_is_the_orders(site: Site) -> None:
    order = {"type": "track", "event": "Order Completed", "userId": "mia", "properties": {"total": "1,299.00"}}
    post(site, "/v1/events", order)
    assert [one["amount"] for one in documents(site)] == [1299.0]


def test_an_alias_from_an_address_to_a_number_of_the_database_leaves_one(site: Site) -> None:
    said = {"type": "identify", "userId": "mia@mail.example", "traits": {"email": "mia@mail.example"}}
    site.server(said, {"type": "page", "userId": "mia@mail.example", "anonymousId": "b-1"})
    no = {"context": {"consent": {"categoryPreferences": {"personalisation": False}}}}
    site.server({"type": "page", "userId": "mia@mail.example"} | no)
    site.server({"type": "identify", "userId": "4711"}, {"type": "page", "userId": "4711", "anonymousId": "b-2"})
    site.server({"type": "alias", "userId": "4711", "previousId": "mia@mail.example"})
    site.server(
        {"type": "page", "userId": "mia@mail.example", "anonymousId": "b-3"}, {"type": "page", "userId": "4711"}
    )
    profile = site.of_user("4711")
    assert profile == site.of_user("mia@mail.example")
    assert events_on(site, profile) == ["alias", "identify", "identify", "page", "page", "page", "page", "page"]
    for kind, value in (("user_id", "4711"), ("user_id", "mia@mail.example"), ("email", "mia@mail.example")):
        assert site.finds(kind, value).json()["profile_id"] == profile
    answer = site.ask(f"/v1/profiles/{profile}", Purpose="personalisation").json()
    assert not answer["consent"]["personalisation"]["permits"], "what was refused under the old id is refused"


@pytest.mark.parametrize("previous", ["u-other", "luc@mail.example"])
def test_only_a_server_says_that_a_login_is_anothers_and_only_of_an_address(site: Site, previous: str) -> None:
    site.server({"type": "identify", "userId": "u-other"}, {"type": "identify", "userId": "luc@mail.example"})
    site.send(site.signed("mia", type="alias", previousId=previous))
    assert site.of_user("mia") != site.of_user(previous)
    site.server({"type": "alias", "userId": "mia", "previousId": "u-other"})
    assert site.of_user("mia") != site.of_user("u-other")


@pytest.mark.parametrize(
    "word", ["undefined", "[object Object]", True, False, "guest", -1, "(null)", 0, "NaN", "0" * 8]
)
def test_people_whose_broken_id_is_the_same_are_not_joined(site: Site, word: Any) -> None:
    known = site.everything()["records"].keys()
    for number in range(6):
        traits = {"email": f"p{number}@mail.example"}
        site.server({"type": "identify", "userId": word, "anonymousId": f"v-{number}", "traits": traits})
    owners = {row["profile_id"] for key, row in site.everything()["records"].items() if key not in known}
    assert len(owners) == 6
    assert site.server({"type": "identify", "userId": word}).status_code == 422
    assert site.server({"type": "identify", "anonymousId": word}).status_code == 422
