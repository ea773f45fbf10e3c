"""Which tokens count: one issuer's, for this service, now, with a known role; and nothing else."""

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from joserfc.jws import JWSRegistry

from consent.model import Role
from contracts.settings import Settings
from profile_api.http.auth import Verifier
from profile_api.http.keys import DemoIssuer, IssuerKeys, NoIssuer, accepted_keys, demo_issuer
from profile_api.responses.errors import Problem
from tests.profile_api.people import ANA, NOW

ISSUER, AUDIENCE = "https://issuer.demo.example", "one-customer-view"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "claire",
    "role": "advisor",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
}


@pytest.fixture
def verifier(issuer: DemoIssuer) -> Verifier:
    return Verifier(issuer, ISSUER, AUDIENCE, lambda: NOW)


def _signed(issuer: DemoIssuer, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    key = issuer.current(None).keys[0]
    sent = {"alg": "ES256", "kid": "demo", **(header or {})}
    body = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (sent, claims)]
    algorithm = JWSRegistry.algorithms["ES256"]
    signature = base64.urlsafe_b64encode(algorithm.sign(b".".join(body), key)).rstrip(b"=")
    return b".".join([*body, signature]).decode()


def test_a_good_token_speaks_for_its_subject_and_role(verifier: Verifier, issuer: DemoIssuer) -> None:
    actor = verifier.actor(_signed(issuer, CLAIMS))
    assert (actor.subject, actor.role, actor.profile_id) == ("claire", Role.ADVISOR, None)
    customer = verifier.actor(issuer.token(Role.CUSTOMER, NOW, ANA))
    assert customer.profile_id == ANA


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": int(NOW.timestamp())},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": "now"},
        {"nbf": "tomorrow"},
        {"nbf": int(NOW.timestamp()) + 1},
        {"iat": int(NOW.timestamp()) + 60},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\x00b"},
        {"sub": 7},
        {"role": "admin"},
        {"role": None},
        {"role": ["advisor", "privacy_officer"]},
        {"role": "customer"},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(verifier: Verifier, issuer: DemoIssuer, changed: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    with pytest.raises(Problem) as refused:
        verifier.actor(_signed(issuer, claims))
    assert refused.value.status == 401


def test_a_token_with_an_embedded_key_a_key_address_or_a_critical_extension_is_refused(
    verifier: Verifier, issuer: DemoIssuer
) -> None:
    own = ECKey.generate_key("P-256")
    for header in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "https://evil.example/keys"},
        {"x5c": ["MII"]},
        {"x5u": "https://evil.example/certificate"},
        {"x5t": "AAAA"},
        {"zip": "DEF"},
        {"crit": []},
        {"crit": ["urn:unknown"], "urn:unknown": True},
        {"kid": ["demo"]},
        {"kid": {"demo": 1}},
        {"alg": ["ES256"]},
        {"alg": None},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"kid": "unknown"},
    ):
        with pytest.raises(Problem):
            verifier.actor(_signed(issuer, CLAIMS, header))


def test_a_token_that_another_key_or_no_key_signed_is_refused(verifier: Verifier, issuer: DemoIssuer) -> None:
    public = issuer.current(None).keys[0].as_pem(private=False)  # type: ignore[union-attr]  # an EC key
    other = ECKey.generate_key("P-256", {"kid": "demo"})
    forged = [
        jwt.encode({"alg": "ES256", "kid": "demo"}, CLAIMS, other, ["ES256"]),
        jwt.encode({"alg": "HS256", "kid": "demo"}, CLAIMS, OctKey.import_key(base64.b64encode(public)), ["HS256"]),
        _signed(issuer, CLAIMS, {"alg": "none"}).rpartition(".")[0] + ".",
        _signed(issuer, CLAIMS, {"alg": "None"}),
        _signed(issuer, CLAIMS, {"alg": "NONE"}).rpartition(".")[0] + ".",
        _signed(issuer, CLAIMS, {"alg": "RS256"}),
        _signed(issuer, CLAIMS, {"alg": "ES256K"}),
        _signed(issuer, CLAIMS)[:-4] + "AAAA",
    ]
    whole = _signed(issuer, CLAIMS)
    head, body, signature = whole.split(".")
    other_body = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "role": "privacy_officer"}).encode()).decode()
    forged += [
        f"{head}.{other_body.rstrip('=')}.{signature}",
        f"{head}.{body}",
        f"{head}.{body}.",
        f".{body}.{signature}",
    ]
    forged += [f"{whole}.{signature}", f"{whole}=", whole.upper(), _signed(issuer, {**CLAIMS, "also": "x" * 9_000})]
    forged += [json.dumps({"protected": head, "payload": body, "signature": signature}), f"{head}..{signature}"]
    for token in [*forged, "", ".", "..", "...", "....", "a.b.c", "é", "\ud800", "x" * 10_000, "\x00", "[" * 5_000]:
        with pytest.raises(Problem):
            verifier.actor(token)


