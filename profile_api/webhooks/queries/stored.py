"""Stored subscriptions and events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, repr=False)
class Subscription:
    """A subscription; holds secrets, so it has no repr."""

    subscription_id: str
    url: str
    purpose: str
    role: str
    secret: str
    former_secret: str | None = None
    """Signs as well, while the system may still know no other."""


@dataclass(frozen=True)
class OutboxEvent:
    """What happened, as the outbox holds it."""

    sequence: int
    event_id: str
    kind: str
    profile_id: str
    at: datetime
    data: dict[str, Any]
