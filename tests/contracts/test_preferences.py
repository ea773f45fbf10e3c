"""What a message says of consent is understood in the forms of banners and libraries; the rest permits nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.preferences import EVERYTHING, lent, preferences, said_of_consent

ALL_REFUSED = {EVERYTHING: False}
trees: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["true", "no", "maybe", ""]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["ads", "categoryPreferences", "deniedConsentIds"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
contexts = st.dictionaries(st.sampled_from(["consent", "consentManagement"]), trees, max_size=2)


def banner(**said: Any) -> dict[str, Any]:
    return {"consent": {"categoryPreferences": said}}


def managed(**said: Any) -> dict[str, Any]:
    return {"consentManagement": {"provider": "custom", "resolutionStrategy": "and"} | said}


@pytest.mark.parametrize(
    ("context", "allowed", "told"),
    [
        ({}, {}, 0),
        (banner(ads=True, mail=False), {"ads": True, "mail": False}, 0),
        (banner(ads="true", mail="FALSE ", a="Granted", b="denied", c=1, d=0, e="oui"),
         {"ads": True, "mail": False, "a": True, "b": False, "c": True, "d": False, "e": True}, 0),
        (banner(ads="maybe", mail=2, a=[], b={"x": True}), dict.fromkeys(["ads", "mail", "a", "b"], False), 4),
        (banner(ads=None), {}, 0),
        ({"consent": {}}, {}, 0),
        ({"consent": []}, {}, 0),
        ({"consent": {"categoryPreferences": []}}, {}, 0),
        ({"consent": {"categoryPreferences": ["ads"]}}, ALL_REFUSED, 1),
        ({"consent": "granted"}, ALL_REFUSED, 1),
        ({"consent": True}, ALL_REFUSED, 1),
        ({"consent": False}, ALL_REFUSED, 0),
        ({"consent": {"ads": "yes"}}, ALL_REFUSED, 1),
        (managed(allowedConsentIds=["ads"], deniedConsentIds=["mail"]), {"ads": True, "mail": False}, 0),
        (managed(allowedConsentIds={"ads": "Advertising"}, deniedConsentIds=[]), {"ads": True}, 0),
        (managed(deniedConsentIds=[7]), {"7": False}, 0),
        (managed(), {}, 0),
        (managed(allowedConsentIds="ads"), ALL_REFUSED, 1),
        (managed(deniedConsentIds=[["ads"]]), ALL_REFUSED, 1),
        ({"consentManagement": "denied"}, ALL_REFUSED, 1),
        (banner(ads=True) | managed(deniedConsentIds=["ads"]), {"ads": False}, 0),
        (managed(allowedConsentIds=["ads"], deniedConsentIds=["ads"]), {"ads": False}, 0),
    ],
)  # fmt: skip
def test_each_form_says_what_its_sender_means(context: dict[str, Any], allowed: dict[str, bool], told: int) -> None:
    said = said_of_consent(context)
    assert (said.allowed, len(said.unread)) == (allowed, told)
    assert all("refusal" in one and "maybe" not in one for one in said.unread)


@given(contexts, contexts)
def test_of_what_a_batch_and_its_message_say_each_no_is_kept(shared: dict[str, Any], own: dict[str, Any]) -> None:
    both = preferences(shared), preferences(own)
    merged = preferences(lent(shared, own))
    assert merged.keys() == both[0].keys() | both[1].keys()
    for name, allowed in merged.items():
        assert allowed is all(one.get(name, True) for one in both)
