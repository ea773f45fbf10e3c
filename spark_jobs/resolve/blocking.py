"""Blocking rules: two records are compared when they share a key that few enough records hold."""

from collections.abc import Mapping
from typing import Any

from spark_jobs.resolve.name_parts import sound
from spark_jobs.resolve.rules import SHIPPED

# Rule -> most records that one value may bring together.
CAPS = SHIPPED.blocking_caps


def blocking_keys(columns: Mapping[str, Any]) -> list[str]:
    """The keys `rule:value` of a record's comparison columns, sorted.

    `mailbox_name` keys join a record without a given name to those whose name its mailbox spells; whoever has a name
    gets theirs from `named_mailbox_keys`, and only where such a mailbox exists.
    """
    c = columns
    place = _place(c)
    found = {
        "national_id": _of(c["national_id"]),
        "name_sound": ["|".join(sorted([c["given_sound"], c["family_sound"]]))] if c["given"] and c["family"] else [],
        "street_family": _of(place, c["family_sound"]),
        "street_initial": _of(place, c["initial"]),
        "street": _of(c["street"]),
        "street_name": _of(c["street_name"]),
        "birth": _of(c["birth"]),
        "birth_family": _of(c["birth"], c["family_sound"]),
        "birth_given": _of(c["birth"], c["given_sound"]),
        "year_family": _of(c["birth_year"], c["family_sound"]),
        "family": _of(c["family"]),
        "given": _of(c["given"]),
        "family_middle": _of(c["family"], c["middle_initial"]),
        "mailbox_letters": _of(c["mailbox_letters"]),
        "mailbox": _of(c["mailbox"]) if c["mailbox"] and len(c["mailbox"]) > 4 else [],
        "mailbox_name": _of(c["mailbox_letters"]) if not c["given"] else [],
        "external_id": c["external_ids"] or [],
        "email": c["emails"] or [],
        "phone": c["phones"] or [],
        "device": c["device_ids"] or [],
    }
    return sorted(f"{rule}:{value}" for rule, values in found.items() for value in set(values))


def named_mailbox_keys(columns: Mapping[str, Any]) -> list[str]:
    """The `mailbox_name` keys under which a nameless mailbox would find this named record."""
    names = [*(columns["whole_names"] or []), *(columns["initialled_names"] or [])]
    return [f"mailbox_name:{name}" for name in names]


def rule_of(key: str) -> str:
    """The rule that a key belongs to."""
    return key.partition(":")[0]


def _of(*parts: str | None) -> list[str]:
    return ["/".join(part for part in parts if part)] if all(parts) else []


def _place(c: Mapping[str, Any]) -> str | None:
    """House number, the sound of the first word and the first letter of the second: survives most misspellings."""
    words = c["street_name"].split() if c["street_name"] else []
    if not c["house_number"]:
        return c["street_name"] if len(c["street_name"] or "") > 4 else None
    from_name = [sound(words[0]) if words else "", words[1][0] if len(words) > 1 else ""]
    return "|".join([c["house_number"], *from_name])
