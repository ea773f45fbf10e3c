"""One occasion on which somebody's data was seen, as the lists of a breach count it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Sight:
    """One time that data of somebody was seen, or came in; `of` is the id of what came in, which counts once."""

    profile_id: str
    at: datetime
    purpose: str | None = None
    categories: frozenset[str] = frozenset()
    of: str | None = None
