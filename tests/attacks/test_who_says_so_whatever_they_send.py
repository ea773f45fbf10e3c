"""Who says so: whatever an outsider sends with a browser's key, everybody else is as they were, byte for byte."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.sources import DEMO_SOURCE
from tests.attacks.site import ANNA, BROWSER_OF_ANNA, LUC, ZOE, Site

THEIRS = [*ANNA.values(), *LUC.values(), *ZOE.values(), BROWSER_OF_ANNA, f"{DEMO_SOURCE}:{BROWSER_OF_ANNA}"]
DISGUISED = [
    change(one) for one in THEIRS for change in (str.upper, lambda one: f" {one}\u200b", lambda one: one[::-1])
]
values = st.sampled_from(
    [*THEIRS, *DISGUISED, "mallory", "b-7", "crm:1", "1980-03-02", "Anna", "Roux", "12 rue des Lilas"]
)
names = st.sampled_from(
    "email phone firstName lastName name birthday address gender createdAt user_id customer_number loyalty_card".split()
)
traits = st.dictionaries(names, values | st.fixed_dictionaries({"street": values, "city": values}), max_size=5)
external = st.lists(st.fixed_dictionaries({"type": names, "id": values}), max_size=4)
preferences = st.dictionaries(
    st.sampled_from(["marketing_email", "personalisation", "fraud_prevention", "identity_resolution"]), st.booleans()
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "traits": traits,
        "externalIds": external,
        "verified": st.just(["email", "phone"]),
        "consent": st.fixed_dictionaries({"categoryPreferences": preferences}),
    },
)
messages = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["identify", "track", "page", "screen", "alias", "group"]),
        "event": st.just("Order Completed"),
    },
    optional={
        "userId": values,
        "anonymousId": values,
        "previousId": values,
        "groupId": values,
        "messageId": st.sampled_from(["hello-1", "guess"]),
        "traits": traits,
        "context": contexts,
    },
)


def test_whatever_an_outsider_sends_everybody_else_is_as_they_were(site: Site) -> None:
    site.send({"type": "page", "anonymousId": BROWSER_OF_ANNA, "messageId": "hello-1"})
    site.send(site.signed(ANNA["user_id"], anonymousId=BROWSER_OF_ANNA, messageId="hello-1"))
    before, answers = site.everything(), asked(site)
    known = {(row["kind"], row["value"]) for row in before["identifiers"].values()}

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(messages, min_size=1, max_size=4), st.booleans(), st.none() | contexts)
    def send(said: list[dict[str, Any]], gpc: bool, shared: dict[str, Any] | None) -> None:
        site.send(*said, gpc=gpc, context=shared)
        after = site.everything()
        for table, rows in before.items():
            assert {key: after[table].get(key) for key in rows} == rows, table
        new = [row for key, row in after["identifiers"].items() if key not in before["identifiers"]]
        assert {row["kind"] for row in new} <= {"visitor_id"}
        assert not {(row["kind"], row["value"]) for row in new} & known
        assert set(after["redirects"]) == set(before["redirects"])
        of_others = {row["identifier"] for row in after["consent_events"].values()} & {value for _, value in known}
        assert of_others == {row["identifier"] for row in before["consent_events"].values()}

    send()
    assert len(site.claimants()) > 5, "it was heard"
    assert asked(site) == answers


def asked(site: Site) -> list[tuple[int, Any]]:
    """What readers are told of the customers by each of their identifiers."""
    found = []
    for kind, value in [*ANNA.items(), *LUC.items(), *ZOE.items(), ("visitor_id", f"{DEMO_SOURCE}:{BROWSER_OF_ANNA}")]:
        for path in ("/v1/profiles/lookup", "/v1/bot/context"):
            answer = site.finds(kind, value, path)
            found.append((answer.status_code, answer.json()))
    return found
