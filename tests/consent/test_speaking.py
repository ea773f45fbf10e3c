"""Whose records a customer's word binds."""

from hypothesis import given
from hypothesis import strategies as st

from consent.speaking import reached
from contracts.identifiers import Identifier

LOGIN, OTHER_LOGIN = Identifier("user_id", "a"), Identifier("user_id", "b")
MAIL, CARD = Identifier("email", "a@mail.example"), Identifier("loyalty_card", "1")
PARTS = {
    "web:a": frozenset({LOGIN, MAIL}),
    "crm:1": frozenset({MAIL, CARD}),
    "shop:9": frozenset({CARD}),
    "web:b": frozenset({OTHER_LOGIN}),
}


def test_a_login_reaches_records_step_by_step_by_what_only_this_person_has() -> None:
    assert reached(PARTS, LOGIN, frozenset({LOGIN, MAIL, CARD, OTHER_LOGIN})) == {"web:a", "crm:1", "shop:9"}


def test_what_others_have_too_leads_no_further() -> None:
    assert reached(PARTS, LOGIN, frozenset({LOGIN, OTHER_LOGIN, CARD})) == {"web:a"}


def test_staff_speak_for_the_whole_person_and_a_login_that_no_record_carries_for_nobody() -> None:
    assert reached(PARTS, None, frozenset()) == {*PARTS}
    assert reached(PARTS, Identifier("user_id", "c"), frozenset({MAIL, CARD})) == set()


IDENTIFIERS = st.sampled_from([Identifier("email", str(number)) for number in range(6)])
RECORDS = st.dictionaries(st.sampled_from("abcdef"), st.frozensets(IDENTIFIERS, min_size=1), min_size=1)


@given(RECORDS, RECORDS, st.frozensets(IDENTIFIERS), st.data())
def test_records_that_are_joined_without_a_common_identifier_change_nothing(
    mine: dict[str, frozenset[Identifier]],
    others: dict[str, frozenset[Identifier]],
    sole: frozenset[Identifier],
    data: st.DataObject,
) -> None:
    login = data.draw(st.sampled_from(sorted({one for part in mine.values() for one in part})))
    strange = {
        f"other {name}": frozenset(Identifier("phone", one.value) for one in part) for name, part in others.items()
    }
    known = sole | {Identifier("phone", one.value) for one in sole}
    assert reached(mine | strange, login, known) == reached(mine, login, known)
