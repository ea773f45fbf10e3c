"""A person's computed values, one by one, in words for readers who do not know features."""

import json
import re
from collections.abc import Iterator
from typing import Any

from feature_repo.catalogue import VIEWS
from profile_api.privacy_requests.wording import Words

CHANNELS = ("last_contact_channel", "preferred_channel", "current_channel")
EVENTS = ("last_intent", "recent_intent", "last_event")
MONEY = ("amount_", "average_order_", "lifetime_amount", "cart_value")
INTERNAL = frozenset(name for view in VIEWS.values() for name in view if name.endswith("_version"))
"""Versions of definitions, which are about our programs and not about anybody."""


def figures(rows: list[dict[str, Any]], words: Words) -> Iterator[tuple[str, str]]:
    """Each figure's name and value in words."""
    for one in rows:
        if one["feature"] not in INTERNAL and one["value"] is not None:
            yield words.name("feature", one["feature"]), _value(one["feature"], one["value"], words)


def unknown(rows: list[dict[str, Any]], words: Words) -> list[str]:
    """The names of the figures that there is nothing to work out from, each once."""
    found = [words.name("feature", one["feature"]) for one in rows if one["value"] is None]
    return list(dict.fromkeys(found))


def _value(name: str, value: Any, words: Words) -> str:
    if name.startswith(MONEY) and isinstance(value, int | float):
        return words.amount(value)
    if name == "channel_mix":
        return _shares(str(value), words)
    if name == "next_milestone":
        return _milestone(str(value), words)
    if name in CHANNELS:
        return words.source(str(value))
    if name in EVENTS:
        return words.name("type", str(value))
    return words.value(value)


def _shares(text: str, words: Words) -> str:
    try:
        shares = sorted(json.loads(text).items(), key=lambda share: -float(share[1]))
    except (ValueError, TypeError, AttributeError):
        return text
    return ", ".join(
        f"{words.source(str(name))} {words.number(round(100 * float(part)))}\u00a0%" for name, part in shares
    )


def _milestone(text: str, words: Words) -> str:
    found = re.search(r"\d+", text)
    if not found:
        return text
    return words.say("features.milestone_one") if found[0] == "1" else words.say("features.milestone", n=found[0])
