"""Blocking rules: two records are compared when they share a key that few enough records hold."""

from collections.abc import Mapping
from typing import Any

from identity.matching.name_parts import mailbox_spellings, sound
from identity.matching.rules import SHIPPED

# Rule -> most records that one value may bring together.
CAPS = SHIPPED.blocking_caps
# Rules by whose values a record may be found under several keys -> the column that holds them.
_SEVERAL = {"external_id": "external_ids", "email": "emails", "phone": "phones", "device": "device_ids"}


def blocking_keys(columns: Mapping[str, Any]) -> list[str]:
    """The keys `rule:value` of a record's comparison columns, sorted."""
    found = [*single_values(columns).items(), *several_values(columns)]
    return sorted(f"{rule}:{value}" for rule, value in found if value)


def single_values(columns: Mapping[str, Any]) -> dict[str, str | None]:
    """The value of each rule that a record has one of at most.

    `mailbox_name` values join a record without a given name to those whose name its mailbox spells; whoever has a name
    gets theirs from `mailbox_spellings`, and only where such a mailbox exists.
    """
    c = columns
    given, family, birth, mailbox = c["given"], c["family"], c["birth"], c["mailbox"]
    given_sound, family_sound, year = c["given_sound"], c["family_sound"], c["birth_year"]
    initial, street, area, letters = c["initial"], c["street"], c["postcode"] or c["city"], c["mailbox_letters"]
    place = _place(c) if street else area
    called = given_sound or (sound(letters) if letters and not family else None)
    host, number = (c["email"] or "").partition("@")[2] or None, c["national_id"] or ""
    half = len(number) // 2 if len(number) > 6 else 0  # of a mistyped number, one half is as it was
    return {
        "national_id": c["national_id"],
        "name_sound": given and family and "|".join(sorted((given_sound, family_sound))),
        "street_family": place and family_sound and f"{place}/{family_sound}",
        "street_initial": place and initial and f"{place}/{initial}",
        "street": street,
        "street_name": c["street_name"],
        "birth": birth,
        "birth_family": birth and family_sound and f"{birth}/{family_sound}",
        "birth_given": birth and given_sound and f"{birth}/{given_sound}",
        "year_family": year and family_sound and f"{year}/{family_sound}",
        "family": family,
        "given": given,
        "family_middle": family and c["middle_initial"] and f"{family}/{c['middle_initial']}",
        "mailbox_letters": letters,
        "mailbox": mailbox if mailbox and len(mailbox) > 2 else None,
        "mailbox_name": letters if not given else None,
        "area_family": area and family_sound and f"{area}/{family_sound}",
        "area_given": area and given_sound and f"{area}/{given_sound}",
        "whole_name": _whole_name(c) if c["middle_words"] or c["family_words"] else None,
        "given_year": year and called and f"{year}/{called}",
        "mail_host": host,
        "number_head": half and family and f"{number[:half]}/{family[0]}",
        "number_tail": half and family and f"{number[half:]}/{family[0]}",
    }


def several_values(columns: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rule and value of the rules that a record may have several of: its numbers and addresses."""
    return [
        (rule, value) for rule, column in _SEVERAL.items() if (held := columns[column]) for value in dict.fromkeys(held)
    ]


def named_mailbox_keys(columns: Mapping[str, Any]) -> list[str]:
    """The `mailbox_name` keys under which a nameless mailbox would find this named record."""
    return [f"mailbox_name:{name}" for name in mailbox_spellings(columns["given"], columns["family"])]


def rule_of(key: str) -> str:
    """The rule that a key belongs to."""
    return key.partition(":")[0]


def _whole_name(c: Mapping[str, Any]) -> str | None:
    """All words of a name of three or more: which are given names and which surnames is said otherwise elsewhere."""
    surnames = c["family_words"] or filter(None, [c["family"]])
    words = {*(c["middle_words"] or ()), *surnames, *filter(None, [c["given"]])}
    return "|".join(sorted(words)) if len(words) > 2 else None


def _place(c: Mapping[str, Any]) -> str | None:
    """House number, the sound of the first word and the first letter of the second: survives most misspellings."""
    words = c["street_name"].split() if c["street_name"] else []
    if not c["house_number"]:
        return c["street_name"] if len(c["street_name"] or "") > 4 else None
    from_name = [sound(words[0]) if words else "", words[1][0] if len(words) > 1 else ""]
    return "|".join([c["house_number"], *from_name])
