"""The published purposes are complete, and a file that is unclear is refused."""

from pathlib import Path

import pytest

from consent.loading import InvalidPolicies, read_policies
from consent.model import LegalBasis
from consent.purposes import PUBLISHED, InvalidPurposes, published_purposes, read_purposes


def test_the_purposes_that_the_product_needs_are_there_with_their_legal_bases() -> None:
    bases = {purpose.id: purpose.legal_basis for purpose in published_purposes().values()}
    assert bases["service"] is LegalBasis.CONTRACT
    assert bases["fraud_prevention"] is LegalBasis.LEGITIMATE_INTEREST
    consented = {
        "personalisation",
        "marketing_email",
        "marketing_phone",
        "marketing_post",
        "analytics",
        "model_training",
    }
    assert {bases[purpose] for purpose in consented} == {LegalBasis.CONSENT}
    assert {id_ for id_, purpose in published_purposes().items() if purpose.refused} == {
        "resale",
        "political_targeting",
    }


def test_every_purpose_speaks_french_and_english() -> None:
    for purpose in published_purposes().values():
        assert set(purpose.name) == set(purpose.text) == {"fr", "en"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("legal_basis: contract", "legal_basis: habit"),
        ("legal_basis: contract", "legal_basis: none"),
        ("roles: [advisor, bot, customer]", "roles: []"),
        ("retention: P5Y", "retention: long"),
        ("- id: advice", "- id: service"),
        ("dpv: dpv:CustomerCare", "colour: blue"),
        ("- id: service", "- id: [service"),
    ],
)
def test_an_unclear_file_of_purposes_is_refused(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "purposes.yml"
    file.write_text(PUBLISHED.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidPurposes, match=r"purposes\.yml"):
        read_purposes(file)


def test_a_policy_that_names_what_the_schema_does_not_know_is_refused(tmp_path: Path) -> None:
    rules, schema = tmp_path / "policy.cedar", PUBLISHED.with_name("policy.cedarschema")
    rules.write_text("permit (principal, action, resource) when { context.weather };")
    with pytest.raises(InvalidPolicies, match=r"policy\.cedar"):
        read_policies(rules, schema)
