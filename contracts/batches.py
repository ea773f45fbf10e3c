"""A batch of messages as it arrives: first its envelope is read, then each message separately."""

import json
from typing import Any

import msgspec

from contracts.events import RefusedItem, instant_of_sending


class Envelope(msgspec.Struct, rename="camel"):
    """A batch: its messages are read one by one, so that a bad message does not affect the others."""

    batch: list[msgspec.Raw]
    sent_at: str | None = None
    context: Any = None


def split_batch(body: bytes) -> Envelope:
    """The messages of a batch, each still raw; RefusedItem if it is not a batch.

    A `sentAt` that is not an instant, and a `context` that is not an object, are ignored.
    """
    try:
        found = msgspec.json.decode(body, type=Envelope)
    except msgspec.ValidationError as error:
        raise RefusedItem(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        found = _split_slowly(body)
    if found.sent_at is not None and instant_of_sending(found.sent_at) is None:
        found.sent_at = None
    if not isinstance(found.context, dict):
        found.context = None
    return found


def _split_slowly(body: bytes) -> Envelope:
    """The same by a parser that accepts lone surrogates: then only the message with one is refused, and not the
    batch."""
    try:
        listed = json.loads(body, parse_constant=lambda name: None)
        raws = [msgspec.Raw(json.dumps(one).encode()) for one in listed["batch"]]
        rest = {name: value for name, value in listed.items() if name != "batch"}
        return msgspec.structs.replace(msgspec.convert({**rest, "batch": []}, Envelope), batch=raws)
    except msgspec.ValidationError as error:
        raise RefusedItem(str(error)) from None
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise RefusedItem("expected a JSON object with a list `batch`, found something else") from None
