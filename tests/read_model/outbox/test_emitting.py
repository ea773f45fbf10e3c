"""An event is noted with the change that it tells of, for whoever subscribed to its kind."""

import pytest
from sqlalchemy import Connection, Engine, insert, select

from read_model.outbox.emitting import emit, emit_all
from stores.schema import webhook_deliveries, webhook_outbox, webhook_subscriptions
from tests.profile_api.people import NOW


def subscribe(connection: Connection, name: str, *kinds: str, url: str = "https://hooks.example/") -> None:
    row = {"subscription_id": name, "url": url, "kinds": list(kinds), "purpose": "service", "role": "bot"}
    connection.execute(
        insert(webhook_subscriptions).values(
            **row, secret="whsec_c2VjcmV0LXNlY3JldA==", created_by="demo", created_at=NOW
        )
    )


def test_an_event_is_noted_for_every_subscription_to_its_kind_and_for_no_other(engine: Engine) -> None:
    with engine.begin() as connection:
        emit(connection, "profile.updated", "p-0", NOW, {})  # nobody listens yet
        subscribe(connection, "both", "profile.updated", "profile.merged")
        subscribe(connection, "updates", "profile.updated")
        emit(connection, "profile.updated", "p-1", NOW, {})
        emit_all(connection, "profile.merged", [("p-2", {"merged": ["p-3"]}), ("p-4", {"merged": ["p-5"]})], NOW)
        emit(connection, "consent.changed", "p-6", NOW, {"purpose": "advice"})
    with engine.connect() as connection:
        events = {row.profile_id: row for row in connection.execute(select(webhook_outbox))}
        told = connection.execute(select(webhook_deliveries)).all()
    assert set(events) == {"p-1", "p-2", "p-4"}
    assert events["p-4"].data == {"merged": ["p-5"]}
    whom = sorted((row.subscription_id, row.sequence, row.state, row.attempts) for row in told)
    expected = [("both", one.sequence, "pending", 0) for one in events.values()]
    assert whom == sorted([*expected, ("updates", events["p-1"].sequence, "pending", 0)])


def test_what_is_undone_is_not_told(engine: Engine) -> None:
    with engine.connect() as connection:
        subscribe(connection, "all", "profile.updated")
        connection.commit()
        emit(connection, "profile.updated", "p-1", NOW, {})
        connection.rollback()
        assert connection.execute(select(webhook_outbox)).all() == []


def test_a_kind_that_nobody_registered_is_refused(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="expected one of the kinds"):
        emit(connection, "profile.updatd", "p-1", NOW, {})
