"""Ledger, service, outgoing: a message sent first, or again and again, neither hides a decision nor multiplies it."""

from typing import Any

import pytest

from tests.attacks.site import Site, events_on

NO: dict[str, Any] = {"consent": {"categoryPreferences": {"marketing_email": False}}}
YES: dict[str, Any] = {"consent": {"categoryPreferences": {"marketing_email": True}}}


def refused(site: Site) -> int:
    return sum(row[2:] == ("marketing_email", "ConsentRefused") for row in site.decided())


@pytest.mark.parametrize("first", [{}, {"context": YES}, {"context": {}}, {"context": {"consent": {}}}])
@pytest.mark.parametrize("by", ["browser", "signed", "server"])
def test_a_predicted_message_id_that_is_sent_first_never_swallows_a_withdrawal(
    site: Site, by: str, first: dict[str, Any]
) -> None:
    who = {"anonymousId": "b-7"} if by == "browser" else {"userId": "mia"}

    def send(message: dict[str, Any]) -> dict[str, Any]:
        said = {"messageId": "predicted-1", "type": "page"} | who | message
        if by == "signed":
            hashed = site.signed("mia")["context"]
            said["context"] = hashed | said.get("context", {})
        return (site.server(said) if by == "server" else site.send(said)).json()  # type: ignore[no-any-return]

    assert send(first)["accepted"] == 1
    assert refused(site) == 0
    assert send({"context": NO})["accepted"] == 1, "what decides otherwise is another message"
    assert refused(site) == 1
    again = send({"context": NO})
    assert (again["accepted"], again["duplicates"]) == (0, 1) and refused(site) == 1


def test_a_servers_ids_of_two_people_do_not_hide_each_others_decisions(site: Site) -> None:
    for user in ("mia", "noa"):
        site.server({"type": "track", "event": "Signed Out", "messageId": "m-1", "userId": user, "context": NO})
    assert refused(site) == 2


def test_who_changes_their_mind_all_the_time_leaves_few_rows_and_ends_with_the_no(site: Site) -> None:
    stamps = [f"2024-05-01T10:{number // 60:02}:{number % 60:02}Z" for number in range(200)]
    messages = [
        {"type": "page", "userId": "mia", "timestamp": at, "context": YES if number % 2 else NO}
        for number, at in enumerate(stamps)
    ]
    site.server(*messages)
    decisions = [row for row in site.decided() if row[1:3] == ("mia", "marketing_email")]
    assert 2 <= len(decisions) <= 12
    assert events_on(site, site.of_user("mia")) == ["page"] * 200, "what was done counts all the same"
