"""A batch of messages as it arrives: its envelope is read first, and each message by itself."""

import json
from typing import Any

import msgspec

from contracts.events import RefusedItem, instant_of_sending


class Envelope(msgspec.Struct, rename="camel"):
    """A batch: its messages are read one by one, so that one bad message costs nobody else."""

    batch: list[msgspec.Raw]
    sent_at: str | None = None
    context: Any = None


def split_batch(body: bytes) -> Envelope:
    """The messages of a batch, each still raw; RefusedItem where it is none.

    A `sentAt` that is no instant says nothing of any clock, and a `context` that is no object nothing of the messages:
    both are left out.
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
    """The same by a reader that takes a lone surrogate, which would cost all messages and so costs its own alone."""
    try:
        listed = json.loads(body, parse_constant=lambda name: None)
        raws = [msgspec.Raw(json.dumps(one).encode()) for one in listed["batch"]]
        rest = {name: value for name, value in listed.items() if name != "batch"}
        return msgspec.structs.replace(msgspec.convert({**rest, "batch": []}, Envelope), batch=raws)
    except msgspec.ValidationError as error:
        raise RefusedItem(str(error)) from None
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise RefusedItem("expected a JSON object with a list `batch`, found something else") from None
