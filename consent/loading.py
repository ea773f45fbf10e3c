"""Reads and validates the Cedar policies, so that `consent.decide` touches no file."""

from functools import lru_cache
from pathlib import Path

from cedarpy import PolicySet, Schema, validate_policies

from consent.policies import Policies

FOLDER = Path(__file__).parent


class InvalidPolicies(ValueError):
    """The policies do not parse or contradict their schema."""


def read_policies(rules: Path, schema: Path) -> Policies:
    """The policies of two files; a rule with a name that is not in the schema fails here, not at run time."""
    rules_text, schema_text = rules.read_text(encoding="utf-8"), schema.read_text(encoding="utf-8")
    checked = validate_policies(rules_text, schema_text)
    if not checked:
        raise InvalidPolicies(f"{rules}: expected policies that agree with {schema}, found: {checked.errors}")
    return Policies(PolicySet.from_str(rules_text), Schema.from_str(schema_text))


@lru_cache
def published_policies() -> Policies:
    """The project's own policies."""
    return read_policies(FOLDER / "policy.cedar", FOLDER / "policy.cedarschema")
