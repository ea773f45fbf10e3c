from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contracts.assurance import Proof
from contracts.categories import Category
from contracts.events import LiveEvent, Message, live_event
from contracts.live_keys import visitor_key
from contracts.sources import Source
from read_model.live.book import Book, needed
from read_model.live.live_records import LiveRecord, document_of, stored, without_categories

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
APP = Source(name="app", server_key_sha256="0" * 64, region="FR", traits={"plan": "identity"})


def said(call: str = "track", after: int = 0, **more: Any) -> LiveEvent:
    message = {"type": call, "event": "e", "messageId": f"{call}{after}", "timestamp": str(NOW)} | more
    return live_event(msgspec.convert(message, Message), Proof.SERVER, NOW + timedelta(seconds=after))


def book(*events: LiveEvent, records: dict[str, LiveRecord] | None = None) -> Book:
    found = Book(records or {})
    for event in events:
        found.note("app", event)
    return found


def at(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


def test_traits_add_up_and_the_newest_of_each_stays_in_whatever_order_they_come() -> None:
    events = [
        said("identify", 1, userId="u", traits={"email": "old@inbox.example", "plan": "a"}, timestamp=at(-9)),
        said("identify", 2, userId="u", traits={"email": "new@inbox.example"}, timestamp=at(-5)),
        said("identify", 3, userId="u", traits={"plan": None}, timestamp=at(-3)),
    ]
    payloads = [book(*order).records["app:u"].payload() for order in (events, events[::-1])]
    assert payloads[0] == payloads[1]
    assert payloads[0]["traits"] == {"email": "new@inbox.example"}
    assert payloads[0]["at"] == at(-3)


def test_names_within_an_address_are_read_as_client_libraries_write_them() -> None:
    traits = {"address": {"postalCode": "22500", "city": "Paimpol"}}
    record = book(said("identify", userId="u", traits=traits)).records["app:u"]
    assert record.payload()["traits"]["address"] == {"postal_code": "22500", "city": "Paimpol"}


def test_a_record_survives_being_stored() -> None:
    traits = {"email": "a@inbox.example", "address": {"city": "Lyon"}}
    external = {"externalIds": [{"type": "phone", "id": "0612345678"}]}
    record = book(said("identify", userId="u", anonymousId="a", traits=traits, context=external)).records["app:u"]
    assert stored("app", record.payload()) == record


def test_who_signs_in_first_on_a_device_takes_its_visitor_along_and_who_comes_later_does_not() -> None:
    visit, first = said(after=0, anonymousId="a"), said("identify", 1, userId="u1", anonymousId="a")
    second = said("identify", 2, userId="u2", anonymousId="a")
    found = book(visit, first, second).records
    visitor = found[f"app:{visitor_key('a')}"]
    assert (visitor.bound, visitor.bare) == ("u1", False)
    assert [found[one].visitors for one in ("app:u1", "app:u2")] == [["app:a"], []]
    assert [found[one].devices for one in ("app:u1", "app:u2")] == [["a"], ["a"]]


def test_a_device_that_was_never_anonymous_is_bound_without_a_record_that_shows() -> None:
    found = book(said("identify", userId="u", anonymousId="a"))
    visitor = found.records[f"app:{visitor_key('a')}"]
    assert (visitor.bare, visitor.bound) == (True, "u")
    found.note("app", said(after=1, anonymousId="a"))
    assert visitor.bare is False


def test_alias_takes_a_former_visitor_along_and_never_a_former_login() -> None:
    found = book(said(anonymousId="a"), said("alias", 1, userId="u", previousId="a")).records
    assert found[f"app:{visitor_key('a')}"].bound == "u"
    found = book(said(userId="u1"), said("alias", 1, userId="u2", previousId="u1")).records
    assert found["app:u2"].visitors == [] and set(found) == {"app:u1", "app:u2"}


def test_an_event_that_says_nothing_new_changes_no_record() -> None:
    before = book(said(userId="u", anonymousId="a")).records
    assert book(said(after=5, userId="u", anonymousId="a"), records=before).changed == set()
    assert needed("app", said(userId="u", anonymousId="a")) == {"app:u", f"app:{visitor_key('a')}"}


def test_a_records_document_is_what_the_batch_would_make_of_it() -> None:
    traits = {"email": "Ana@Inbox.example", "firstName": "ANA", "plan": "gold", "birthday": "1984-12-01"}
    record = book(said("identify", userId="u", anonymousId="a", traits=traits)).records["app:u"]
    document = document_of(APP.records, record.payload(), NOW)
    assert (document["record_id"], document["given_name"], document["birth_date"]) == ("app:u", "Ana", "1984-12-01")
    assert document["attributes"] == {"plan": "gold"}
    assert document["verified"] == [{"kind": "user_id", "value": "u"}]
    assert {(one["kind"], one["value"]) for one in document["identifiers"]} == {
        ("email", "ana@inbox.example"),
        ("user_id", "u"),
        ("device_id", "a"),
        ("visitor_id", "app:a"),
    }


def test_what_has_ended_leaves_a_record_which_then_takes_messages_as_before() -> None:
    traits = {"email": "a@inbox.example", "plan": "gold", "unlabelled": "x", "address": {"city": "Lyon"}}
    first = said("identify", userId="u", anonymousId="a", traits=traits, timestamp=at(-9))
    found = book(said(anonymousId="a", timestamp=at(-10)), first)
    record = found.records["app:u"]
    record.stamps = {"a": {"personalisation": ["refused", at(-9)]}}
    payload = record.payload()
    left = without_categories(APP.records, payload, {Category.BEHAVIOUR, Category.SENSITIVE})
    again = stored("app", left)
    assert (again.devices, again.visitors, again.bonds, again.stamps) == ([], [], [], {})
    kept = {"email": "a@inbox.example", "plan": "gold", "address": {"city": "Lyon"}}
    assert (again.user_id, again.key) == ("u", "u") and {
        name: value for name, (value, _) in again.traits.items()
    } == kept
    assert without_categories(APP.records, again.payload(), {Category.BEHAVIOUR, Category.SENSITIVE}) == again.payload()
    # An older message does not bring back what a newer one had deleted.
    gone = book(first, said("identify", 1, userId="u", traits={"plan": None}, timestamp=at(-5))).records["app:u"]
    ended = stored("app", without_categories(APP.records, gone.payload(), {Category.SENSITIVE}))
    late = book(said("identify", 2, userId="u", traits={"plan": "iron"}, timestamp=at(-7)), records={"app:u": ended})
    assert late.records["app:u"].payload()["traits"].get("plan") is None


def test_nothing_leaves_a_record_of_which_nothing_has_ended() -> None:
    traits = {"email": "a@inbox.example", "unlabelled": "x"}
    payload = book(said("identify", userId="u", anonymousId="a", traits=traits)).records["app:u"].payload()
    assert without_categories(APP.records, payload, set()) == payload
    assert without_categories(APP.records, payload, {Category.TRANSACTION}) == payload
