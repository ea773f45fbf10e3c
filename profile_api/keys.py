"""Whose signatures count: the keys of an OIDC issuer, or of the demo issuer in demo mode."""

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from filelock import FileLock
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from consent.model import Role
from contracts.settings import Settings
from profile_api.auth import Keys
from profile_api.errors import unavailable

FRESH = 600.0
RETRY = 30.0


class NoIssuer(RuntimeError):
    """Nobody's tokens would be accepted."""


class IssuerKeys:
    """The key set at an issuer's address, fetched at need and kept for ten minutes."""

    def __init__(self, url: str) -> None:
        self._url, self._keys, self._fetched = url, KeySet([]), float("-inf")
        self._lock = threading.Lock()

    def current(self, key_id: str | None) -> KeySet:
        """The keys; an unknown `key_id` asks the issuer again, twice a minute at most."""
        with self._lock:
            age = time.monotonic() - self._fetched
            known = {key.kid for key in self._keys.keys}
            if age > FRESH or (key_id not in known and age > RETRY):
                self._fetch()
            return self._keys

    def _fetch(self) -> None:
        try:
            answer = httpx.get(self._url, timeout=5.0).raise_for_status()
            self._keys = KeySet.import_key_set(answer.json())
            self._fetched = time.monotonic()
        except (httpx.HTTPError, ValueError) as error:
            if not self._keys.keys:
                raise unavailable("the issuer's keys") from error


class DemoIssuer:
    """Issues and checks tokens for a demonstration, with a key that stays in the folder of the stores."""

    def __init__(self, folder: Path, issuer: str, audience: str) -> None:
        self._issuer, self._audience = issuer, audience
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "demo-issuer.pem"
        with FileLock(folder / "demo-issuer.lock"):
            if not file.exists():
                file.touch(mode=0o600)
                file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
        self._key = ECKey.import_key(file.read_bytes(), {"kid": "demo", "use": "sig", "alg": "ES256"})

    def current(self, key_id: str | None) -> KeySet:
        return KeySet([self._key])

    def token(self, role: Role, now: datetime, profile_id: str | None = None) -> str:
        """A token for a demonstration, good for twelve hours; a customer speaks for `profile_id`."""
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": f"demo-{role.value}",
            "role": role.value,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=12)).timestamp()),
        }
        claims |= {"profile_id": profile_id} if profile_id else {}
        return jwt.encode({"alg": "ES256", "kid": "demo"}, claims, self._key, ["ES256"])


def demo_issuer(settings: Settings) -> DemoIssuer:
    """The demo issuer of these settings; raises NoIssuer outside demo mode."""
    if not settings.demo:
        raise NoIssuer("expected OCV_DEMO=1 for demo tokens, found that this is no demonstration")
    return DemoIssuer(settings.store_dir, settings.jwt_issuer, settings.jwt_audience)


def accepted_keys(settings: Settings) -> Keys:
    """The keys of the issuer at `jwks_url`, else of the demo issuer; raises NoIssuer where there is neither."""
    if settings.jwks_url:
        return IssuerKeys(settings.jwks_url)
    if settings.demo:
        return demo_issuer(settings)
    raise NoIssuer(
        "expected the address of your issuer's keys in OCV_JWKS_URL, found none; or set OCV_DEMO=1 to try it"
    )