@pytest.mark.parametrize("sent", [None, "Bearer", "Bearer x", "Basic YTpi", "bearer \x7f"])
@pytest.mark.parametrize("suffix", ["", "/timeline", "/features"])
def test_no_route_answers_without_a_token(client: TestClient, suffix: str, sent: str | None) -> None:
    headers = {"Purpose": "service"} | ({"Authorization": sent} if sent else {})
    answer = client.get(f"/v1/profiles/{ANA}{suffix}", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert client.post("/v1/profiles/lookup", json={}, headers=headers).status_code == 401


def test_demo_tokens_outlive_a_restart_and_exist_in_demo_mode_alone(tmp_path: Path) -> None:
    demo = Settings(local=tmp_path, demo=True, jwks_url=None)
    token = demo_issuer(demo).token(Role.BOT, NOW)
    assert Verifier(accepted_keys(demo), ISSUER, AUDIENCE, lambda: NOW).actor(token).role is Role.BOT
    assert (demo.store_dir / "demo-issuer.pem").stat().st_mode & 0o077 == 0
    real = demo.model_copy(update={"demo": False})
    with pytest.raises(NoIssuer, match="OCV_JWKS_URL"):
        accepted_keys(real)
    with pytest.raises(NoIssuer, match="OCV_DEMO"):
        demo_issuer(real)


def test_an_issuers_keys_are_fetched_once_and_again_when_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256"})
    asked: list[str] = []

    def fetch(url: str) -> KeySet:
        asked.append(url)
        if len(asked) == 3:
            raise httpx.ConnectError("gone")
        return KeySet([key])

    verifier = Verifier(IssuerKeys("https://issuer.example/keys", fetch), ISSUER, AUDIENCE, lambda: NOW)

    def subject() -> str:  # of a new token each time: one that was checked a moment ago asks for no keys
        token = jwt.encode({"alg": "ES256", "kid": "one"}, CLAIMS, key, ["ES256"])
        return asyncio.run(verifier.actor_soon(token)).subject

    assert subject() == subject() == "claire"
    assert len(asked) == 1
    monkeypatch.setattr("profile_api.http.keys.FRESH", -1.0)
    monkeypatch.setattr("profile_api.http.keys.RETRY", -1.0)
    while len(asked) < 4:
        assert subject() == "claire"  # the issuer is gone at the third time: its last keys serve on
    monkeypatch.setattr("profile_api.http.keys.STALE", -1.0)
    with pytest.raises(Problem) as refused:
        verifier.actor(jwt.encode({"alg": "ES256", "kid": "one"}, CLAIMS, key, ["ES256"]))
    assert refused.value.status == 503, "keys that the issuer has not confirmed for too long count no more"


def test_without_any_key_of_the_issuer_the_answer_is_unavailable() -> None:
    def fetch(url: str) -> KeySet:
        raise httpx.ConnectError("gone")

    verifier = Verifier(IssuerKeys("https://issuer.example/keys", fetch), ISSUER, AUDIENCE, lambda: NOW)
    token = jwt.encode({"alg": "ES256", "kid": "one"}, CLAIMS, ECKey.generate_key("P-256"), ["ES256"])
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            asyncio.run(verifier.actor_soon(token))
        assert refused.value.status == 503
