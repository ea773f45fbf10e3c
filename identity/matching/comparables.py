"""What resolve remembers of a record between runs: its comparison columns, hashed keys, and shared numbers.

Pure and per record, so that the same record has the same comparables in every run and on every engine.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from mmh3 import hash64

from identity.matching.blocking import several_values, single_values
from identity.matching.comparison_columns import COLUMNS, compared
from identity.matching.name_parts import NameFrequencies, first_given, mailbox_spellings
from identity.matching.rules import BLOCKING
from identity.matching.vectors import COMPARED

# What comparables are made of.
SAID = """record_id given_name middle_name family_name gender birth_date birth_typed birth_year street unit city
 postcode identifiers verified""".split()
KEPT = [name for name in COLUMNS if name in COMPARED]
COMPARABLE_COLUMNS: dict[str, str] = {
    "record_id": "string",
    **{name: COLUMNS[name] for name in KEPT},
    "first_given": "string",
    "born": "string",
    "contact": "bigint",
    "keys": "array<bigint>",
    "named_keys": "array<bigint>",
    "numbers": "array<struct<kind:string,key:bigint>>",
    "verified": "array<struct<kind:string,value:string>>",
    "digest": "string",
}
KEYED = """record_id first_given born contact given birth whole_birth whole_year generation middle_initial national_id
 keys named_keys numbers verified""".split()
"""By what records find each other; the rest describes them."""
FORM = 9
"""Counts up when comparables, or the edges made of them, come to say something otherwise: all are made anew then."""
COMPARABLES_DDL = ", ".join(f"{name} {kind}" for name, kind in COMPARABLE_COLUMNS.items())

# A key is 64 bits: a digest of its value, and in the lowest five the number of its rule.
RULES = {rule: number for number, rule in enumerate(BLOCKING)}
RULE_BITS = 31
_KEY_BITS = ~RULE_BITS
_said = itemgetter(*SAID)
CONTACTS = ("email", "phone")
# Rules whose keys are identifiers that may join records by themselves (deterministic.py).
NUMBERED = frozenset({"email", "phone", "external_id"})


def hashed(rule: str, value: str) -> int:
    """A value of a blocking rule as signed 64-bit key.

    What joins records by itself has a key that nobody can find a second value for; the rest a faster one.
    """
    if rule in NUMBERED:
        key = int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), signed=True)
    else:
        key = hash64(value, 0, True, True)[0]
    return key & _KEY_BITS | RULES[rule]


@lru_cache(maxsize=1_024)
def _named_keys(given: str | None, family: str | None) -> list[int]:
    return [hashed("mailbox_name", spelt) for spelt in mailbox_spellings(given, family)]


def comparables(record: Mapping[str, Any], names: NameFrequencies) -> dict[str, Any]:
    """The comparables of a record in its lake form, under a model's name frequencies."""
    columns = compared(record, names)
    born = record["birth_date"]
    # As `hashed` does it, of fifteen values a record.
    keys = [
        hash64(value, 0, True, True)[0] & _KEY_BITS | RULES[rule]
        for rule, value in single_values(columns).items()
        if value
    ]
    numbers = []
    for rule, value in several_values(columns):
        key = hashed(rule, value)
        keys.append(key)
        if rule in NUMBERED:
            numbers.append({"kind": value.partition(":")[0] if rule == "external_id" else rule, "key": key})
    columns |= {
        "first_given": first_given(record, columns),
        "born": str(born) if born else None,
        "contact": next((one["key"] for kind in CONTACTS for one in numbers if one["kind"] == kind), None),
        "keys": keys,
        "named_keys": _named_keys(columns["given"], columns["family"]),
        "numbers": numbers,
        "verified": [dict(one) for one in record["verified"] or []],
        "digest": hashlib.blake2b(repr(list(_said(record))).encode(), digest_size=12).hexdigest(),
    }
    return columns
