"""A message's consent preferences, by category, in the formats of consent banners and client libraries.

A value that cannot be understood counts as a refusal, and the sender gets a warning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

EVERYTHING = "*"
"""The category of a refusal without a category: it covers everything based on consent."""
_YES = frozenset("true yes y 1 on granted given allow allowed accept accepted opt_in opt-in optin oui ja".split())
_NO = frozenset("false no n 0 off denied deny refused refuse rejected reject opt_out opt-out optout non nein".split())


@dataclass
class Said:
    """Category -> allowed; a no wins if a category occurs twice. `unread` lists what could not be understood."""

    allowed: dict[str, bool] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def add(self, category: str, allowed: bool) -> None:
        self.allowed[category] = allowed and self.allowed.get(category, True)

    def refuse(self, category: str, unread: str) -> None:
        self.add(category, False)
        self.unread.append(f"{unread}; it counts as a refusal")


def preferences(context: Mapping[str, Any]) -> dict[str, bool]:
    """What is allowed, by category of the consent banner."""
    return said_of_consent(context).allowed


def said_of_consent(context: Mapping[str, Any]) -> Said:
    """Segment's `context.consent.categoryPreferences` and RudderStack's `context.consentManagement`."""
    stated = Said()
    _read_segment(context.get("consent"), stated)
    _read_rudderstack(context.get("consentManagement"), stated)
    return stated


def lent(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A message's context combined with its batch's. If both state preferences, each no is kept."""
    both = preferences(shared), preferences(own)
    allowed_by_category = {**both[0], **both[1]} | {
        name: False for one in both for name, allowed in one.items() if not allowed
    }
    merged = {**shared, **own}
    if not allowed_by_category:
        return merged
    rest = merged.get("consent") if isinstance(merged.get("consent"), dict) else {}
    return {**merged, "consent": {**(rest or {}), "categoryPreferences": allowed_by_category}}


def _read_segment(consent: Any, stated: Said) -> None:
    if not consent:
        if consent is False:
            stated.add(EVERYTHING, False)
        return
    listed = consent.get("categoryPreferences", consent) if isinstance(consent, Mapping) else consent
    if listed is consent or (listed and not isinstance(listed, Mapping)):
        stated.refuse(EVERYTHING, "context.consent: expected an object `categoryPreferences`, found something else")
        return
    for category, value in (listed or {}).items():
        if (allowed := _understood(value)) is not None:
            stated.add(category, allowed)
        elif value is not None:
            stated.refuse(
                category, "context.consent.categoryPreferences: expected true or false of a category, found another"
            )


def _read_rudderstack(consent: Any, stated: Said) -> None:
    if not consent:
        return
    if not isinstance(consent, Mapping):
        stated.refuse(EVERYTHING, "context.consentManagement: expected an object, found something else")
        return
    for name, allowed in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        listed = consent.get(name) or []
        found = list(_ids(listed))
        for category in found:
            stated.add(category, allowed)
        if not isinstance(listed, list | Mapping) or len(found) < len(listed):
            stated.refuse(EVERYTHING, f"context.consentManagement.{name}: expected a list of ids, found something else")


def _ids(listed: Any) -> Iterable[str]:
    # Some versions list the ids together with their names.
    return [str(one) for one in listed if isinstance(one, str | int)] if isinstance(listed, list | Mapping) else []


def _understood(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().casefold() if isinstance(value, str | int) else ""
    return True if text in _YES else False if text in _NO else None
