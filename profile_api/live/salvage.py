"""What an unreadable message refuses all the same: a no is kept, whatever else is wrong with it or beside it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.events import preferences
from contracts.keyed import keyed
from profile_api.live.proving import SIGNATURE

EVENT = "Consent Preference Updated"
"""As the Segment spec names it."""


def refusals_of(raw: bytes, shared: Mapping[str, Any] | None = None, gpc: bool = False) -> Iterator[bytes]:
    """Messages that hold who it is and what they refuse alone; the first that can be read is the one to keep.

    First with everything that says who it is, then with less. There is none where nothing is refused: a yes of which
    the rest cannot be read is no yes. `shared` is what the batch lends, `gpc` says that the browser objects.
    """
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return
    if not isinstance(said, dict):
        return
    context = said.get("context")
    own: dict[str, Any] = context if isinstance(context, dict) else {}
    refused = {
        name: False
        for one in (shared or {}, own)
        for name, allowed in preferences(one).items()
        if allowed is False and _is_text(name)
    }
    names = [name for name in ("userId", "anonymousId") if _is_id(said.get(name))]
    if not names or not (refused or gpc):
        return
    consent: dict[str, Any] = {"consent": {"categoryPreferences": refused}}
    signature = {SIGNATURE: own[SIGNATURE]} if _is_text(own.get(SIGNATURE)) else {}
    of_content = keyed("refused message", raw.decode(errors="surrogateescape"), size=16)
    for who, proof in ((names, signature), (names, {}), (names[-1:], {}), (names[:1], {})):
        kept = {"type": "track", "event": EVENT, "messageId": f"refused-{of_content}"}
        kept |= {name: said[name] for name in who} | {"context": consent | proof}
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
