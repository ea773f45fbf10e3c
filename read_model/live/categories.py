"""Which purposes a category of a source's consent banner stands for."""

from collections.abc import Mapping

from consent.model import LegalBasis
from consent.purposes import published_purposes
from contracts.preferences import EVERYTHING
from contracts.sources import Source


def purposes_of(source: Source, category: str) -> list[str]:
    """The purposes in the source's `consent` for it, else the one of that name.

    A refusal without a category covers everything based on consent.
    """
    known = {one.id: one for one in published_purposes().values() if not one.refused}
    if category == EVERYTHING:
        return [name for name, one in known.items() if one.legal_basis is LegalBasis.CONSENT]
    return [name for name in source.consent.get(category, [category]) if name in known]


def decisions(source: Source, preferences: Mapping[str, bool]) -> dict[str, bool]:
    """Purpose -> allowed. If several categories stand for one purpose, each must be allowed."""
    found: dict[str, bool] = {}
    for category, allowed in preferences.items():
        for purpose in purposes_of(source, category):
            found[purpose] = found.get(purpose, True) and allowed
    return found
