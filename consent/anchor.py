"""The anchor: a chain's head in a file that is kept elsewhere, so that a rewritten or truncated chain is detected.

One JSON line each time. Write access to the database is not enough to make such a line, which needs the key, nor to
remove one from a file elsewhere.
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
from contracts.keyring import all_of


class InvalidAnchor(ValueError):
    """The file is not an anchor written with this key; the message names the line."""


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
        """The anchor of a chain that was just verified."""
        return cls(
            name, chain.count, chain.head, at.isoformat(), _mac(key, name, chain.count, chain.head, at.isoformat())
        )

    def is_of(self, key: bytes) -> bool:
        return any(
            hmac.compare_digest(self.mac, _mac(one, self.chain, self.count, self.head, self.at)) for one in all_of(key)
        )


def _mac(key: bytes, *fields: object) -> str:
    return hmac.new(key, json.dumps(fields, separators=(",", ":")).encode(), hashlib.sha256).hexdigest()


def read_anchors(path: Path, key: bytes) -> list[Anchor]:
    """The anchors of a file, oldest first; none where it does not exist yet. Raises InvalidAnchor."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [_anchor(line, f"{path}:{number}", key) for number, line in enumerate(lines, 1) if line.strip()]


def _anchor(line: str, at: str, key: bytes) -> Anchor:
    try:
        fields: dict[str, Any] = json.loads(line)
        anchor = Anchor(**fields)
    except (ValueError, TypeError) as error:
        raise InvalidAnchor(f"{at}: expected an anchor, found something else") from error
    if not anchor.is_of(key):
        raise InvalidAnchor(
            f"{at}: expected an anchor made with OCV_AUDIT_KEY, or with one of OCV_FORMER_AUDIT_KEYS, found an edited"
            " one or another key"
        )
    return anchor


def append_anchors(path: Path, anchors: Sequence[Anchor]) -> None:
    """Adds anchors to the file."""
    with path.open("a", encoding="utf-8") as file:
        for anchor in anchors:
            file.write(json.dumps(vars(anchor)) + "\n")


def against(anchors: Sequence[Anchor], chain: Chain) -> list[Finding]:
    """Where a chain differs from the anchored one: truncated at its end, or rewritten from some place on.

    Anchors before a signed cut are skipped: the cut replaces them.
    """
    agreed = chain.start
    for anchor in sorted(anchors, key=lambda one: one.count):
        if anchor.count < chain.start:
            continue
        if anchor.count > chain.count:
            what = f"the rows {chain.count + 1} to {anchor.count} were there at {anchor.at} and are gone"
            return [Finding("truncated", chain.count, "the end", what)]
        if chain.numbers.get(anchor.head) != anchor.count:
            what = f"the rows {agreed + 1} to {anchor.count} are not those that were anchored at {anchor.at}"
            return [Finding("rewritten", anchor.count, "the anchor", what)]
        agreed = anchor.count
    return []
