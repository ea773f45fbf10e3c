"""The online store's keys, and what lies beside the embedded stores."""

import re
from collections.abc import Iterable

KEYS: dict[str, str] = {
    r"\x01\x00\x00\x00.*profile_id.*one_customer_view": "a profile's features: its own key is deleted",
    r"materialised:\w+": "up to which version a table was materialised; nothing of a person",
    r"ocv:met:[0-9a-f]{16}:\d+:\d+": "digests that last an hour and tell nobody whom somebody met",
    r"ocv:rate:[0-9a-f]{16}:\d+:\d+": "how often a client asked, or how much a write key brought in",
}
"""Pattern of a key -> what becomes of it."""

FILES: dict[str, str] = {
    r"postgres(/.*)?": "the embedded PostgreSQL: written anew after the rows are gone",
    r"valkey(/.*)?": "the embedded Valkey: its append-only file is written anew",
    r"certificates/e_[0-9a-f]{32}\.json": "certificates; no personal data",
    r"(certificate-(key|public)|demo-issuer)\.pem": "keys of this service",
    r"[\w-]+\.lock": "held while a process works",
    r"[\w-]+\.log": "logs name routes and counts, never people",
}
"""Pattern of a path in the folder of the embedded stores -> what becomes of it."""


def unanswered(names: Iterable[str], answers: dict[str, str]) -> set[str]:
    """The names without a matching pattern."""
    patterns = [re.compile(pattern, re.DOTALL) for pattern in answers]
    return {name for name in names if not any(pattern.fullmatch(name) for pattern in patterns)}
