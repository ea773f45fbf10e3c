"""Index keys of records: the batch's blocking keys, and those that find a caller who gives only parts.

A caller names a postcode without a street, or a year of birth; the batch's rules need more, since they bring whole
sets together and must stay narrow.
"""

from collections.abc import Mapping
from typing import Any


def index_keys(columns: Mapping[str, Any]) -> list[str]:
    """All keys under which a record with these comparison columns is found, sorted."""
    return sorted({*columns["blocking_keys"], *_partial_keys(columns)})


def _partial_keys(c: Mapping[str, Any]) -> list[str]:
    given, family, birth = c["given_sound"], c["family_sound"], c["birth"]
    day = birth[5:] if birth and len(birth) == 10 else None
    parts = {
        "call_family_postcode": (family, c["postcode"]),
        "call_given_postcode": (given, c["postcode"]),
        "call_name_city": (given, family, c["city"]),
        "call_name_year": (given, family, c["birth_year"]),
        "call_family_day": (family, day),
        "call_given_day": (given, day, c["postcode"]),
    }
    return [f"{rule}:{'/'.join(said)}" for rule, said in parts.items() if all(said)]
