from hypothesis import given
from hypothesis import strategies as st

from identity.matching.sharing import MANY, people_behind, sharing_class

NAMES = st.sampled_from([None, "marie", "mary", "paul", "pauline", "jean", "p", "lucas", "bob", "robert"])
BIRTHS = st.sampled_from([None, "1980-01-02", "1980-02-01", "2010-05-06", "2010-05-07"])
HOLDERS = st.lists(st.tuples(NAMES, BIRTHS))


@given(HOLDERS, st.randoms())
def test_the_order_of_holders_does_not_matter(holders, random):
    shuffled = holders.copy()
    random.shuffle(shuffled)
    assert people_behind(shuffled) == people_behind(holders)


@given(HOLDERS)
def test_a_value_has_between_one_and_many_people(holders):
    assert 1 <= people_behind(holders) <= MANY


@given(NAMES, BIRTHS, st.lists(st.tuples(st.booleans(), st.booleans())))
def test_holders_of_one_name_and_one_birth_date_are_one_person(name, birth, told):
    """So a value needs no counting where its holders tell no two of either."""
    assert people_behind([(name if named else None, birth if dated else None) for named, dated in told]) == 1


def test_spellings_short_forms_and_initials_are_one_person():
    assert people_behind([("robert", None), ("bob", None), ("r", None), ("roberrt", None), (None, None)]) == 1


def test_father_and_son_of_one_name_are_two_people():
    assert people_behind([("paul", "1950-03-04"), ("paul", "1982-11-20")]) == 2


def test_a_typing_error_in_a_birth_date_is_nobody_new():
    assert people_behind([("paul", "1950-03-04"), ("paul", "1950-04-03")]) == 1


def test_ten_thousand_holders_are_a_shared_value():
    names = ["adele", "bruno", "chloe", "denis", "fanny", "gilles"]
    holders = [(names[i % 6], f"{1940 + i % 70}-01-{1 + i % 28:02d}") for i in range(10_000)]
    assert sharing_class(holders) == "shared"
