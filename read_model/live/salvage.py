"""Extracts refusals of consent from unreadable messages: a no is kept, whatever else is wrong with the message."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.keyed import keyed
from contracts.preferences import preferences
from read_model.live.proving import SIGNATURE

EVENT = "Consent Preference Updated"
"""As the Segment spec names it."""


def refusals_of(raw: bytes, shared: Mapping[str, Any] | None = None, gpc: bool = False) -> Iterator[bytes]:
    """Candidate messages with only the person's ids and their refusals; the first readable one is kept.

    First with all ids, then with fewer. There are none if nothing is refused: a yes in an unreadable message does not
    count. `shared` is what the batch lends, `gpc` says that the browser objects.
    """
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return
    if not isinstance(message, dict):
        return
    context = message.get("context")
    own: dict[str, Any] = context if isinstance(context, dict) else {}
    refused = {
        name: False
        for one in (shared or {}, own)
        for name, allowed in preferences(one).items()
        if allowed is False and _is_text(name)
    }
    names = [name for name in ("userId", "anonymousId") if _is_id(message.get(name))]
    if not names or not (refused or gpc):
        return
    consent: dict[str, Any] = {"consent": {"categoryPreferences": refused}}
    signature = {SIGNATURE: own[SIGNATURE]} if _is_text(own.get(SIGNATURE)) else {}
    of_content = keyed("refused message", raw.decode(errors="surrogateescape"), size=16)
    for who, proof in ((names, signature), (names, {}), (names[-1:], {}), (names[:1], {})):
        kept = {"type": "track", "event": EVENT, "messageId": f"refused-{of_content}"}
        kept |= {name: message[name] for name in who} | {"context": consent | proof}
        yield json.dumps(kept).encode()


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or "\x00" in value:
        return False
    try:
        return bool(value.encode())
    except UnicodeEncodeError:  # a lone surrogate
        return False


def _is_id(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, int) and not isinstance(value, bool))
