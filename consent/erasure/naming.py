"""In which ways a text or a message may name a person, whatever the field and the spelling.

Mail addresses and telephone numbers are known by their looks, so they are found anywhere. Any other identifier is
digits or a word that may be somebody else's elsewhere: it counts where it is said under its own kind.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

import phonenumbers

from contracts.assurance import Proof
from contracts.channel import IDENTIFYING, Channel
from contracts.identifiers import KINDS, Identifier, InvalidIdentifier, is_nothing, normalise
from contracts.live_keys import claimant_key, later_visitor_key, user_key, visitor_id, visitor_key
from contracts.names import clean
from contracts.sources import Source

Named = tuple[set[Identifier], set[str]]
"""Identifiers in normal form, and record ids."""
DIGITS = "phone digits"
"""The kind of a telephone number without its country: what is said where nothing tells the country."""
_MAIL = re.compile(r"[^\s\"'<>(){}\[\],;:|\\/?&=]+@[^\s\"'<>(){}\[\],;:|\\/?&=]+")
_PHONE = re.compile(r"(?<![\w@.+-])\+?\(?\d[\d ./()\-\u00a0\u2010-\u2015]{5,22}\d(?![\w@-])")
FEWEST_DIGITS, MOST_DIGITS = 7, 15
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SHORTEST_ID = 6
SAYS_WHO = IDENTIFYING | {"key", "identifier"}


def forms(identifier: Identifier) -> set[Identifier]:
    """An identifier in its normal form, and in those in which it is said where the normal form can't be known."""
    found = {identifier}
    if identifier.kind == "phone":
        found.add(Identifier(DIGITS, _digits(identifier.value)))
        with suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(identifier.value)
            national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            found |= {Identifier(DIGITS, _digits(national)), Identifier(DIGITS, str(number.national_number))}
    return found


def contacts(text: str, region: str | None) -> Iterator[Identifier]:
    """Mail addresses and telephone numbers anywhere in a text, also where it is a part of an address of a page."""
    if "@" not in text and "%" not in text and sum(c.isdigit() for c in text) < FEWEST_DIGITS:
        return
    texts = {text, unquote_plus(text)} if "%" in text else {text}
    for one in (_plain(each) for each in texts):
        if "@" in one:
            yield from _readings(["email"], _MAIL.findall(one), region)
        for spelt in _PHONE.findall(one):
            digits = _digits(spelt).removeprefix("00")
            if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
                yield from _numbers(spelt, digits, region)


def _numbers(spelt: str, digits: str, region: str | None) -> Iterator[Identifier]:
    # Where the country is known, digits are a number of it, and of nobody who has the same digits in another one.
    known = list(_readings(["phone"], [spelt], region))
    yield from known
    if not known or region is None:
        yield from _readings(["phone"], [f"+{digits}"], None)
        yield Identifier(DIGITS, digits)


def named_in_text(text: str, channel: str, region: str | None) -> Named:
    """Whom a text may name that nobody can parse: contacts, and words that are long enough to be an id.

    What it begins with may be the key of its row, however short that is.
    """
    parts = [part.strip() for part in re.split(r"[\"'{}\[\]:,;|\t\r\n\0]+", text)]
    words = [one for one in parts if len(one) >= SHORTEST_ID and any(c.isdigit() for c in one)]
    kinds = [kind for kind in KINDS if kind not in ("email", "phone")]
    return {*contacts(text, region), *_readings(kinds, words, region)}, {
        f"{channel}:{one}" for one in [*words, *parts[:1]]
    }


def named_in(value: Any, region: str | None) -> set[Identifier]:
    """Whom a tree of values names: contacts in any text of it, and what stands under the name of a kind."""
    found = set[Identifier]()
    for name, text in _leaves(value):
        found |= set(contacts(text, region))
        if name in KINDS:
            found |= set(_readings([name], [text], region))
    return found


