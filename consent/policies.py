"""The Cedar policies as one value, and what each says in words; `consent.loading` reads them from their files."""

from dataclasses import dataclass

from cedarpy import PolicySet, Schema

FAILED = "no-decision"

# Every policy of policy.cedar by its @id; a test holds the two lists equal.
REASONS: dict[str, str] = {
    "purpose-refused": "Nobody may use personal data for {purpose}; the request was recorded.",
    "role-not-permitted": "The role {role} may not read data for {purpose}.",
    "category-outside-purpose": "The purpose {purpose} does not cover data of this category.",
    "restricted": "The person had their data restricted: it is kept, and not used for {purpose}.",
    "consent-missing": "The person has not consented to {purpose} (state: {state}).",
    "person-objected": "The person objects to {purpose} (state: {state}).",
    "contract": "Needed to carry out the contract with the person.",
    "legal-obligation": "Required by law.",
    "legitimate-interest": "A legitimate interest, to which the person has not objected.",
    "consent-given": "The person has consented to {purpose} (state: {state}).",
    FAILED: "The policies gave no decision, which is a refusal.",
}


@dataclass(frozen=True)
class Policies:
    """Parsed and validated rules; decisions are always made under the schema."""

    rules: PolicySet
    schema: Schema


def reason_of(policy: str, **facts: str) -> str:
    """What a policy says, in words that name no personal data."""
    return REASONS.get(policy, f"By the policy {policy}.").format(**facts)
