"""What a postcode or city alone says: the address levels of the model, summed over what was not told.

The model's own levels for addresses without a street are those of channels that never ask for one. A caller who names
a postcode lives in a street all the same; so every level that the postcode is consistent with counts.
"""

from collections.abc import Mapping
from math import log2
from typing import Any

import jellyfish

from identity.matching.model import PersonModel

_POSTCODE = frozenset({"exact", "close", "same street", "other street, same postcode", "same postcode"})
_CITY_ONLY = frozenset({"other street, same city", "same city"})
_ELSEWHERE = frozenset({"different", "other city"})
_SAME_CITY = 0.9  # as in comparisons.py


def place_bits(model: PersonModel, heard: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[float, float] | None:
    """Bits against strangers and against housemates, where one side has no street; None where nothing can be told."""
    consistent = _consistent(heard, record)
    if not consistent:
        return None
    levels = [level for level in model.comparisons["address"] if level.label in consistent]
    m, u, household = (sum(getattr(level, name) for level in levels) for name in ("m", "u", "household"))
    return log2(m / u), log2(m / household)


def _consistent(heard: Mapping[str, Any], record: Mapping[str, Any]) -> frozenset[str]:
    postcode, other_postcode, city, other_city = (
        side[name] for name in ("postcode", "city") for side in (heard, record)
    )
    same_postcode = postcode == other_postcode if postcode and other_postcode else None
    same_city = None
    if city and other_city:
        same_city = city == other_city or jellyfish.jaro_winkler_similarity(city, other_city) >= _SAME_CITY
    if same_postcode:
        return _POSTCODE
    if same_city:
        return _CITY_ONLY if same_postcode is False else _POSTCODE | _CITY_ONLY
    if same_city is False:
        return _ELSEWHERE
    return _CITY_ONLY | _ELSEWHERE if same_postcode is False else frozenset()
