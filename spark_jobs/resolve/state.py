"""What resolve remembers of a record between runs: its comparison columns, hashed keys, and shared numbers.

Pure and per record, so that the same record has the same state in every run and on every engine.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import mmh3

from contracts.names import fold
from spark_jobs.resolve.blocking import blocking_values, named_mailboxes
from spark_jobs.resolve.comparables import COLUMNS, compared
from spark_jobs.resolve.comparisons import COMPARED
from spark_jobs.resolve.name_parts import NameFrequencies
from spark_jobs.resolve.rules import BLOCKING

# What a state is made of.
SAID = """record_id given_name middle_name family_name gender birth_date birth_typed birth_year street unit city
 postcode identifiers verified""".split()
KEPT = [name for name in COLUMNS if name in COMPARED]
STATE: dict[str, str] = {
    "record_id": "string",
    **{name: COLUMNS[name] for name in KEPT},
    "first_given": "string",
    "born": "string",
    "keys": "array<bigint>",
    "named_keys": "array<bigint>",
    "numbers": "array<struct<kind:string,key:bigint>>",
    "verified": "array<struct<kind:string,value:string>>",
    "digest": "string",
}
FORM = 3
"""Counts up when states come to say or to hash something otherwise: they are all made anew then."""
STATE_DDL = ", ".join(f"{name} {kind}" for name, kind in STATE.items())

# A key is 64 bits: a digest of its value, and in the lowest five the number of its rule.
RULES = {rule: number for number, rule in enumerate(BLOCKING)}
RULE_BITS = 31
# Rules whose keys are identifiers that may join records by themselves (deterministic.py).
NUMBERED = ("email", "phone", "external_id")


def hashed(rule: str, values: Iterable[str]) -> list[int]:
    """Values of a blocking rule as signed 64-bit keys.

    What joins records by itself has a key that nobody can find a second value for; the rest a faster one.
    """
    number = RULES[rule]
    if rule in NUMBERED:
        digests = [hashlib.blake2b(value.encode(), digest_size=8).digest() for value in values]
        return [int.from_bytes(digest, signed=True) & ~RULE_BITS | number for digest in digests]
    return [mmh3.hash64(value, signed=True)[0] & ~RULE_BITS | number for value in values]


def state(record: Mapping[str, Any], names: NameFrequencies) -> dict[str, Any]:
    """The state of a record in its lake form, under a model's name frequencies."""
    columns = compared(record, names)
    born = record["birth_date"]
    keys: list[int] = []
    numbers = []
    for rule, values in blocking_values(columns).items():
        found = hashed(rule, values)
        keys += found
        if rule in NUMBERED:
            kinds = [value.partition(":")[0] if rule == "external_id" else rule for value in values]
            numbers += [{"kind": kind, "key": key} for kind, key in zip(kinds, found, strict=True)]
    said = repr([record[name] for name in SAID])
    return columns | {
        "first_given": fold(record["given_name"] or "").partition(" ")[0] or None,
        "born": str(born) if born else None,
        "keys": keys,
        "named_keys": hashed("mailbox_name", dict.fromkeys(named_mailboxes(columns))),
        "numbers": numbers,
        "verified": [dict(one) for one in record["verified"] or []],
        "digest": hashlib.blake2b(said.encode(), digest_size=12).hexdigest(),
    }
