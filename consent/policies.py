"""The Cedar policies as one value, with a text for each; `consent.loading` reads them from their files."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from cedarpy import PolicySet, Schema

FAILED = "no-decision"
REMEMBERED = 4_096

# Every policy of policy.cedar by its @id; a test holds the two lists equal.
REASONS: dict[str, str] = {
    "purpose-refused": "Nobody may use personal data for {purpose}; the request was recorded.",
    "role-not-permitted": "The role {role} may not read data for {purpose}.",
    "category-outside-purpose": "The purpose {purpose} does not cover data of this category.",
    "restricted": "The person had their data restricted: it is kept, and not used for {purpose}.",
    "retention-ended": "For {purpose}, such data is kept for {kept} after the last interaction; that time has passed.",
    "consent-missing": "The person has not consented to {purpose} (state: {state}).",
    "person-objected": "The person objects to {purpose} (state: {state}).",
    "nobody-to-reach": "There is no address of the person that {purpose} could use.",
    "parental-authorisation-missing": "The person is a child, and no parent authorised {purpose}.",
    "compelling-grounds": "A legitimate interest on compelling grounds, which the privacy officer recorded.",
    "contract": "Needed to carry out the contract with the person.",
    "legal-obligation": "Required by law.",
    "legitimate-interest": "A legitimate interest, to which the person has not objected.",
    "consent-given": "The person has consented to {purpose} (state: {state}).",
    FAILED: "The policies gave no decision, which is a refusal.",
}


@dataclass(frozen=True)
class Policies:
    """Parsed and validated rules; decisions are always made with the schema."""

    rules: PolicySet
    schema: Schema
    evaluated: dict[Hashable, tuple[Any, ...]] | None = field(default=None, compare=False, repr=False)
    """A cache of the engine's answers, which depend only on the request.

    The state of the consent is part of the request, so a withdrawal is another request."""

    def answer_to(self, request: Hashable) -> tuple[Any, ...] | None:
        """The cached answer, if any."""
        return self.evaluated.get(request) if self.evaluated is not None else None

    def remember(self, request: Hashable, answer: tuple[Any, ...]) -> None:
        """Caches an answer; clears the cache beyond a few thousand."""
        if self.evaluated is not None:
            if len(self.evaluated) >= REMEMBERED:
                self.evaluated.clear()
            self.evaluated[request] = answer


def reason_of(policy: str, **facts: str) -> str:
    """The text of a policy, without personal data."""
    return REASONS.get(policy, f"By the policy {policy}.").format(**facts)
