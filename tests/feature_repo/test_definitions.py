from consent.purposes import published_purposes
from feature_repo.catalogue import CATEGORIES, PURPOSES, VIEWS, features_of
from feature_repo.definitions import PROFILE, feature_services, feature_views


def test_every_field_of_a_view_is_tagged_with_the_category_of_its_feature() -> None:
    views = feature_views("/lake")
    assert set(views) == set(VIEWS)
    for name, view in views.items():
        assert {field.name: field.tags["category"] for field in view.features} == {
            feature: CATEGORIES[feature] for feature in VIEWS[name]
        }
        assert view.entities == [PROFILE.name]


def test_each_purpose_has_one_service_of_its_name_and_its_features_alone() -> None:
    purposes = published_purposes()
    services = feature_services(feature_views("/lake"), purposes)
    assert [service.name for service in services] == list(PURPOSES)
    for service in services:
        found = {view.name: [field.name for field in view.features] for view in service.feature_view_projections}
        assert found == features_of(purposes[service.name])
