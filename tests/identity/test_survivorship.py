"""Which of several values survives is decided by rules that are data, whatever the order of the records."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from identity.survivorship import FIELDS, CandidateValue, candidates, golden_record, rules, survivor

START = datetime(2020, 1, 1, tzinfo=UTC)


def offer(value: str, trust: int = 50, day: int | None = 0, record: str = "crm:1") -> CandidateValue:
    seen = None if day is None else START + timedelta(days=day)
    return CandidateValue(value, "identity", record, record.partition(":")[0], seen, trust)


def record(record_id: str, day: int | None = 0, **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(FIELDS)
    identifiers = said.pop("identifiers", [])
    attributes = said.pop("attributes", {})
    categories = {field: "identity" for field in FIELDS} | {
        "identifier.email": "contact",
        "identifier.phone": "contact",
    }
    categories |= {f"attribute.{name}": "behaviour" for name in attributes} | said.pop("categories", {})
    seen = None if day is None else START + timedelta(days=day)
    channel = record_id.partition(":")[0]
    basis = {"record_id": record_id, "channel": channel, "observed_at": seen, "categories": list(categories.items())}
    return found | basis | {"identifiers": identifiers, "attributes": list(attributes.items())} | said


offers = st.builds(
    offer,
    st.sampled_from(["Dupont", "DUPONT", "Dupond", "Martin", "2001-01-01"]),
    st.integers(0, 2),
    st.none() | st.integers(-30_000, 3),
    st.sampled_from(["crm:1", "crm:2", "web:1"]),
)


@given(st.sampled_from([*FIELDS, "email", "phone", "hobby"]), st.lists(offers, min_size=1, max_size=6), st.randoms())
@example("customer_since", [offer("2001-01-01", day=None), offer("2001-01-01", day=0)], Random(1))
@example("customer_since", [offer("2001-01-01", day=0), offer("2001-01-01", day=None)], Random(1))
@example("birth_date", [offer("2001-01-01", trust=1), offer("2001-01-01", trust=2)], Random(1))
def test_the_survivor_does_not_depend_on_the_order_of_candidates(
    field: str, given_: list[CandidateValue], chance: Any
) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)
    assert survivor(field, shuffled) == survivor(field, given_)
    assert survivor(field, given_)[0] in given_


@given(st.lists(offers, min_size=1, max_size=6))
def test_a_rule_is_named_where_values_differ_and_only_there(given_: list[CandidateValue]) -> None:
    _, rule = survivor("family_name", given_)
    contested = len({one.value.casefold() for one in given_}) > 1
    assert (rule == "only_value") != contested


@pytest.mark.parametrize(
    ("field", "winner", "loser", "rule"),
    [
        ("family_name", offer("A", trust=90, day=0), offer("B", trust=50, day=9), "most_trusted"),
        ("family_name", offer("A", day=9), offer("B", day=0), "most_recent"),
        ("street", offer("A", trust=10, day=9), offer("B", trust=90, day=0), "most_recent"),
        ("middle_name", offer("Anne"), offer("A"), "longest"),
        ("customer_since", offer("1999-01-01", trust=10), offer("2001-01-01", trust=90), "earliest"),
        ("hobby", offer("sailing", trust=90), offer("chess"), "most_trusted"),
        ("email", offer("a@post.example", day=-30_000), offer("b@post.example", day=None), "most_recent"),
    ],
)
def test_the_first_rule_that_tells_them_apart_decides(
    field: str, winner: CandidateValue, loser: CandidateValue, rule: str
) -> None:
    assert survivor(field, [loser, winner]) == (winner, rule)


def test_the_most_frequent_value_counts_spellings_as_one() -> None:
    same = [offer("1980-05-17", record="web:1"), offer("1980-05-17", record="web:2")]
    assert survivor("birth_date", [offer("1980-07-15", trust=99), *same])[1] == "most_frequent"
    spelled = [offer("Léa", record="web:1"), offer("LEA", record="web:2"), offer("Lea-Marie", record="web:3")]
    assert survivor("given_name", spelled)[0].value in ("Léa", "LEA")


def test_values_that_no_rule_tells_apart_go_by_their_order() -> None:
    assert survivor("email", [offer("b@x.example"), offer("a@x.example")]) == (offer("a@x.example"), "first_in_order")


def test_every_rule_of_the_file_is_for_a_field_that_exists() -> None:
    assert set(rules()) <= {*FIELDS, "email", "phone", "default"}
    assert all(order for order in rules().values())


def test_trust_goes_by_field_then_by_channel_then_by_the_middle() -> None:
    trust = {("web", ""): 30, ("web", "city"): 80}
    said = dict(candidates(record("web:1", city="Lyon", given_name="Ann"), trust))
    assert (said["city"].trust, said["given_name"].trust) == (80, 30)
    assert dict(candidates(record("shop:1", city="Lyon"), trust))["city"].trust == 50


def test_dates_and_contacts_and_attributes_are_offered_with_their_categories() -> None:
    one = record(
        "crm:1",
        birth_date=date(1980, 5, 17),
        identifiers=[{"kind": "email", "value": "a@x.example"}, {"kind": "device_id", "value": "d"}],
        attributes={"hobby": "chess"},
    )
    said = dict(candidates(one, {}))
    assert said["birth_date"].value == "1980-05-17"
    assert (said["email"].category, said["hobby"].category) == ("contact", "behaviour")
    assert "device_id" not in said


def test_a_golden_record_tells_where_each_value_comes_from_and_what_lost() -> None:
    crm = record("crm:1", 0, family_name="Dupont", identifiers=[{"kind": "email", "value": "a@x.example"}])
    web = record("web:1", 5, family_name="Martin")
    golden = golden_record("p_1", [crm, web], {("crm", ""): 90})
    name = next(field for field in golden["fields"] if field["field"] == "family_name")
    assert (name["value"], name["record_id"], name["rule"]) == ("Dupont", "crm:1", "most_trusted")
    assert [lost["value"] for lost in name["losing"]] == ["Martin"]
    assert golden["records"] == ["crm:1", "web:1"]
    assert (golden["first_seen"], golden["last_seen"]) == (START, START + timedelta(days=5))
    assert golden["identifiers"] == [{"kind": "email", "value": "a@x.example", "category": "contact"}]


def test_a_golden_record_has_the_strictest_category_of_all_that_offered_a_value() -> None:
    mail = [{"kind": "email", "value": "a@x.example"}]
    open_ = record("crm:1", identifiers=mail, city="Lyon")
    closed = record(
        "web:1", identifiers=mail, city="Lyon", categories={"identifier.email": "sensitive", "city": "sensitive"}
    )
    for records in ([open_, closed], [closed, open_]):
        golden = golden_record("p_1", records, {})
        assert {field["category"] for field in golden["fields"]} == {"sensitive"}
        assert golden["identifiers"][0]["category"] == "sensitive"


records = st.builds(
    lambda key, day, name, city, mail: record(
        f"crm:{key}", day, family_name=name, city=city, identifiers=[{"kind": "email", "value": f"{mail}@x.example"}]
    ),
    st.integers(0, 99),
    st.none() | st.integers(0, 3),
    st.sampled_from(["Dupont", "DUPONT", "dupont", "Martin", "MARTIN", None]),
    st.sampled_from(["Lyon", "LYON", None]),
    st.sampled_from("ab"),
)


@given(st.lists(records, min_size=1, max_size=6, unique_by=lambda one: one["record_id"]), st.randoms())
def test_a_golden_record_does_not_depend_on_the_order_of_records(given_: list[dict[str, Any]], chance: Any) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)
    assert golden_record("p_1", shuffled, {}) == golden_record("p_1", given_, {})


def test_what_the_person_put_right_wins_over_every_source_and_the_newest_word_counts() -> None:
    right = {"field": "given_name", "category": "identity", "record_id": "crm:1"}
    rectified = [
        right | {"value": value, "decided_at": START + timedelta(days=days)} for value, days in (("B", 1), ("A", 0))
    ]
    golden = golden_record("p_1", [record("crm:1", given_name="Evelin")], {("crm", ""): 100}, rectified)
    field = next(one for one in golden["fields"] if one["field"] == "given_name")
    assert (field["value"], field["rule"], field["channel"]) == ("B", "rectified", "person")
    assert [one["value"] for one in field["losing"]] == ["Evelin"]


def claim(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value, "category": "identity"}


def test_a_claim_fills_what_nobody_knows_and_is_no_rival_of_what_somebody_knows() -> None:
    known = record("crm:1", given_name="Ana", birth_year=1990)
    said = [claim("given_name", "Mallory"), claim("gender", "female"), claim("birth_date", "1991-01-01")]
    said += [claim("user_id", "u-1"), claim("email", "ana@post.example")]
    numbers = {"identifier.user_id": "identity"}
    golden = golden_record("p", [known, record("app:visitor", day=9, claims=said, categories=numbers)], {})
    fields = {one["field"]: one for one in golden["fields"]}
    assert {name: (one["value"], one["assurance"]) for name, one in fields.items()} == {
        "given_name": ("Ana", "source"),
        "birth_year": ("1990", "source"),
        "gender": ("female", "claimed"),
        "email": ("ana@post.example", "claimed"),
    }
    assert fields["given_name"]["losing"] == [] and golden["identifiers"] == []


def test_what_was_proven_or_put_right_is_verified_but_for_an_address_that_was_put_right() -> None:
    held = [{"kind": "email", "value": "ana@post.example"}]
    proven = record("crm:1", given_name="Ana", identifiers=held, proven=held, claims=[claim("gender", "x")])
    right = {"field": "gender", "value": "female", "category": "identity", "record_id": "crm:1", "decided_at": START}
    golden = golden_record("p", [proven], {}, [right])
    known = {one["field"]: one["assurance"] for one in golden["fields"]}
    assert known == {"email": "verified", "gender": "verified", "given_name": "source"}
    typed = right | {"field": "email", "value": "ana@new.example"}
    (email,) = (one for one in golden_record("p", [proven], {}, [typed])["fields"] if one["field"] == "email")
    assert (email["value"], email["assurance"]) == ("ana@new.example", "source")


def test_a_name_is_spelt_with_its_accents_whoever_left_them_out() -> None:
    names = [offer("Francois", trust=90, day=9), offer("FRANÇOIS", 10), offer("François", 10, 0, "web:1")]
    assert survivor("given_name", names)[0].value == "François"
    assert survivor("given_name", [*names, offer("Jean", trust=20)]) == (names[2], "most_trusted")
    mails = [offer("rene@mail.example", trust=90), offer("rené@mail.example", 10)]
    assert survivor("email", mails)[0] == mails[0]


def test_a_name_of_which_an_encoding_lost_a_letter_loses() -> None:
    broken, whole = record("crm:1", given_name="Fran\ufffdois", family_name="Roux"), record("web:1", given_name="Luc")
    trust = {("crm", ""): 90, ("web", ""): 10}
    told = {one["field"]: one["value"] for one in golden_record("p", [broken, whole], trust)["fields"]}
    assert told["given_name"] == "Luc"
    alone = {one["field"]: one["value"] for one in golden_record("p", [broken], trust)["fields"]}
    assert alone["given_name"] == "Fran\ufffdois"


def test_a_name_turned_round_in_one_channel_is_put_in_order_by_the_others() -> None:
    right = record("crm:1", given_name="Fabrice", family_name="Goasdoué")
    turned = record("billing:1", given_name="Goasdoue", family_name="Fabrice")
    for trust in ({("crm", ""): 90}, {("billing", "given_name"): 20, ("billing", ""): 90}):
        told = {one["field"]: one for one in golden_record("p", [turned, right], trust)["fields"]}
        assert (told["given_name"]["value"], told["family_name"]["value"]) == ("Fabrice", "Goasdoué")
        assert told["given_name"]["losing"] == told["family_name"]["losing"] == []
