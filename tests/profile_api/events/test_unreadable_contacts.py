"""A contact that nobody can read is told to whoever sends it: it is in no profile, and finds nobody."""

import json
from typing import Any

import pytest

from contracts.sources import Sender, stand_in
from read_model.live.messages import Arrival, sort_messages
from tests.attacks.site import Site
from tests.profile_api.people import NOW

LOCAL = "06 12 34 50 98"


def warned(region: str | None, **message: Any) -> tuple[str, ...]:
    arrival = Arrival(Sender(stand_in("shop", region), is_server=True), NOW)
    raw = json.dumps({"type": "identify", "userId": "u-7", "messageId": "m"} | message).encode()
    (accepted,) = sort_messages([raw], arrival).accepted
    return accepted.warnings


def test_a_number_without_its_country_is_told_where_the_source_names_none() -> None:
    (told,) = warned(None, traits={"phone": LOCAL})
    assert told.startswith("traits.phone: ") and "nobody is found by it" in told and "12 34" not in told
    assert warned("FR", traits={"phone": LOCAL}) == ()
    assert warned(None, traits={"phone": "+33 6 12 34 50 98"}) == ()


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ({"traits": {"email": "no address"}}, "traits.email"),
        ({"traits": {"phone": 12}}, "traits.phone"),
        ({"context": {"traits": {"phone": "12"}}}, "traits.phone"),
        ({"context": {"externalIds": [{"type": "phone", "id": LOCAL}]}}, "context.externalIds (phone)"),
    ],
)
def test_wherever_it_stands(message: dict[str, Any], where: str) -> None:
    (told,) = warned(None, **message)
    assert told.startswith(f"{where}: ")


@pytest.mark.parametrize("said", [None, "", "  ", "n/a", "unknown"])
def test_what_is_empty_is_nothing_to_tell(said: str | None) -> None:
    assert warned(None, traits={"phone": said, "email": said}) == ()


def test_the_answer_says_it_and_the_event_is_kept(site: Site) -> None:
    answer = site.server({"type": "identify", "userId": "u-7", "traits": {"phone": "12"}})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    (warning,) = answer.json()["warnings"]
    assert warning["index"] == 0 and warning["told"].startswith("traits.phone: ")
