"""The anchor: a chain's head in a file that is kept elsewhere, so that a chain written anew or cut short is found.

One JSON line each time. Whoever can write to the database cannot make such a line without the key, nor take one back
from a file that is out of reach.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from consent.chain import Chain, Finding


class InvalidAnchor(ValueError):
    """The file is no anchor that this key has written; the message names the line."""


@dataclass(frozen=True)
class Anchor:
    """The head of a chain at an instant."""

    chain: str
    count: int
    head: str
    at: str
    mac: str

    @classmethod
    def of(cls, name: str, chain: Chain, at: datetime, key: bytes) -> Self:
        """The anchor of a chain that was just found whole."""
        return cls(
            name, chain.count, chain.head, at.isoformat(), _mac(key, name, chain.count, chain.head, at.isoformat())
        )

    def is_of(self, key: bytes) -> bool:
        return hmac.compare_digest(self.mac, _mac(key, self.chain, self.count, self.head, self.at))


def _mac(key: bytes, *said: object) -> str:
    return hmac.new(key, json.dumps(said, separators=(",", ":")).encode(), hashlib.sha256).hexdigest()


def read_anchors(path: Path, key: bytes) -> list[Anchor]:
    """The anchors of a file, oldest first; none where it does not exist yet. Raises InvalidAnchor."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [_anchor(line, f"{path}:{number}", key) for number, line in enumerate(lines, 1) if line.strip()]


def _anchor(line: str, at: str, key: bytes) -> Anchor:
    try:
        said: dict[str, Any] = json.loads(line)
        anchor = Anchor(**said)
    except (ValueError, TypeError) as error:
        raise InvalidAnchor(f"{at}: expected an anchor, found something else") from error
    if not anchor.is_of(key):
        raise InvalidAnchor(f"{at}: expected an anchor made with OCV_AUDIT_KEY, found an edited one or another key")
    return anchor


def append_anchors(path: Path, anchors: Sequence[Anchor]) -> None:
    """Adds anchors to the file."""
    with path.open("a", encoding="utf-8") as file:
        for anchor in anchors:
            file.write(json.dumps(vars(anchor)) + "\n")


def against(anchors: Sequence[Anchor], chain: Chain) -> list[Finding]:
    """Where a chain is not the one that was anchored: cut short at its end, or written anew from some place on."""
    agreed = 0
    for anchor in sorted(anchors, key=lambda one: one.count):
        if anchor.count > chain.count:
            what = f"the rows {chain.count + 1} to {anchor.count} were there at {anchor.at} and are gone"
            return [Finding("truncated", chain.count, "the end", what)]
        if chain.numbers.get(anchor.head) != anchor.count:
            what = f"the rows {agreed + 1} to {anchor.count} are not those that were anchored at {anchor.at}"
            return [Finding("rewritten", anchor.count, "the anchor", what)]
        agreed = anchor.count
    return []
