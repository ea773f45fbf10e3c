"""Which emotion the rules may see: what somebody noticed of the customer just now, if it may be used at all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.categories import Category
from engagement.zones.situation import Emotion

LASTS = timedelta(minutes=30)
"""The pause that ends a session ends what was noticed in it, too."""


class NoticedBy(StrEnum):
    """Who noticed how the customer feels."""

    CUSTOMER = "customer"
    """They said so themselves."""
    BOT = "bot"
    """From what was written or said, in words."""
    ADVISOR = "advisor"
    TELEPHONY = "telephony"
    """From how a voice sounds: biometric data."""


CATEGORY = {
    NoticedBy.CUSTOMER: Category.COMMUNICATION,
    NoticedBy.BOT: Category.COMMUNICATION,
    NoticedBy.ADVISOR: Category.COMMUNICATION,
    NoticedBy.TELEPHONY: Category.SENSITIVE,
}
"""What was noticed is as strict as what it was noticed in."""


@dataclass(frozen=True)
class Noticed:
    """An emotion of the customer, never of an advisor; `at` is by the sender's clock."""

    emotion: Emotion
    by: NoticedBy
    at: datetime


def emotion_seen(noticed: Noticed | None, allowed: Collection[Category], now: datetime) -> Emotion:
    """The emotion for the rules; `unknown` where nobody noticed one, where it is over, or where it may not be used."""
    if noticed is None or CATEGORY[noticed.by] not in allowed or now - noticed.at > LASTS:
        return "unknown"
    return noticed.emotion
