"""What resolve remembers of a record between runs: its comparison columns, hashed keys, and shared numbers.

Pure and per record, so that the same record has the same state in every run and on every engine.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import mmh3

from contracts.names import fold
from spark_jobs.resolve.blocking import named_mailbox_keys, rule_of
from spark_jobs.resolve.comparables import COLUMNS, comparables
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
FORM = 2
"""Counts up when states come to say or to hash something otherwise: they are all made anew then."""
STATE_DDL = ", ".join(f"{name} {kind}" for name, kind in STATE.items())

# A key is 64 bits: a digest of its value, and in the lowest five the number of its rule.
RULES = {rule: number for number, rule in enumerate(BLOCKING)}
RULE_BITS = 31
# Rules whose keys are identifiers that may join records by themselves (deterministic.py).
NUMBERED = ("email", "phone", "external_id")


def hashed(key: str) -> int:
    """A blocking key as a signed 64-bit number that tells its rule.

    What joins records by itself has a number that nobody can find a second value for; the rest a faster one.
    """
    rule = rule_of(key)
    if rule in NUMBERED:
        digest = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)
    else:
        digest = mmh3.hash64(key, signed=True)[0]
    return (digest & ~RULE_BITS) | RULES[rule]


def state(record: Mapping[str, Any], names: NameFrequencies) -> dict[str, Any]:
    """The state of a record in its lake form, under a model's name frequencies."""
    columns = comparables(record, names)
    born = record["birth_date"]
    keys = {key: hashed(key) for key in columns["blocking_keys"]}
    said = repr([record[name] for name in SAID])
    return {
        "record_id": record["record_id"],
        **{name: columns[name] for name in KEPT},
        "first_given": fold(record["given_name"] or "").partition(" ")[0] or None,
        "born": str(born) if born else None,
        "keys": list(keys.values()),
        "named_keys": sorted({hashed(key) for key in named_mailbox_keys(columns)}) if columns["given"] else [],
        "numbers": [{"kind": _kind(key), "key": number} for key, number in keys.items() if rule_of(key) in NUMBERED],
        "verified": [dict(one) for one in record["verified"] or []],
        "digest": hashlib.blake2b(said.encode(), digest_size=12).hexdigest(),
    }


def _kind(key: str) -> str:
    rule, _, value = key.partition(":")
    return value.partition(":")[0] if rule == "external_id" else rule
