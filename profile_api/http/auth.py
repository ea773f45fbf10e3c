"""Who asks: bearer tokens of one issuer, checked by joserfc, as typed dependencies of the routes."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from consent.model import Actor, Role
from contracts.identifiers import Identifier, normalise
from profile_api.access.asking import referring
from profile_api.responses.errors import Problem

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")
KNOWN_HEADERS = frozenset({"alg", "typ", "kid"})  # no embedded key, no key address, no critical extension
LONGEST_TOKEN = 8_192
LONGEST_LIFE = 86_400
"""Seconds for which a token may be good from when it was issued, where the settings say nothing else."""
CHECKED_FOR = 30.0
"""Seconds for which a verified signature is cached; expiry is checked each time."""
MOST_CHECKED = 2_000


class Keys(Protocol):
    """The public keys that tokens may be signed with."""

    def current(self, key_id: str | None) -> KeySet:
        """The keys, without waiting; fetched again in the background if `key_id` is not among them."""
        ...

    def last_renewal(self) -> "Future[None] | None":
        """The newest fetch of the keys, done once they have arrived; None if keys are never fetched."""
        ...


class Verifier:
    """Turns a token into the actor that it speaks for; `clock` says what time it is."""

    def __init__(
        self, keys: Keys, issuer: str, audience: str, clock: Callable[[], datetime], longest: int = LONGEST_LIFE
    ) -> None:
        self._keys, self._longest = keys, longest
        self._checked: dict[str, tuple[float, dict[str, Any]]] = {}
        self._registry = JWSRegistry(algorithms=list(ALGORITHMS))
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock().timestamp()),
            leeway=0,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            role={"essential": True, "values": [role.value for role in Role]},
        )

    def actor(self, token: str) -> Actor:
        """The actor of a valid token; any other token is a 401 that does not say what is wrong with it."""
        try:
            claims = self._signed(token)
            self._claims.validate(claims)
            if not 0 < claims["exp"] - claims["iat"] <= self._longest:  # also of what is no number
                raise ValueError("lifetime")
            return _actor(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise unauthorised() from error

    async def actor_soon(self, token: str) -> Actor:
        """The same if the issuer's keys may still be arriving: then only this request waits for them."""
        before = self._keys.last_renewal()
        settled = before if before is not None and before.done() else None
        try:
            return self.actor(token)
        except Problem:
            renewal = self._keys.last_renewal()
            if renewal is settled or renewal is None:
                raise
        await asyncio.shield(asyncio.wrap_future(renewal))
        return self.actor(token)

    def _signed(self, token: str) -> dict[str, Any]:
        """The claims of a token with a valid signature; verifying costs more than a read, so it is cached."""
        now = time.monotonic()
        until, claims = self._checked.get(token, (now, {}))
        if now >= until:
            if len(token) > LONGEST_TOKEN:
                raise ValueError("too long")
            decoded = jwt.decode(token, self._key_set, list(ALGORITHMS), self._registry)
            if not set(decoded.header) <= KNOWN_HEADERS:
                raise ValueError("unknown header")
            if len(self._checked) >= MOST_CHECKED:
                self._checked.clear()
            claims = decoded.claims
            self._checked[token] = (now + CHECKED_FOR, claims)
        return claims

    def _key_set(self, recipient: Any) -> KeySet:
        key_id = recipient.headers().get("kid")
        return self._keys.current(key_id if isinstance(key_id, str) else None)


def _actor(claims: dict[str, Any]) -> Actor:
    subject, profile_id, identifier = claims["sub"], claims.get("profile_id"), claims.get("identifier")
    if not isinstance(subject, str) or not 0 < len(subject) <= 200 or "\x00" in subject:
        raise ValueError("sub")
    role = Role(claims["role"])
    if role is not Role.CUSTOMER:
        return Actor(subject, role)
    bound = None if identifier is None else _identifier(**identifier)
    if not isinstance(profile_id, str | None) or (profile_id is None and bound is None):
        raise ValueError("profile_id, identifier")
    return Actor(subject, role, profile_id, bound=bound)


def _identifier(kind: Any, value: Any) -> Identifier:
    if not isinstance(kind, str) or not isinstance(value, str) or "\x00" in value:
        raise ValueError("identifier")
    return normalise(kind, value)


def unauthorised() -> Problem:
    """The one answer for no token and for any bad one."""
    detail = "Expected `Authorization: Bearer` with a token that this service accepts, found none; sign in again."
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": "Bearer"})


_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token with the claim `role`.")


async def _reader(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Actor:
    if credentials is None:
        raise unauthorised()
    verifier: Verifier = request.app.state.verifier
    actor = await verifier.actor_soon(credentials.credentials)
    return referring(actor, request.headers, request.path_params)


Reader = Annotated[Actor, Depends(_reader)]
