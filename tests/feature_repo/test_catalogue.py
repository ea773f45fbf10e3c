import pytest

from consent.purposes import published_purposes
from contracts.categories import Category
from feature_repo.catalogue import CATEGORIES, PURPOSES, VIEWS, features_of


def test_every_feature_has_a_data_category_and_a_meaning() -> None:
    for features in VIEWS.values():
        for name, feature in features.items():
            assert CATEGORIES[name] in Category
            assert feature.meaning


def test_a_feature_inherits_the_strictest_category_of_its_inputs() -> None:
    assert CATEGORIES["amount_30d"] is Category.TRANSACTION
    assert CATEGORIES["open_complaint"] is Category.BEHAVIOUR
    assert CATEGORIES["days_as_customer"] is Category.IDENTITY


def test_no_feature_is_made_of_what_people_write_or_of_sensitive_data() -> None:
    assert not {Category.COMMUNICATION, Category.SENSITIVE} & set(CATEGORIES.values())


def test_a_feature_name_is_unique_over_all_views() -> None:
    assert len(CATEGORIES) == sum(len(features) for features in VIEWS.values())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_purpose_sees_no_feature_of_a_category_that_it_does_not_list(purpose: str) -> None:
    stated = published_purposes()[purpose]
    names = [name for found in features_of(stated).values() for name in found]
    assert names
    assert {CATEGORIES[name] for name in names} <= set(stated.categories)


def test_purposes_that_are_refused_or_for_sending_offers_have_no_features() -> None:
    purposes = published_purposes()
    unserved = {name for name, purpose in purposes.items() if purpose.refused or name.startswith("marketing")}
    assert unserved
    assert not unserved & set(PURPOSES)
