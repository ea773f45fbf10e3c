"""Keyed references: only with the key can a value be compared with a reference."""

import hashlib
import hmac

from contracts.keyring import KeyRing
from contracts.settings import MissingSecret, Settings


class NoKey(MissingSecret):
    """There is no secret for making references."""


def reference(key: bytes, kind: str, value: str) -> str:
    """HMAC-SHA256 of a kind and a value in normal form."""
    return hmac.new(key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()


def reference_key(settings: Settings) -> KeyRing:
    """The secret of these settings, the published one in demo mode; raises NoKey where there is none."""
    try:
        return settings.audit_secret
    except MissingSecret:
        raise NoKey(
            "expected a secret in OCV_AUDIT_KEY, which erased people are recognised by, found none; set that of this"
            " installation (of the demonstration: OCV_DEMO=1 for this command, too)"
        ) from None
