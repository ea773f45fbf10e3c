"""The proof of a message: its key, and the user id that the site's server has signed."""

import json
import re
from contextlib import suppress
from typing import Any

from contracts.assurance import Proof
from contracts.events import Message, RefusedItem, read_id
from contracts.sources import Sender

SIGNATURE = "userHash"
_SIGNATURE_IN_TEXT = re.compile(rb'("userHash"\s*:[\s\[]*")(?:[^"\\]|\\.)*')


def proof_of(sender: Sender, message: Message) -> Proof:
    """The proof; raises RefusedItem if the signature does not match the user id, since then the sender is unknown."""
    if sender.is_server:
        return Proof.SERVER
    if sender.has_signed:
        return Proof.SIGNATURE
    signature = (message.context or {}).get(SIGNATURE)
    if signature is None or read_id(message.user_id, "userId") is None:
        return Proof.NONE
    if sender.source.user_secret is None:
        raise RefusedItem("context.userHash: expected none, since this source has no `user_secret`; found one")
    if not isinstance(signature, str) or not sender.source.signs(str(message.user_id), signature):
        raise RefusedItem(
            "context.userHash: expected the HMAC-SHA256 of userId with the source's user_secret, in hex; found another"
        )
    return Proof.SIGNATURE


def is_signed(sender: Sender, raw: bytes) -> bool:
    """Whether a message that is refused for another reason bears the signature of its user."""
    secret = sender.source.user_secret
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        message = json.loads(raw)
        user_id, signature = message["userId"], message["context"][SIGNATURE]
        if secret is not None and read_id(user_id, "userId") is not None and isinstance(signature, str):
            return sender.source.signs(str(user_id), signature)
    return False


def with_empty_signature(raw: bytes) -> bytes:
    """A refused message, for storing: who holds a signature counts as its user.

    The empty one stays, so that a message whose signature was wrong is no unsigned one when it is read again.
    """
    return _SIGNATURE_IN_TEXT.sub(rb"\1", raw)


def without_signature(plain: dict[str, Any]) -> dict[str, Any]:
    """The message without its signature, which is not needed any more once checked, and could be misused."""
    context = plain.get("context")
    if not isinstance(context, dict) or SIGNATURE not in context:
        return plain
    return plain | {"context": {name: value for name, value in context.items() if name != SIGNATURE}}
