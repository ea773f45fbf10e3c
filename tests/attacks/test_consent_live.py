"""Consent: a page's default or a stale page takes no withdrawal back; a no survives whatever is wrong around it."""

import json
from base64 import b64encode
from typing import Any

import pytest

from consent.model import Role
from consent.purposes import published_purposes
from contracts.sources import DEMO_SOURCE
from tests.attacks.site import Site

GPC = sorted(one.id for one in published_purposes().values() if one.gpc)
PURPOSE = "personalisation"


def stamp(**allowed: bool) -> dict[str, Any]:
    return {"context": {"consent": {"categoryPreferences": allowed}}}


def page(user: str | None = "mia", device: str | None = None, minute: int = 0, **said: Any) -> dict[str, Any]:
    who = {"userId": user} if user else {}
    who |= {"anonymousId": device} if device else {}
    return {"type": "page", "timestamp": f"2024-05-01T11:{minute:02}:00Z"} | who | said


def decisions(site: Site, user: str = "mia", purpose: str = PURPOSE) -> list[str]:
    """What the ledger holds of a user, oldest first."""
    return [state for kind, who, about, state in site.decided() if (kind, who, about) == ("user_id", user, purpose)]


def permits(site: Site, user: str = "mia", purpose: str = PURPOSE) -> bool:
    profile = site.of_user(user)
    answer = site.ask(f"/v1/profiles/{profile}", Purpose=purpose).json()
    return bool(answer["consent"][purpose]["permits"])


def withdraw(site: Site, user: str = "mia", choice: str = "withdraw") -> None:
    profile = site.of_user(user)
    answer = site.ask(f"/v1/profiles/{profile}/consents/{choice}", {"purpose": PURPOSE}, role=Role.ADVISOR)
    assert answer.status_code == 201, answer.text


def server(site: Site, *messages: dict[str, Any], gpc: bool = False) -> None:
    assert site.send(*messages, key=site.keys.server, gpc=gpc).status_code in (202, 207)


@pytest.mark.parametrize("device", [None, "d-1"])
def test_gpc_and_then_a_page_that_stamps_its_default_permits_nothing(site: Site, device: str | None) -> None:
    server(site, page(device=device), gpc=True)
    assert decisions(site) == ["ConsentRefused"]
    for minute in range(1, 4):
        server(site, page(device=device, minute=minute, **stamp(personalisation=True)))
    server(site, page(device="another", minute=5, **stamp(personalisation=True)))
    assert decisions(site) == ["ConsentRefused"] and not permits(site)


def test_what_is_stamped_while_gpc_is_sent_is_no_yes_even_where_it_changes(site: Site) -> None:
    server(site, page(**stamp(personalisation=False)), gpc=True)
    server(site, page(minute=1, **stamp(personalisation=True)), gpc=True)
    assert "ConsentGiven" not in decisions(site) and not permits(site)


def test_gpc_objects_again_over_a_yes_that_a_page_gave_and_not_over_the_persons_own_act(site: Site) -> None:
    server(site, page(device="a"), gpc=True)
    server(site, page(device="b", minute=1, **stamp(personalisation=False)))
    server(site, page(device="b", minute=2, **stamp(personalisation=True)))
    assert permits(site), "changed on a device that does not send it"
    server(site, page(device="a", minute=3), gpc=True)
    assert not permits(site), "and it is sent still"
    withdraw(site, choice="give")
    assert permits(site)
    server(site, page(device="a", minute=59), gpc=True)
    assert permits(site), "who says yes in person has decided otherwise"


@pytest.mark.parametrize("devices", [(None, None), ("d-1", "d-1"), ("d-1", "d-2"), ("d-1", None)])
def test_a_stale_stamp_after_a_withdrawal_does_not_permit_again(site: Site, devices: tuple[str | None, ...]) -> None:
    server(site, page(device=devices[0], **stamp(personalisation=True)))
    assert permits(site)
    withdraw(site)
    server(site, page(device=devices[1], minute=59, **stamp(personalisation=True)))
    assert decisions(site)[-1] == "ConsentWithdrawn" and not permits(site)


BAD: dict[str, Any] = {
    "a lone surrogate": {"type": "page", "userId": "noa", "name": "\ud800"},
    "no object": 7,
    "an unknown type": {"type": "dance", "userId": "noa"},
    "no id": {"type": "page"},
    "a wrong clock": {"type": "page", "userId": "noa", "timestamp": "soon"},
}


def batch(site: Site, messages: list[Any], path: str = "/v1/batch", **envelope: Any) -> int:
    given = b64encode(f"{site.keys.server}:".encode()).decode()
    sent = {"Authorization": f"Basic {given}", "Content-Type": "application/json"}
    answer = site.client.post(path, content=json.dumps({"batch": messages, **envelope}), headers=sent)
    site.project()
    return answer.status_code


@pytest.mark.parametrize("bad", BAD, ids=list(BAD))
@pytest.mark.parametrize("path", ["/v1/events/batch", "/v1/batch", "/v1/import"])
def test_a_withdrawal_in_a_batchs_context_survives_a_bad_neighbour(site: Site, bad: str, path: str) -> None:
    assert batch(site, [BAD[bad], page()], path, **stamp(personalisation=False)) in (200, 207)
    assert decisions(site) == ["ConsentRefused"]


@pytest.mark.parametrize("call", ["identify", "track", "page", "screen", "alias", "group"])
def test_a_message_that_cannot_be_read_is_refused_and_its_no_is_kept(site: Site, call: str) -> None:
    broken = {"type": call, "userId": "mia", "timestamp": "soon"} | stamp(personalisation=False, analytics=True)
    assert batch(site, [broken]) == 422
    assert decisions(site) == ["ConsentRefused"]
    assert decisions(site, purpose="analytics") == [], "a yes of which the rest cannot be read is none"
    assert batch(site, [broken]) == 422
    assert decisions(site) == ["ConsentRefused"], "kept once"
    for wrong in ({"context": "none"}, {"context": {"consent": "none"}}, {"context": {"consent": {}}}):
        assert batch(site, [page("noa") | wrong], **stamp(personalisation=False)) in (200, 422)
    assert decisions(site, "noa") == ["ConsentRefused"], "what the batch says is not shadowed by what says nothing"


def test_gpc_with_a_message_that_cannot_be_read_objects(site: Site) -> None:
    site.send({"type": "dance", "userId": "mia"}, key=site.keys.server, gpc=True)
    assert {about for _, who, about, _ in site.decided() if who == "mia"} == set(GPC)


def test_an_unreadable_message_of_a_browser_refuses_for_the_browser_alone(site: Site) -> None:
    broken = {"type": "dance", "userId": "u-anna", "anonymousId": "b-1"} | stamp(personalisation=False)
    site.send(broken)
    assert [row[:2] for row in site.decided()] == [("visitor_id", f"{DEMO_SOURCE}:b-1")]
