"""Survivorship: which of several values becomes the golden record's, by rules that are data."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter

from contracts.assurance import Assurance
from contracts.categories import strictest
from contracts.names import fold

Rule = Literal["most_trusted", "most_recent", "most_frequent", "longest", "earliest"]

FIELDS = (
    "given_name", "middle_name", "family_name", "gender", "birth_date", "birth_year", "street", "unit", "city",
    "postcode", "state", "country", "language", "customer_since",
)  # fmt: skip


WRITTEN = frozenset({"given_name", "middle_name", "family_name", "street", "city"})
"""The fields of words, of which some sources leave out accents and small letters."""
LOST = "\ufffd"
"""What stands for a letter that a wrong encoding lost."""

BIRTH = frozenset({"birth_date", "birth_year"})
CONTACTS = ("email", "phone")
"""The identifiers that are fields as well."""

PERSON = "person"
"""The channel of a value that the person put right."""

RECTIFIED = "rectified"


@dataclass(frozen=True)
class CandidateValue:
    """A value that a source record offers for a field."""

    value: str
    category: str
    record_id: str
    channel: str
    observed_at: datetime | None
    trust: int
    assurance: Assurance = Assurance.SOURCE

    @property
    def order(self) -> tuple[str, str, float, int, str]:
        """A total order, for where no rule tells two apart: what survives never depends on how Spark groups."""
        return (self.value, self.record_id, _age(self), -self.trust, self.category)


@lru_cache
def rules() -> dict[str, list[Rule]]:
    """The rules per field, checked once."""
    text = Path(__file__).with_name("survivorship.yml").read_text(encoding="utf-8")
    found = TypeAdapter(dict[str, list[Rule]]).validate_python(yaml.safe_load(text))
    if "default" not in found:
        raise ValueError("survivorship.yml: expected rules for `default`, found none")
    return found


def candidates(record: Mapping[str, Any], trust: Mapping[tuple[str, str], int]) -> list[tuple[str, CandidateValue]]:
    """Every (field, candidate) that one silver record offers, claims too; `trust` is by (channel, field)."""
    found = [(field, record[field]) for field in FIELDS if record[field] is not None]
    found += [(held["kind"], held["value"]) for held in record["identifiers"] if held["kind"] in CONTACTS]
    attributes = dict(record["attributes"])
    found += sorted(attributes.items())
    categories = dict(record["categories"])
    proven = {(one["kind"], one["value"]) for one in record.get("proven") or ()}
    channel = record["channel"]

    def candidate(field: str, value: str, category: str, assurance: Assurance) -> CandidateValue:
        weight = trust.get((channel, field), trust.get((channel, ""), 50))
        return CandidateValue(value, category, record["record_id"], channel, record["observed_at"], weight, assurance)

    offered = []
    for field, value in found:
        text = value.isoformat() if isinstance(value, date) else str(value)
        label = f"attribute.{field}" if field in attributes else f"identifier.{field}"
        category = categories[field] if field in categories else categories[label]
        known = Assurance.VERIFIED if (field, text) in proven else Assurance.SOURCE
        offered.append((field, candidate(field, text, category, known)))
    for claim in record.get("claims") or ():
        if f"identifier.{claim['name']}" not in categories or claim["name"] in CONTACTS:
            told = candidate(claim["name"], claim["value"], claim["category"], Assurance.CLAIMED)
            offered.append((claim["name"], told))
    return offered


def survivor(field: str, offered: Sequence[CandidateValue]) -> tuple[CandidateValue, str]:
    """The winning candidate and the rule that told it from the runner-up; `only_value` where there was no contest."""
    key_of = {candidate: fold(candidate.value) for candidate in offered}
    frequency = Counter(key_of.values())
    order = rules().get(field, rules()["default"])

    def rank(candidate: CandidateValue) -> tuple[float | str, ...]:
        measures: dict[Rule, float | str] = {
            "most_trusted": -candidate.trust,
            "most_recent": _age(candidate),
            "most_frequent": -frequency[key_of[candidate]],
            "longest": -len(candidate.value),
            "earliest": candidate.value,
        }
        return tuple(measures[rule] for rule in order)

    ranked = sorted(offered, key=lambda candidate: (rank(candidate), candidate.order))
    leader = winner = ranked[0]
    if field in WRITTEN and leader.assurance is not Assurance.VERIFIED:
        # The rules say which name it is; who wrote it whole, how it is spelt.
        spelt = [candidate for candidate in ranked if key_of[candidate] == key_of[leader]]
        winner = min(spelt, key=lambda candidate: _spelling(candidate.value))
    rival = next((candidate for candidate in ranked if key_of[candidate] != key_of[winner]), None)
    if rival is None:
        return winner, "only_value"
    told = zip(order, rank(leader), rank(rival), strict=True)
    return winner, next((rule for rule, ours, theirs in told if ours != theirs), "first_in_order")


def _spelling(value: str) -> tuple[bool, int, bool]:
    """The less, the better: with its accents, and in small letters besides."""
    plain = unicodedata.normalize("NFKD", value)
    return LOST in value, -sum(map(unicodedata.combining, plain)), value.isupper() or value.islower()


def _age(candidate: CandidateValue) -> float:
    """Smaller is newer; what has no date is older than everything."""
    return -candidate.observed_at.timestamp() if candidate.observed_at else inf


def in_one_order(records: Sequence[Mapping[str, Any]], trust: Mapping[tuple[str, str], int]) -> list[Mapping[str, Any]]:
    """The records with given and family name exchanged where another record has them the other way round and is trusted
    more; of equal ones the order that more records have, then the newest, decides."""
    orders: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        if record["given_name"] and record["family_name"]:
            orders.setdefault((fold(record["given_name"]), fold(record["family_name"])), []).append(record)

    def rank(order: tuple[str, str]) -> tuple[Any, ...]:
        held = orders[order]
        trusted = max(trust.get((one["channel"], "given_name"), trust.get((one["channel"], ""), 50)) for one in held)
        newest = max((one["observed_at"].timestamp() for one in held if one["observed_at"]), default=-inf)
        return trusted, len(held), newest, order

    turned = {
        one["record_id"]
        for (given, family), held in orders.items()
        if given != family and (family, given) in orders and rank((family, given)) > rank((given, family))
        for one in held
    }
    return [_exchanged(record) if record["record_id"] in turned else record for record in records]


def _exchanged(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**record, "given_name": record["family_name"], "family_name": record["given_name"]}


def _whole(offered: list[CandidateValue]) -> list[CandidateValue]:
    """Values with a letter that a wrong encoding lost say nothing where another source has the whole word."""
    return [candidate for candidate in offered if LOST not in candidate.value] or offered


def golden_record(
    profile_id: str,
    records: Sequence[Mapping[str, Any]],
    trust: Mapping[tuple[str, str], int],
    rectified: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """One person's golden record with the provenance of every field and the values that lost.

    What the person put right (`rectified`: field, value, category, record_id, decided_at) wins over every source. What
    is only claimed fills a field of which nobody knows anything.
    """
    offered: dict[str, list[CandidateValue]] = {}
    claimed: dict[str, list[CandidateValue]] = {}
    for record in in_one_order(records, trust):
        for field, candidate in candidates(record, trust):
            kept = claimed if candidate.assurance is Assurance.CLAIMED else offered
            kept.setdefault(field, []).append(candidate)
    right: dict[str, CandidateValue] = {}
    for said in sorted(rectified, key=lambda one: (one["decided_at"], one["record_id"])):
        # An officer has checked who they are, and not that an address is theirs.
        known_by = Assurance.SOURCE if said["field"] in CONTACTS else Assurance.VERIFIED
        right[said["field"]] = CandidateValue(
            said["value"], said["category"], said["record_id"], PERSON, said["decided_at"], 101, known_by
        )
    offered = {field: _whole(choices) if field in WRITTEN else choices for field, choices in offered.items()}
    known = {*offered, *right}
    if known & BIRTH:  # a day that is claimed is no better than a year that is known
        known |= BIRTH
    offered |= {field: told for field, told in claimed.items() if field not in known}
    if "birth_date" in offered:
        offered.pop("birth_year", None)
    fields = []
    for field in sorted({*offered, *right}):
        choices = [*offered.get(field, []), *([right[field]] if field in right else [])]
        winner, rule = (right[field], RECTIFIED) if field in right else survivor(field, choices)
        ordered = sorted(choices, key=lambda one: one.order, reverse=True)
        losing = {fold(one.value): one for one in ordered if fold(one.value) != fold(winner.value)}
        fields.append(
            {
                "field": field,
                "value": winner.value,
                "category": strictest(choice.category for choice in choices).value,
                "record_id": winner.record_id,
                "channel": winner.channel,
                "observed_at": winner.observed_at,
                "rule": rule,
                "assurance": winner.assurance.value,
                "losing": [
                    {
                        "value": one.value,
                        "record_id": one.record_id,
                        "channel": one.channel,
                        "observed_at": one.observed_at,
                    }
                    for one in sorted(losing.values(), key=lambda one: one.order)
                ],
            }
        )
    dated = [record["observed_at"] for record in records if record["observed_at"]]
    identifiers: dict[tuple[str, str], list[str]] = {}
    for record in records:
        categories = dict(record["categories"])
        for held in record["identifiers"]:
            identifiers.setdefault((held["kind"], held["value"]), []).append(categories[f"identifier.{held['kind']}"])
    return {
        "profile_id": profile_id,
        "fields": fields,
        "identifiers": [
            {"kind": kind, "value": value, "category": strictest(categories).value}
            for (kind, value), categories in sorted(identifiers.items())
        ],
        "records": sorted(record["record_id"] for record in records),
        "first_seen": min(dated, default=None),
        "last_seen": max(dated, default=None),
    }
