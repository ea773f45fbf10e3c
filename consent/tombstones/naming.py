"""Finds the people that a text or a message may name, in any field and spelling.

Mail addresses and telephone numbers are recognised by their form anywhere, and so are distinctive ids (`tokens`). Any
other identifier is digits or a word that may mean something else elsewhere: it counts only in a field of its kind.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import phonenumbers

from consent.tombstones.contacts import DIGITS, contacts, digits_of, read
from consent.tombstones.tokens import token_of, tokens
from contracts.assurance import Proof
from contracts.broken_ids import nothing_key
from contracts.cells import UnreadableCell, raw_texts
from contracts.channel import Channel, ColumnReading
from contracts.contacts import readings
from contracts.identifiers import KINDS, Identifier, InvalidIdentifier, normalise, of_persons
from contracts.live_keys import claimant_key, later_visitor_key, user_key, visitor_id, visitor_key
from contracts.names import clean
from contracts.phones import EXTENSION
from contracts.reading import Row
from contracts.roles import IDENTIFYING
from contracts.sources import Source

Named = tuple[set[Identifier], set[str]]
"""Identifiers in normal form, and record ids."""
TELLING = "telling id"
"""The kind of a distinctive id, which is found anywhere."""
_SAID_OTHERWISE = frozenset({"email", "phone", "device_id", "visitor_id"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SHORTEST_ID = 6
_FIELDS_OF_BROWSERS = ("anonymousId", "previousId")
SAYS_WHO = IDENTIFYING | {"key", "identifier"}


def telling(identifier: Identifier) -> str | None:
    """The token by which an id is found in any text; None if it has none.

    A user may choose their id: digits alone could be somebody else's card or telephone number.
    """
    is_of_its_own = identifier.kind not in _SAID_OTHERWISE
    is_chosen = identifier.kind == "user_id" and identifier.value.replace("-", "").isdecimal()
    return token_of(identifier.value) if is_of_its_own and not is_chosen else None


def forms(identifier: Identifier) -> set[Identifier]:
    """An identifier in its normal form, and in the forms used where the normal form can't be computed."""
    found = {identifier}
    if (token := telling(identifier)) is not None:
        found.add(Identifier(TELLING, token))
    if identifier.kind == "phone":
        bare = identifier.value.partition(EXTENSION)[0]
        found.add(Identifier(DIGITS, digits_of(bare)))
        with suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(bare)
            national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            found |= {Identifier(DIGITS, digits_of(national)), Identifier(DIGITS, str(number.national_number))}
    return found


def named_in_text(text: str, channel: str, region: str | None) -> Named:
    """The people an unparsable text may name: by contacts, and by words long enough to be an id.

    Its first word may be the row's key, however short.
    """
    parts = [part.strip() for part in re.split(r"[\"'{}\[\]:,;|\t\r\n\0]+", text)]
    words = [one for one in parts if len(one) >= SHORTEST_ID and any(c.isdigit() for c in one)]
    kinds = [kind for kind in KINDS if kind not in ("email", "phone")]
    telling = {Identifier(TELLING, one) for one in tokens(text)}
    return {*contacts(text, region), *read(kinds, words, region), *telling}, {
        f"{channel}:{one}" for one in [*words, *[one for one in parts if one][:1]]
    }


def named_in(value: Any, region: str | None) -> set[Identifier]:
    """The people a tree of values names: by contacts and distinctive ids in any text, and by values under a kind's
    name."""
    found = set[Identifier]()
    for name, text in _leaves(value):
        found |= {*contacts(text, region), *(Identifier(TELLING, one) for one in tokens(text))}
        if name in KINDS:
            found |= set(readings(name, text, region)[0])
    return found


def named_in_row(contract: Channel, payload: Mapping[str, Any]) -> Named:
    """Whose row it is, whether it fulfils its contract or not: by its identifying columns, in every spelling, or by
    all of its texts if those columns name nobody. A person mentioned in a note does not own the row, and a device
    only if nothing else says whose the row is.
    """
    found, records = set[Identifier](), set[str]()
    row = Row(contract, payload, leniently=True)
    if "person" in contract.holds and (key := row.text("key")):
        records.add(f"{contract.channel}:{key}")
    stated_kind = (row.text("identifier_kind") or "").casefold()
    for reading in contract.reading:
        column = reading.column
        if column.is_ not in SAYS_WHO or reading.is_claimed:
            continue
        kind = stated_kind if column.is_ == "identifier" else column.kind or column.is_
        for text in spelt_in(payload, reading):
            found |= set(readings(kind, text, row.region_of(column))[0]) if kind != "key" else set()
            found |= {*contacts(text, row.region_of(column))}
    if not found:
        return named_in(payload, contract.region), records
    persons = of_persons(found)
    return (persons if persons or records else found), records


def spelt_in(payload: Mapping[str, Any], reading: ColumnReading) -> list[str]:
    """The texts of a column in a row, as written; without null-like and unreadable ones."""
    with suppress(UnreadableCell):
        spelt = raw_texts(payload, reading.name, reading.column)
        return [text for text in spelt if text and nothing_key(text) not in reading.nothing]
    return []


def named_in_message(source: Source, message: Mapping[str, Any], proof: Proof = Proof.NONE) -> Named:
    """The people a message of a live source names, in any call and field, whether it is a valid event or not.

    A proven message belongs to the proven user: browser ids and claims count only in unproven messages, so that nobody
    is kept out by somebody else's claim, or by a browser that somebody else used or called like them.
    """
    if proof is not Proof.NONE:
        found, records = _named_in_any_field(source, {**message, "anonymousId": None}, proof)
        return of_persons(found) | set(contacts(str(message.get("anonymousId") or ""), source.region)), records
    return _named_in_any_field(source, message, proof)


def _named_in_any_field(source: Source, message: Mapping[str, Any], proof: Proof) -> Named:
    found, records = named_in(message, source.region), set[str]()
    for name in ("userId", "previousId", "anonymousId", "groupId"):
        given = message.get(name)
        text = clean(str(given)) if isinstance(given, str | int) else ""
        if not text or (name == "groupId" and (len(text) < SHORTEST_ID or text.isalpha())):
            continue  # a short group may be numbered like a person
        found |= set(read([source.user_kind], [text], source.region))
        records.add(f"{source.name}:{user_key(text)}")
        if proof is Proof.NONE:
            with suppress(InvalidIdentifier):
                records.add(f"{source.name}:{claimant_key(text)}")
                if name in _FIELDS_OF_BROWSERS:
                    records |= {f"{source.name}:{key(text)}" for key in (visitor_key, later_visitor_key)}
                    ids = (visitor_id(source.name, text), visitor_id(source.name, text, later=True))
                    found |= {normalise("device_id", text), *(normalise("visitor_id", one) for one in ids)}
    return found | set(_external(message, source.region)), records


def named_in_raw(source: Source, raw: bytes, proof: Proof = Proof.NONE) -> Named:
    """The same for a raw message, which may be anything."""
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
            yield from readings(_slug(one["type"]), str(one["id"]), region)[0]


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    waiting = [(name, value)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [(_slug(str(key)), part) for key, part in one.items()]
            waiting += [("", str(key)) for key in one]  # values may also occur as names
        elif isinstance(one, list):
            waiting += [(name, part) for part in one]
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield name, str(one)


def _slug(name: str) -> str:
    return re.sub(r"[\W_]+", "_", _CAMEL.sub("_", name).lower()).strip("_")