def named_in_row(contract: Channel, payload: Mapping[str, Any]) -> Named:
    """Whom a row of a channel is of, whether it keeps its contract or not: by the columns that identify, each in every
    spelling, and by all of its texts where those columns name nobody. Somebody else in a note is not whose row it is.
    """
    found, records = set[Identifier](), set[str]()
    told = next((name for name, column in contract.columns.items() if column.is_ == "identifier_kind"), None)
    for name, column in contract.columns.items():
        said = _at(payload, name)
        text = clean(str(said)) if isinstance(said, str | int | float) else ""
        if is_nothing(text, contract.nothing_keys):
            continue
        if column.is_ == "key" and "person" in contract.holds:
            records.add(f"{contract.channel}:{text}")
        if column.is_ in SAYS_WHO and not contract.is_claimed(column):
            region = column.region or contract.region
            kind = str(_at(payload, told)) if column.is_ == "identifier" and told else column.kind or column.is_
            found |= {*_readings([kind] if kind not in ("key", "contact") else [], [text], region)}
            found |= {*contacts(text, region)}
    return found or named_in(payload, contract.region), records


def _at(payload: Mapping[str, Any], name: str) -> Any:
    value = payload.get(name)
    if value is None and "." in name:
        value = payload
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def named_in_message(source: Source, said: Mapping[str, Any], proof: Proof = Proof.NONE) -> Named:
    """Whom a message of a live source names, in whichever call and field, whether it is an event or not.

    A proven message is of the proven user: what a browser is called, or said to be, counts for unproven ones alone, so
    that nobody is kept out by what somebody else claimed.
    """
    found, records = named_in(said, source.region), set[str]()
    for name in ("userId", "previousId", "anonymousId", "groupId"):
        given = said.get(name)
        text = str(given).strip() if isinstance(given, str | int) else ""
        if not text or (name == "groupId" and (len(text) < SHORTEST_ID or text.isalpha())):
            continue  # a short group may be numbered like a person
        found |= set(_readings([source.user_kind, "device_id"], [text], source.region))
        records.add(f"{source.name}:{user_key(text)}")
        with suppress(InvalidIdentifier):
            keys = (visitor_key, later_visitor_key, claimant_key) if proof is Proof.NONE else ()
            records |= {f"{source.name}:{key(text)}" for key in keys}
            if proof is Proof.NONE:
                ids = (visitor_id(source.name, text), visitor_id(source.name, text, later=True))
                found |= {normalise("visitor_id", one) for one in ids}
    return found | set(_external(said, source.region)), records


def named_in_raw(source: Source, raw: bytes, proof: Proof = Proof.NONE) -> Named:
    """The same of a message as it arrived, which may be anything."""
    try:
        plain = json.loads(raw.decode("utf-8", "replace"))
        if isinstance(plain, dict):
            return named_in_message(source, plain, proof)
    except (ValueError, RecursionError):
        pass
    return named_in_text(raw.decode("utf-8", "replace"), source.name, source.region)


def _external(plain: Mapping[str, Any], region: str | None) -> Iterator[Identifier]:
    context = plain.get("context")
    listed = context.get("externalIds") if isinstance(context, dict) else None
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("type"), str) and isinstance(one.get("id"), str | int):
            yield from _readings([_slug(one["type"])], [str(one["id"])], region)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    waiting = [(name, value)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [(_slug(str(key)), part) for key, part in one.items()]
            waiting += [("", str(key)) for key in one]  # values stand in the place of names, too
        elif isinstance(one, list):
            waiting += [(name, part) for part in one]
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield name, str(one)


def _slug(name: str) -> str:
    return re.sub(r"[\W_]+", "_", _CAMEL.sub("_", name).lower()).strip("_")


def _readings(kinds: Iterable[str], texts: Iterable[str], region: str | None) -> Iterator[Identifier]:
    for text in texts:
        for kind in kinds:
            with suppress(InvalidIdentifier):
                yield normalise(kind, text, region)


def _plain(text: str) -> str:
    """Without what is not seen, digits of any script as 0 to 9."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(c, c)) for c in text if unicodedata.category(c) != "Cf")


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
