"""Normalises the deviations of client libraries from the Segment spec before a message is read."""

import re
from typing import Any

import msgspec

KEY = "writeKey"
OBJECTS = ("traits", "properties", "context", "integrations")
IDS = ("userId", "anonymousId", "previousId", "groupId")
_KEY_IN_TEXT = re.compile(rb'"writeKey"\s*:\s*"(?:[^"\\]|\\.)*"?\s*,?')


def in_one_form(plain: dict[str, Any]) -> dict[str, Any]:
    """A message in the spec's form, without its key.

    PHP writes an empty object as `[]`; a boolean is not an id, and a whole number may come as 7.0; a `sentAt` that is
    not text is ignored.
    """
    plain.pop(KEY, None)
    for name in OBJECTS:
        if plain.get(name) == []:
            plain[name] = {}
    for name in IDS:
        given = plain.get(name)
        if isinstance(given, bool):
            del plain[name]
        elif isinstance(given, float) and given.is_integer():
            plain[name] = int(given)
    if not isinstance(plain.get("sentAt"), str | None):
        del plain["sentAt"]
    return plain


def without_key(raw: bytes) -> bytes:
    """A message as it arrived, for storing: without its key, which is never stored."""
    if KEY.encode() not in raw:
        return raw
    try:
        plain = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _KEY_IN_TEXT.sub(b"", raw)
    if isinstance(plain, dict):
        plain.pop(KEY, None)
    return msgspec.json.encode(plain)
