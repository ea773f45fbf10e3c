"""Every feature with its type and data category, in one place; imports no Feast and no Spark.

A feature inherits the strictest category of its inputs. That an event is an order, and when, has the category
transaction; every other event, with place and reason, is behaviour.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from consent.model import Purpose
from contracts.categories import Category, strictest

VERSION = 2
"""Raise it when a feature's meaning changes: every row is then written again."""

INPUTS: dict[str, Category] = {
    "profile": Category.IDENTITY,
    "customer_since": Category.IDENTITY,
    "order": Category.TRANSACTION,
    "amount": Category.TRANSACTION,
    "interaction": Category.BEHAVIOUR,
    "intent": Category.BEHAVIOUR,
    "detail": Category.BEHAVIOUR,
}

WINDOWS = (30, 90, 365)
"""Days. A window ends with `as_of` and holds what is younger than its length: an event exactly 30 days old is out."""

CONTACTS = ("call", "message", "visit", "email", "letter")
NOT_INTERACTIONS = ("order", "complaint_resolved")
RESOLVED = "complaint_resolved"
MILESTONES = (1, *range(5, 101, 5))
"""Years as a customer."""


@dataclass(frozen=True)
class Feature:
    """A feature's value type and the inputs that it is computed from."""

    type: Literal["whole", "number", "text", "flag", "instant"]
    inputs: tuple[str, ...]
    meaning: str
    lasts: timedelta | None = None
    """How long the value may be given out after its time; None: for ever, with that time."""
    when: str | None = None
    """The feature with the time of the event that this feature is about."""
    so_far: bool = False
    """Whether it is computed from all events ever."""

    @property
    def category(self) -> Category:
        return strictest(INPUTS[name] for name in self.inputs)


UNKNOWN = "null where the amount of one is unknown"


def _value_features() -> dict[str, Feature]:
    features = {"recency_days": Feature("whole", ("order",), "whole days since the last order", when="recency_days")}
    for days in WINDOWS:
        features |= {
            f"orders_{days}d": Feature("whole", ("order",), f"orders in {days} days, returns not counted"),
            f"amount_{days}d": Feature("number", ("order", "amount"), f"orders less returns in {days} days; {UNKNOWN}"),
            f"average_order_{days}d": Feature(
                "number", ("order", "amount"), f"amount_{days}d per order; null without one, too"
            ),
        }
    return features | {
        "returns_365d": Feature("whole", ("order", "amount"), "orders of a negative amount in 365 days"),
        "lifetime_orders": Feature("whole", ("order",), "orders so far, returns not counted", so_far=True),
        "lifetime_amount": Feature(
            "number", ("order", "amount"), f"orders less returns so far; {UNKNOWN}", so_far=True
        ),
        "value_version": Feature("whole", ("profile",), "version of these definitions"),
    }


MINUTES_5, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
LIVE_WINDOWS = {"5m": MINUTES_5, "1h": HOUR, "24h": DAY}
SESSION_GAP = timedelta(minutes=30)
"""The pause that ends a session."""
CART_LASTS = timedelta(days=7)
REPEATED = 3
"""So many failures within an hour are frustrating."""


def _live_features() -> dict[str, Feature]:
    happened = ("interaction",)
    features = {
        "last_event": Feature("text", happened, "type of the newest event", when="last_event_at"),
        "last_event_at": Feature("instant", happened, "time of that event", when="last_event_at"),
        "current_channel": Feature("text", happened, "channel of the newest event, within 30 minutes", SESSION_GAP),
        "recent_intent": Feature("text", ("intent",), "intent of the newest event that stated one, within a day", DAY),
    }
    for name, window in LIVE_WINDOWS.items():
        features[f"events_{name}"] = Feature("whole", happened, f"events within {name}", window)
        features[f"sessions_{name}"] = Feature(
            "whole", happened, f"sessions that {name} touch; 30 minutes of silence end one", window
        )
    return features | {
        "pages_seen_1h": Feature("whole", happened, "pages and screens within an hour", HOUR),
        "pages_seen_24h": Feature("whole", happened, "pages and screens within a day", DAY),
        "last_page": Feature("text", ("detail",), "path or name of the newest page or screen within a day", DAY),
        "cart_items": Feature("whole", ("detail",), "articles in the cart, within 7 days", CART_LASTS),
        "cart_value": Feature("number", ("detail", "amount"), "price of what is in the cart", CART_LASTS),
        "cart_changed_at": Feature("instant", happened, "time of the newest change of the cart", CART_LASTS),
        "failures_1h": Feature("whole", ("detail",), "events of a failure within an hour", HOUR),
        "repeated_failures": Feature("flag", ("detail",), "three failures or more within an hour", HOUR),
        "live_version": Feature("whole", ("profile",), "version of these definitions"),
    }


VIEWS: dict[str, dict[str, Feature]] = {
    "features_value": _value_features(),
    "features_interactions": {
        "contacts_30d": Feature("whole", ("interaction",), "calls, messages, visits, e-mails and letters in 30 days"),
        "last_contact_at": Feature("instant", ("interaction",), "time of the last contact", when="last_contact_at"),
        "last_contact_channel": Feature(
            "text", ("interaction",), "channel of the last contact", when="last_contact_at"
        ),
        "channel_mix": Feature("text", ("interaction",), "JSON: channel -> share of the interactions in 365 days"),
        "preferred_channel": Feature(
            "text", ("interaction",), "channel of most interactions in 365 days, then the latest"
        ),
        "last_intent": Feature("text", ("intent",), "intent of the last event that stated one", when="last_intent_at"),
        "last_intent_at": Feature("instant", ("intent",), "time of that event", when="last_intent_at"),
        "open_complaint": Feature(
            "flag", ("interaction", "intent"), "a complaint without a later resolution", when="open_complaint_since"
        ),
        "open_complaint_since": Feature(
            "instant", ("interaction", "intent"), "time of the first such complaint", when="open_complaint_since"
        ),
        "days_as_customer": Feature("whole", ("customer_since",), "days since the earliest known start"),
        "next_milestone": Feature("text", ("customer_since",), "next anniversary as a customer: 1 year, then every 5"),
        "next_milestone_on": Feature("text", ("customer_since",), "its date, ISO 8601"),
        "interactions_version": Feature("whole", ("profile",), "version of these definitions"),
    },
    "features_live": _live_features(),
}

LAKE_VIEWS = ("features_value", "features_interactions")
"""Views that the batch computes for everybody; the others describe the moment and exist only online."""

LASTS: dict[str, timedelta] = {
    name: feature.lasts for features in VIEWS.values() for name, feature in features.items() if feature.lasts
}

CATEGORIES: dict[str, Category] = {
    name: feature.category for features in VIEWS.values() for name, feature in features.items()
}

# The purposes that use features; their data categories come from the purpose itself.
PURPOSES = (
    "service",
    "advice",
    "personalisation",
    "analytics",
    "fraud_prevention",
    "model_training",
    "privacy_rights",
)


def features_of(purpose: Purpose) -> dict[str, list[str]]:
    """Which features of each view a purpose may see: those of the data categories that it lists."""
    allowed = {
        view: [name for name, feature in features.items() if feature.category in purpose.categories]
        for view, features in VIEWS.items()
    }
    return {view: names for view, names in allowed.items() if names}


def lake_features_of(purpose: Purpose) -> dict[str, list[str]]:
    """The views among them that the lake keeps, and so has for the past."""
    return {view: names for view, names in features_of(purpose).items() if view in LAKE_VIEWS}
