"""Keyed references: who holds the key can tell whether a value is the one meant, nobody else can try values out."""

import hashlib
import hmac

from contracts.settings import DEMO_SECRET, Settings


class NoKey(RuntimeError):
    """There is no secret to make references with."""


def reference(key: bytes, kind: str, value: str) -> str:
    """HMAC-SHA256 of a kind and a value in normal form."""
    return hmac.new(key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()


def reference_key(settings: Settings) -> bytes:
    """The secret of these settings, the published one in demo mode; raises NoKey where there is none."""
    if settings.audit_key is not None:
        return settings.audit_key.get_secret_value().encode()
    if settings.demo:
        return DEMO_SECRET.encode()
    raise NoKey("expected a secret in OCV_AUDIT_KEY, which erased people are recognised by, found none; set it")
