"""A live record stays where it is, joins whoever shares an identifier, or founds a profile; no batch profiles merge."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.identifiers import Identifier
from identity.clustering.cluster import LARGEST_CLUSTER
from identity.clustering.stable_ids import new_id
from read_model.live.assigning import RelevantRecords
from read_model.live.joining import Holder

MAIL, PHONE = Identifier("email", "ana@inbox.example"), Identifier("phone", "+33199000123")
CARD, LOGIN = Identifier("loyalty_card", "c-1"), Identifier("user_id", "u-1")


def said(record_id: str, *identifiers: Identifier, **more: Any) -> Holder:
    verified = frozenset(more.pop("verified", ()))
    return Holder(record_id, more.pop("given", None), None, frozenset(identifiers) | verified, verified, more)


def known(profiles: dict[str, list[Holder]], **more: Any) -> RelevantRecords:
    """What is relevant, of records of the batch (`crm:`) and of a live source (`app:`)."""
    records = {one.record_id: one for some in profiles.values() for one in some}
    return RelevantRecords(
        profile_of={one.record_id: profile for profile, some in profiles.items() for one in some},
        holders=records,
        live={one for one in records if one.startswith("app:")},
        **more,
    )


def test_a_record_that_shares_nothing_founds_a_profile_under_the_id_that_the_batch_would_give() -> None:
    of = known({"p_b": [said("crm:1", MAIL)]})
    assert of.assign(said("app:u", PHONE)) == new_id("app:u", ()) == of.moved["app:u"]
    assert of.created == {new_id("app:u", ()): "app:u"} and not of.merged


def test_an_id_that_is_or_was_a_profiles_is_not_given_again() -> None:
    first = new_id("app:u", ())
    of = known({}, taken={first})
    assert of.assign(said("app:u")) == new_id("app:u", {first}) != first
    assert new_id("app:u", {first}) in of.taken


def test_a_record_joins_whoever_shares_an_identifier_and_stays_when_it_no_longer_does() -> None:
    of = known({"p_b": [said("crm:1", MAIL)]})
    assert of.assign(said("app:u", MAIL)) == "p_b"
    assert of.moved == {"app:u": "p_b"} and not of.created
    assert of.assign(said("app:u", PHONE)) == "p_b"
    assert of.moved == {"app:u": "p_b"}


def test_of_two_profiles_the_one_that_shares_the_more_distinctive_identifier_is_joined() -> None:
    of = known({"p_a": [said("crm:1", PHONE)], "p_b": [said("crm:2", LOGIN)]})
    assert of.assign(said("app:u", PHONE, LOGIN)) == "p_b"
    assert of.profile_of["crm:1"] == "p_a" and not of.merged, "two profiles of the batch stay two"


@pytest.mark.parametrize("restricted", ["crm:1", "app:u"])
def test_a_restricted_record_joins_nobody_and_nobody_joins_it(restricted: str) -> None:
    of = known({"p_b": [said("crm:1", MAIL)]}, restricted={restricted})
    assert of.assign(said("app:u", MAIL)) == new_id("app:u", ())


def test_two_records_that_a_steward_keeps_apart_never_meet_and_a_third_joins_one_of_them() -> None:
    of = known({"p_b": [said("crm:1", MAIL)]}, apart={frozenset(("crm:1", "app:u"))})
    assert of.assign(said("app:u", MAIL)) == new_id("app:u", ())
    assert of.assign(said("app:v", MAIL)) == "p_b"
    assert of.profile_of["app:u"] != "p_b" and not of.merged, "nor by the third"


def test_two_verified_logins_and_two_dates_are_two_people() -> None:
    other = Identifier("user_id", "u-2")
    of = known({"p_b": [said("crm:1", MAIL, verified=[LOGIN])]})
    assert of.assign(said("app:u", MAIL, verified=[other])) != "p_b"
    births = [{"whole_birth": day, "whole_year": int(day[:4])} for day in ("1958-04-12", "1986-09-30")]
    for bars, is_one in (("dates", False), ("generations", False), ("none", True)):
        of = known({"p_b": [said("crm:1", MAIL, **births[0])]}, bars=bars)
        assert (of.assign(said("app:u", MAIL, **births[1])) == "p_b") is is_one


def test_a_profile_of_the_largest_size_takes_nobody_in() -> None:
    full = [said("crm:0", MAIL), *(said(f"crm:{number}") for number in range(1, LARGEST_CLUSTER))]
    assert known({"p_b": full}).assign(said("app:u", MAIL)) == new_id("app:u", ())
    assert known({"p_b": full[:-1]}).assign(said("app:u", MAIL)) == "p_b"


def test_two_live_profiles_that_a_record_connects_become_the_larger_one() -> None:
    of = known({"p_a": [said("app:1", MAIL)], "p_b": [said("app:2", CARD), said("app:3", CARD)]})
    assert of.assign(said("app:1", MAIL, CARD)) == "p_b"
    assert of.merged == [("p_a", "p_b", ("app:1",))] and of.moved == {"app:1": "p_b"}


def test_of_two_equal_ones_that_which_existed_before_stays_and_one_of_today_leaves_no_trace() -> None:
    of = known({"p_z": [said("app:1", MAIL)]})
    of.assign(said("app:2", CARD))
    assert of.assign(said("app:2", MAIL)) == "p_z"
    assert of.profile_of == {"app:1": "p_z", "app:2": "p_z"}
    assert not of.created and not of.merged, "nobody has seen its id"


def test_a_live_profile_becomes_part_of_the_batchs_however_large_it_is() -> None:
    of = known({"p_b": [said("crm:1", PHONE)], "p_a": [said("app:1", MAIL), said("app:2")]})
    assert of.assign(said("app:1", MAIL, PHONE)) == "p_b"
    assert of.merged == [("p_a", "p_b", ("app:1", "app:2"))]
    assert set(of.profile_of.values()) == {"p_b"}


ids = st.frozensets(st.sampled_from([MAIL, PHONE, CARD, LOGIN]), max_size=3)
of_batch, of_app = st.sampled_from(["crm:1", "crm:2", "crm:3"]), st.sampled_from(["app:1", "app:2", "app:3"])
standing = st.dictionaries(of_batch, st.tuples(st.sampled_from(["b_1", "b_2"]), ids), min_size=1)
standing_live = st.dictionaries(of_app, st.tuples(st.sampled_from(["b_1", "l_1", "l_2"]), ids))
pairs = st.frozensets(of_batch | of_app, min_size=2, max_size=2)


@given(
    standing, standing_live, st.lists(st.tuples(of_app, ids), max_size=6), st.sets(pairs, max_size=2), st.sets(of_app)
)
@settings(max_examples=100)
def test_whatever_comes_records_of_the_batch_stay_and_what_is_kept_apart_never_meets(
    batch: dict[str, tuple[str, Iterable[Identifier]]],
    live: dict[str, tuple[str, Iterable[Identifier]]],
    coming: list[tuple[str, Iterable[Identifier]]],
    apart: set[frozenset[str]],
    restricted: set[str],
) -> None:
    before = batch | live
    profiles = {one: [said(r, *of) for r, (p, of) in before.items() if p == one] for one, _ in before.values()}
    of = known(profiles, apart=apart, restricted=restricted)
    stood = dict(of.profile_of)
    for record, identifiers in coming:
        assert of.assign(said(record, *identifiers)) == of.profile_of[record]
    assert all(of.profile_of[record] == stood[record] for record in batch)
    for one, other in map(sorted, apart & {frozenset(pair) for pair in combinations(of.profile_of, 2)}):
        were_one = one in stood and stood[one] == stood.get(other)
        assert of.profile_of[one] != of.profile_of[other] or were_one
    assert of.profile_of == stood | of.moved
    assert all(of.profile_of[founder] == profile for profile, founder in of.created.items())


def test_what_became_part_of_a_profile_that_was_never_there_becomes_part_of_the_one_that_stays() -> None:
    of = known({"p_was": [said("app:x", MAIL)], "p_batch": [said("crm:b", PHONE)]})
    for one in (said("app:n1", CARD), said("app:n2", CARD), said("app:n3", CARD, MAIL, PHONE)):
        of.assign(one)
    assert set(of.profile_of.values()) == {"p_batch"} and not of.created
    assert of.merged == [("p_was", "p_batch", ("app:x",))]


def test_a_profile_that_has_just_become_part_of_another_does_so_once() -> None:
    of = known({"p_live": [said("app:r", MAIL), said("app:s", MAIL)], "p_batch": [said("crm:b", LOGIN)]})
    of.assign(said("app:r", MAIL, LOGIN))
    assert of.merged == [("p_live", "p_batch", ("app:r", "app:s"))]


several = st.lists(st.sampled_from([MAIL, PHONE, CARD, LOGIN]), max_size=3)


@given(
    st.lists(st.tuples(st.sampled_from(["app:1", "app:2", "app:3", "app:4"]), several), max_size=8), several, several
)
def test_every_merge_is_told_once_with_the_records_that_moved_to_a_profile_that_is_there(
    came: list[tuple[str, list[Identifier]]], live: list[Identifier], batch: list[Identifier]
) -> None:
    of = known({"p_live": [said("app:old", *live)], "p_batch": [said("crm:b", *batch)]})
    for record_id, identifiers in came:
        of.assign(said(record_id, *identifiers))
    gone = [one for one, _, _ in of.merged]
    assert len(gone) == len(set(gone)) and all(moved for _, _, moved in of.merged)
    there = set(of.profile_of.values())
    assert not there & set(gone) and {into for _, into, _ in of.merged} <= there | set(gone)
    assert there <= {"p_live", "p_batch", *of.created}
