"""A decision is kept before anything else; what is not understood as consent is a refusal on record, and told."""

import json
from itertools import product
from typing import Any

import pytest

from tests.attacks.site import Site, events_on

NO = {"consent": {"categoryPreferences": {"personalisation": False}}}
GOOD = {"type": "page", "userId": "mia"}


def states(site: Site, purpose: str = "personalisation", who: str = "mia") -> list[str]:
    return [state for _, value, about, state in site.decided() if (value, about) == (who, purpose)]


def server(site: Site, context: Any, **said: Any) -> dict[str, Any]:
    answer = site.server(GOOD | said | {"context": context})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


BAD = [b'{"type":"page","userId":"\\ud83d"}', b"7", b'{"type":"trick"}', b'{"type":"page"}']
PATHS = ["/v1/events/batch", "/v1/batch", "/v1/b", "/v1/import"]


def test_a_refusal_of_the_envelope_is_kept_whatever_its_neighbour_is(site: Site) -> None:
    context, said = json.dumps(NO).encode(), set()
    for number, (path, bad, first) in enumerate(product(PATHS, BAD, [True, False])):
        said.add(who := f"mia-{number}")
        good = json.dumps(GOOD | {"userId": who}).encode()
        batch = b",".join([bad, good] if first else [good, bad])
        parts = b'"context":%s' % context, b'"batch":[%s]' % batch
        for body in (b"{%s,%s}" % parts, b"{%s,%s}" % parts[::-1]):
            assert site.client.post(path, content=body, auth=(site.keys.server, "")).status_code in (200, 207)
    site.project()
    assert {value for _, value, *_ in site.decided()} == said and len(site.decided()) == len(said)


def test_what_rudderstack_says_of_consent_is_a_decision(site: Site) -> None:
    denied = {"consentManagement": {"allowedConsentIds": ["analytics"], "deniedConsentIds": ["personalisation"]}}
    assert "warnings" not in server(site, denied)
    assert states(site) == ["ConsentRefused"] and states(site, "analytics") == ["ConsentGiven"]
    assert "warnings" not in server(site, denied), "and the same again is none"
    assert len(site.decided()) == 2


@pytest.mark.parametrize(
    ("said", "state"), [("true", "Given"), ("TRUE", "Given"), ("false", "Refused"), ("no", "Refused")]
)
def test_a_truth_as_text_is_a_truth(site: Site, said: str, state: str) -> None:
    assert "warnings" not in server(site, {"consent": {"categoryPreferences": {"personalisation": said}}})
    assert states(site) == [f"Consent{state}"]


@pytest.mark.parametrize(
    "context",
    [
        {"consent": {"categoryPreferences": {"personalisation": "peut-etre"}}},
        {"consent": {"categoryPreferences": {"personalisation": 7}}},
        {"consent": {"categoryPreferences": ["personalisation"]}},
        {"consent": "yes to all"},
        {"consentManagement": ["personalisation"]},
        {"consentManagement": {"allowedConsentIds": "personalisation"}},
    ],
)
@pytest.mark.parametrize("by", ["server", "browser", "refused", "lent"])
def test_what_is_not_understood_is_a_refusal_on_record_and_told(site: Site, context: dict[str, Any], by: str) -> None:
    browser = {"type": "page", "anonymousId": "b-7", "context": context}
    if by == "server":
        told = server(site, context)["warnings"]
    elif by == "browser":
        told = site.send(browser).json()["warnings"]
    elif by == "lent":
        told = site.send({"type": "page", "anonymousId": "b-7"}, context=context).json()["warnings"]
    else:
        assert site.send(browser | {"type": "trick"}).status_code == 422
        told = [{"index": 0, "told": "a refusal"}]
    assert [one["index"] for one in told] == [0] and "refusal" in told[0]["told"]
    found = [row[2:] for row in site.decided() if row[2] == "personalisation"]
    assert found == [("personalisation", "ConsentRefused")]
    assert {state for *_, state in site.decided()} == {"ConsentRefused"}


def test_a_category_that_stands_for_nothing_says_nothing_and_is_told(site: Site) -> None:
    told = server(site, {"consent": {"categoryPreferences": {"odd-one": True, "personalisation": False}}})["warnings"]
    assert len(told) == 1 and "found 1 others" in told[0]["told"] and "odd" not in told[0]["told"]
    assert states(site) == ["ConsentRefused"]


def test_a_page_whose_consent_cannot_be_read_every_time_leaves_one_refusal_each(site: Site) -> None:
    for _ in range(3):
        server(site, {"consent": "?"})
    assert len(site.decided()) == len({row[2] for row in site.decided()}) > 1
    assert events_on(site, site.of_user("mia")) == ["page"] * 3
