"""All that came under a key as one: by version, then by delivery; what is empty says nothing, what is gone is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_files.versions import GONE, Version, decisions_of, events_of, is_gone, latest
from contracts.channel import Channel

NOW = datetime(2026, 1, 2, tzinfo=UTC)
COLUMNS: dict[str, Any] = {
    "id": {"is": "key"},
    "family": {"is": "family_name"},
    "mail": {"is": "email"},
    "changed": {"is": "version", "format": "iso"},
    "del": {"is": "deleted"},
    "app.city": {"is": "city"},
}


def contract(**more: Any) -> Channel:
    basis = {"channel": "shop", "files": "*", "format": "csv", "holds": ["person"], "columns": COLUMNS}
    return Channel.model_validate(basis | more)


PLAIN = contract()
ORDERS = contract(
    holds=["event"],
    event={"type": "order"},
    columns={
        "no": {"is": "event_id"},
        "on": {"is": "event_time", "format": "iso"},
        "total": {"is": "amount"},
        "del": {"is": "deleted"},
    },
)


def versions(*payloads: dict[str, Any] | None) -> list[Version]:
    """Deliveries one after the other, `None` for the mark that the key is gone."""
    return [
        Version({} if one is None else {"id": "1"} | one, GONE if one is None else f"h{n}", NOW + timedelta(days=n), 1)
        for n, one in enumerate(payloads)
    ]


def family(*payloads: dict[str, Any] | None, channel: Channel = PLAIN) -> str | None:
    found = latest(channel, versions(*payloads))
    return None if found is None else found.payload.get("family")


def test_a_value_that_comes_back_after_another_counts() -> None:
    assert family({"family": "A"}, {"family": "B"}, {"family": "A"}) == "A"
    amounts = [{"no": "o", "on": "2025-01-01", "total": total} for total in ("10", "20", "10")]
    ((event, _),) = events_of(ORDERS, versions(*amounts))
    assert event.amount == 10.0


def test_a_later_version_counts_whenever_it_came() -> None:
    assert family({"family": "B", "changed": "2025-03-01"}, {"family": "A", "changed": "2025-02-01"}) == "B"


def test_a_clock_that_is_ahead_counts_from_its_arrival_and_blocks_no_correction() -> None:
    ahead = {"family": "Zed", "changed": "2099-01-01"}
    assert family({"family": "A", "changed": "2025-02-01"}, ahead) == "Zed"
    assert family(ahead, {"family": "B", "changed": "2026-01-03"}) == "B"
    assert family(ahead, {"family": "B", "changed": "2025-02-01"}) == "Zed"


@pytest.mark.parametrize("empty", ["", None, "N/A", " - "])
def test_an_empty_value_says_nothing_unless_the_contract_says_that_it_clears(empty: Any) -> None:
    said = [{"family": "Roux", "mail": "a@x.example"}, {"family": empty, "mail": "b@x.example"}]
    assert family(*said) == "Roux"
    assert family(*said, channel=contract(empty="clears")) == empty
    found = latest(PLAIN, versions(*said))
    assert found and found.payload["mail"] == "b@x.example"


def test_what_an_object_leaves_empty_says_nothing_either() -> None:
    found = latest(PLAIN, versions({"app": {"city": "Lyon", "zip": "1"}}, {"app": {"city": "", "zip": "2"}}))
    assert found and found.payload["app"] == {"city": "Lyon", "zip": "2"}


def test_a_continuation_row_of_one_file_blanks_nothing() -> None:
    first, second = Version({"id": "1", "family": "Roux"}, "a", NOW, 2), Version({"id": "1", "family": ""}, "b", NOW, 3)
    found = latest(PLAIN, [second, first])
    assert found and found.payload["family"] == "Roux"


@pytest.mark.parametrize("word", ["Y", "true", "1", "x", "2025-01-01T00:00:00Z", "oui"])
def test_a_tombstone_deletes_and_a_later_row_brings_back_without_what_was_before(word: str) -> None:
    assert family({"family": "A"}, {"family": "A", "del": word}) is None
    back = latest(PLAIN, versions({"family": "A", "mail": "a@x.example"}, {"del": word}, {"family": "B", "mail": ""}))
    assert back and (back.payload["family"], back.payload["mail"]) == ("B", "")


@pytest.mark.parametrize("word", ["N", "false", "0", "", "no", "non"])
def test_what_says_that_it_is_not_deleted_is_not(word: str) -> None:
    assert family({"family": "A", "del": word}) == "A"


def test_what_is_missing_from_a_full_delivery_is_gone_until_it_comes_again() -> None:
    assert family({"family": "A"}, None) is None
    assert family({"family": "A", "changed": "2025-12-31"}, None, {"family": "B"}) == "B"
    assert events_of(ORDERS, versions({"no": "o", "on": "2025-01-01"}, None)) == []


def test_a_yes_that_goes_on_standing_in_a_row_is_decided_once() -> None:
    columns = {
        "id": {"is": "key"},
        "mail": {"is": "email"},
        "city": {"is": "city"},
        "news": {"is": "decision", "purpose": "marketing_email", "of": "email"},
    }
    shop = contract(holds=["person", "consent"], columns=columns)
    rows = [("Lyon", "granted"), ("Paris", "granted"), ("Paris", "refused"), ("Paris", ""), ("Nice", "granted")]
    came = versions(*[{"mail": "a@x.example", "city": city, "news": news} for city, news in rows])
    assert [(one.decision, one.decided_at) for one, _ in decisions_of(shop, came)] == [
        ("granted", NOW),
        ("refused", NOW + timedelta(days=2)),
        ("granted", NOW + timedelta(days=4)),
    ]


payloads = st.fixed_dictionaries(
    {"family": st.sampled_from(["A", "B", ""])},
    optional={
        "changed": st.sampled_from(["2025-01-01", "2025-02-01", "2099-01-01"]),
        "del": st.sampled_from(["Y", ""]),
    },
)


@given(st.lists(st.none() | payloads, min_size=1, max_size=6), st.randoms())
def test_the_order_in_which_versions_are_brought_together_does_not_matter(said: list[Any], chance: Any) -> None:
    came = versions(*said)
    mixed = list(came)
    chance.shuffle(mixed)
    assert latest(PLAIN, came) == latest(PLAIN, mixed)


STRICT = contract(columns=COLUMNS | {"mail": {"is": "email", "required": True}})
HERS: list[dict[str, Any] | None] = [{"mail": "a@mail.example"}, {}, {"del": "Y"}, None]


@pytest.mark.parametrize(
    ("said", "gone"),
    [("0", False), ("1", False), ("01", False), ("2", True), ("12", True), ("21", False), ("3", True), ("13", True),
     ("31", False), ("", True)],
)  # fmt: skip
def test_what_a_contract_refuses_by_now_is_no_deletion(said: str, gone: bool) -> None:
    came = versions(*[HERS[int(one)] for one in said])
    readable = [one for one in came if one.payload.get("mail")]
    assert is_gone(STRICT, came) is (gone or came == readable), "what is readable and was not made is gone"
    assert is_gone(None, came) is (not came or came[-1].content_hash == GONE)
