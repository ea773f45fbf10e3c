"""A person record as comparison columns: pure and per record, so the same in batch and for one live caller."""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from contracts.addresses import street_tokens
from contracts.identifiers import is_blocklisted
from contracts.names import fold
from contracts.remembered import remembered
from identity.matching.blocking import blocking_keys
from identity.matching.given_names import sex_of
from identity.matching.name_parts import NameFrequencies, formal_names, mailbox_spellings, name_parts, sound

# Column -> Spark type. `emails` and `phones` hold values; sharing.py splits them by how many people hold each.
COLUMNS: dict[str, str] = {
    "record_id": "string",
    **dict.fromkeys(["given", "initial", "middle", "middle_initial", "family", "family_long"], "string"),
    **dict.fromkeys(["formal", "middle_words", "family_words"], "array<string>"),
    **dict.fromkeys(["given_sound", "family_sound"], "string"),
    **dict.fromkeys(["generation", "given_sex"], "string"),
    **dict.fromkeys(["birth", "whole_birth", "birth_year", "year_hint"], "string"),
    **dict.fromkeys(["emails", "phones", "external_ids", "device_ids"], "array<string>"),
    **dict.fromkeys(["email", "mailbox", "mailbox_letters", "mailbox_digits", "phone", "national_id"], "string"),
    "whole_year": "int",
    "mailbox_is_name": "boolean",
    **dict.fromkeys(["street", "house_number", "street_name", "unit", "city", "postcode", "gender"], "string"),
    **dict.fromkeys(["tf_given", "tf_family", "tf_birth"], "double"),
    "blocking_keys": "array<string>",
}

NO_FREQUENCIES = NameFrequencies()


def comparison_columns(record: Mapping[str, Any], names: NameFrequencies = NO_FREQUENCIES) -> dict[str, Any]:
    """The comparison columns and blocking keys of a person record in its lake form (`PersonRecord.as_row()`).

    `names` puts exchanged given and family names in order and gives their term frequencies.
    """
    found = compared(record, names)
    return found | {"blocking_keys": blocking_keys(found)}


def compared(record: Mapping[str, Any], names: NameFrequencies) -> dict[str, Any]:
    """The comparison columns alone; empty parts are None."""
    name = _name_columns(record["given_name"], record["middle_name"], record["family_name"], names)
    held: dict[str, list[str]] = {}
    for found in record["identifiers"]:
        kind, value = found["kind"], found["value"]
        if not is_blocklisted(kind, value):
            held.setdefault(kind, []).append(value)
    mail, phone = held.pop("email", None), held.pop("phone", None)
    device, national = held.pop("device_id", None), held.pop("national_id", None)
    year, birth = record["birth_year"], record["birth_typed"]
    tf_birth = names.birth.get(birth) if birth else None
    whole = birth if birth and tf_birth is None and _is_day(birth) else None
    street, number, street_name = _street(record["street"]) if record["street"] else (None, None, None)
    return {
        "record_id": record["record_id"],
        **name,
        "birth": birth,
        "whole_birth": whole,
        "whole_year": int(whole[:4]) if whole else None,
        "tf_birth": tf_birth,
        "birth_year": str(int(year)) if year else None,
        **_mail_columns(mail, name["given"], name["family"], int(year) if year else None),
        "emails": mail,
        "phones": phone,
        "phone": phone[0] if phone else None,
        "national_id": national[0] if national else None,
        "device_ids": device,
        "external_ids": sorted(f"{kind}:{value}" for kind, values in held.items() for value in values) or None,
        "street": street,
        "house_number": number,
        "street_name": street_name,
        "unit": _joined(street_tokens(record["unit"]).removeprefix("apt ")) if record["unit"] else None,
        "city": fold(record["city"]) or None if record["city"] else None,
        "postcode": _joined(fold(record["postcode"]).replace(" ", "")) if record["postcode"] else None,
        "gender": fold(record["gender"])[:1] or None if record["gender"] else None,
    }


@remembered
def _is_day(birth: str) -> bool:
    """Whether it can be compared with another day; the first of January is what forms make of a year."""
    try:
        return len(birth) == 10 and date.fromisoformat(birth).timetuple().tm_yday > 1
    except ValueError:
        return False


def _joined(text: str) -> str | None:
    return text or None


@lru_cache(maxsize=1_024)
def _name_columns(
    given: str | None, middle: str | None, family: str | None, names: NameFrequencies
) -> Mapping[str, Any]:
    name = names.in_order(name_parts(given, middle, family))
    between = [word for word in name.middle if len(word) > 1]
    return {
        "given": name.given,
        "initial": name.initial,
        "formal": _several(formal_names(name.given), name.given) if name.given else None,
        "middle": name.middle[0] if name.middle else None,
        "middle_initial": name.middle[0][0] if name.middle else None,
        "middle_words": between or None,
        "family": name.family,
        # Rita Martinez Herrera: Martinez may be a second given name or the first of two surnames.
        "family_long": "".join(between) + name.family if between and name.family else None,
        "family_words": _several(name.family_words, name.family),
        "given_sound": sound(name.given) if name.given else None,
        "family_sound": sound(name.family) if name.family else None,
        "generation": name.generation,
        "given_sex": sex_of(name.given) if name.given else None,
        "tf_given": names.of(name.given),
        "tf_family": names.of(name.family),
    }


def _several(words: tuple[str, ...], word: str | None) -> list[str] | None:
    """Words of which `word` is not the only one: most have no other, and lists take time."""
    return list(words) if words and words != (word,) else None


def _mail_columns(mail: list[str] | None, given: str | None, family: str | None, year: int | None) -> dict[str, Any]:
    """What the first mailbox says of its owner: `don.muldoon58` holds a name and perhaps a birth year."""
    letters, digits = _mailbox(mail[0]) if mail else (None, None)
    two = (
        digits
        if digits and len(digits) == 2
        else digits[2:]
        if digits and re.fullmatch(r"(19|20)\d\d", digits)
        else None
    )
    return {
        "email": mail[0] if mail else None,
        "mailbox": mail[0].partition("@")[0] if mail else None,
        "mailbox_letters": letters,
        "mailbox_digits": digits,
        "mailbox_is_name": bool(letters) and letters in (given, family, *mailbox_spellings(given, family)),
        "year_hint": f"{year % 100:02d}" if year else two,
    }


@lru_cache(maxsize=1_024)
def _mailbox(mail: str) -> tuple[str | None, str | None]:
    folded = fold(mail.partition("@")[0].partition("+")[0])
    letters = "".join(filter(str.isalpha, folded))
    digits = "".join(filter(str.isdecimal, folded))
    return (letters if len(letters) > 2 else None), digits or None


@lru_cache(maxsize=1_024)
def _street(line: str) -> tuple[str | None, str | None, str | None]:
    """Street tokens, house number and street name; a line without a leading number is a street name alone."""
    tokens = street_tokens(line).split()
    number = tokens[0] if tokens and any(c.isdigit() for c in tokens[0]) else None
    return " ".join(tokens) or None, number, " ".join(tokens[1:] if number else tokens) or None
