"""A secret is replaced without a delivery that nobody can verify."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text
from standardwebhooks import WebhookVerificationError

from profile_api.webhooks.worker import Worker
from stores.schema import webhook_subscriptions
from tests.profile_api.webhooks.conftest import Clock, Consumer, Subscribe


def test_both_secrets_verify_for_a_while_and_then_the_new_one_alone(
    client: TestClient,
    engine: Engine,
    worker: Worker,
    subscribe: Subscribe,
    officer: dict[str, str],
    tell: Callable[..., None],
    consumer: Consumer,
    clock: Clock,
) -> None:
    old = subscribe("advice")
    with engine.connect() as connection:
        name = connection.scalar(select(webhook_subscriptions.c.subscription_id))
    answer = client.post(f"/v1/webhooks/{name}/rotate", json={"hours": 2}, headers=officer)
    assert answer.status_code == 200
    new = answer.json()["secret"]
    assert new != old and new not in client.get("/v1/webhooks", headers=officer).text
    with engine.begin() as connection:  # the service's clock stands still in these tests
        set_until = text("UPDATE webhook_subscriptions SET former_until = :until")
        connection.execute(set_until, {"until": clock() + timedelta(hours=2)})
    tell("profile.merged", merged=["p-old"])
    worker.round()
    assert [len(consumer.verified(secret)) for secret in (old, new)] == [1, 1]
    clock.ahead = timedelta(hours=3)
    tell("profile.merged", merged=["p-older"])
    worker.round()
    assert len(consumer.requests) == 2
    consumer.requests = consumer.requests[1:]
    signatures = consumer.requests[0][0]["webhook-signature"].split(" ")
    assert len(signatures) == 1
    with pytest.raises(WebhookVerificationError):
        consumer.verified(old)


def test_a_secret_that_was_given_away_ends_at_once_and_nobody_else_rotates(
    client: TestClient, engine: Engine, subscribe: Subscribe, officer: dict[str, str]
) -> None:
    old = subscribe("advice")
    with engine.connect() as connection:
        name = connection.scalar(select(webhook_subscriptions.c.subscription_id))
    assert client.post(f"/v1/webhooks/{name}/rotate", json={"hours": 0}, headers=officer).json()["secret"] != old
    assert client.post("/v1/webhooks/sub_nobody/rotate", json={}, headers=officer).status_code == 404
    for wrong in ({"hours": -1}, {"hours": 721}, {"hours": "x"}):
        assert client.post(f"/v1/webhooks/{name}/rotate", json=wrong, headers=officer).status_code == 422
