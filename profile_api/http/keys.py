"""The accepted signing keys: those of an OIDC issuer, or of the demo issuer in demo mode."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import structlog
from filelock import FileLock
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet

from consent.model import Role
from contracts.identifiers import Identifier
from contracts.settings import Settings
from profile_api.http.auth import Keys
from profile_api.responses.errors import unavailable

FRESH = 600.0
RETRY = 30.0
STALE = 86_400.0
"""Seconds after which keys no longer count that the issuer has not confirmed."""
PATIENCE = 4.0
LARGEST = 256 * 1024

log = structlog.get_logger()


class NoIssuer(RuntimeError):
    """Nobody's tokens would be accepted."""


class IssuerKeys:
    """The key set at an issuer's address, as fetched last: reading it never waits for the issuer.

    Keys that are ten minutes old, or lack a requested one, are fetched again in a separate thread, at most twice a
    minute whatever tokens claim. Meanwhile, and while the issuer is down, the last keys are used, for a day.
    """

    def __init__(self, url: str, fetch: Callable[[str], KeySet] | None = None) -> None:
        self._url, self._fetch, self._keys = url, fetch or fetch_keys, KeySet([])
        self._fetched = self._tried = float("-inf")
        self._renewal: Future[None] | None = None
        self._lock = threading.Lock()

    def current(self, key_id: str | None) -> KeySet:
        """The keys; raises a Problem (503) while there are none that count."""
        now = time.monotonic()
        with self._lock:
            unknown = key_id not in {key.kid for key in self._keys.keys}
            busy = self._renewal is not None and not self._renewal.done()
            if (unknown or now - self._fetched > FRESH) and now - self._tried > RETRY and not busy:
                self._tried, self._renewal = now, Future()
                threading.Thread(target=self._renew, args=[self._renewal], name="issuer's keys", daemon=True).start()
            keys = self._keys if now - self._fetched <= STALE else KeySet([])
        if not keys.keys:
            raise unavailable("the issuer's keys")
        return keys

    def last_renewal(self) -> "Future[None] | None":
        """The newest fetch, done once it has ended; None before the first."""
        return self._renewal

    def _renew(self, done: "Future[None]") -> None:
        try:
            found = self._fetch(self._url)
            with self._lock:
                self._keys, self._fetched = found, time.monotonic()
        except Exception as error:  # whatever it was: the last keys serve on
            log.warning("the issuer's keys were not fetched", error=type(error).__name__)
        finally:
            done.set_result(None)


def fetch_keys(url: str) -> KeySet:
    """The signing keys at an address; raises what httpx raises, or ValueError, within a few seconds in any case."""
    give_up, body = time.monotonic() + PATIENCE, bytearray()
    with httpx.stream("GET", url, timeout=PATIENCE) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > LARGEST or time.monotonic() > give_up:
                raise ValueError("expected a key set within seconds, found an answer that does not end")
    keys: list[Key] = []
    for one in json.loads(body)["keys"]:
        with suppress(JoseError, ValueError, TypeError, KeyError):  # of a kind that we do not know; others still count
            keys.append(JWKRegistry.import_key(one))
    if not keys:
        raise ValueError("expected a key set with keys, found none that can be read")
    return KeySet(keys)


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

    def last_renewal(self) -> None:
        """Never: there is nobody to ask."""

    def token(
        self, role: Role, now: datetime, profile_id: str | None = None, identifier: Identifier | None = None
    ) -> str:
        """A token for a demonstration, good for twelve hours; a customer speaks for `profile_id`, or for who carries
        `identifier`."""
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": f"demo-{role.value}",
            "role": role.value,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=12)).timestamp()),
        }
        claims |= {"profile_id": profile_id} if profile_id else {}
        claims |= {"identifier": vars(identifier)} if identifier else {}
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
