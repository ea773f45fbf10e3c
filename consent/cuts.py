"""Where the audit's chain continues after retention deleted its oldest rows: a cut, signed with the key of the seals.

The database owner can delete rows and write a cut, but can't sign it; and a signed cut matches only the seal that it
ended with. So rows that are missing before a signed cut were deleted by retention.
"""

import hashlib
import hmac
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from consent.chain import START, Finding, digest, instant_text
from contracts.keyring import all_of
from stores.schema import audit_cuts


@dataclass(frozen=True)
class Cut:
    """The last deleted seal: its number and hash, and the highest number of an audit row until then."""

    sequence: int
    hash: str
    last_id: int
    rows: int
    until: datetime | None
    removed_at: datetime | None
    mac: str = ""

    def signature(self, key: bytes) -> str:
        """The signature, which needs the key."""
        *numbers, until, removed_at, _ = astuple(self)
        content = digest(*map(str, numbers), instant_text(until), instant_text(removed_at))
        return hmac.new(key, b"cut " + content.encode(), hashlib.sha256).hexdigest()


NONE = Cut(0, START, 0, 0, None, None)
"""The chain begins with its first seal."""


def newest(connection: Connection) -> Cut:
    """The cut from which the chain is checked."""
    row = connection.execute(select(audit_cuts).order_by(audit_cuts.c.sequence.desc()).limit(1)).first()
    return Cut(*row) if row else NONE


def findings(cut: Cut, key: bytes | None) -> list[Finding]:
    """What is wrong with a cut: that retention did not sign it, if there is a key to check that."""
    if cut == NONE or key is None or any(hmac.compare_digest(cut.mac, cut.signature(one)) for one in all_of(key)):
        return []
    what = "rows before it are gone, and it was made with no key of the audit"
    return [Finding("forged", cut.sequence, f"cut {cut.sequence}", what)]
