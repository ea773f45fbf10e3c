"""People for a load: written into PostgreSQL by SQL and into the online store by pipeline, without Spark."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import Engine, text

from consent import ledger
from consent.model import ConsentState, Method
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from feature_repo.catalogue import VIEWS
from feature_repo.definitions import PROFILE, feature_services, feature_views
from feature_repo.online import Features, open_features
from feature_repo.store import open_feature_store
from feature_repo.wire import online_key
from stores.embedded import Stores

CHUNK = 5_000
PATTERNS = 50
DECIDED = 2_000
"""People who decided about something: the ledger takes one decision at a time."""

_FIELDS = ("given_name", "family_name", "street", "postcode", "city", "country", "language", "birth_date", "gender")

_PROFILES = """
INSERT INTO profiles (profile_id, version, document, updated_at)
SELECT 'p_' || to_hex(n), 1, jsonb_build_object(
  'fields', (SELECT jsonb_agg(jsonb_build_object('field', name, 'value', name || ' ' || n, 'category',
      CASE WHEN name IN ('street', 'postcode', 'city', 'country') THEN 'contact' ELSE 'identity' END,
      'record_id', 'crm:' || n, 'channel', 'crm', 'observed_at', '2024-01-05T10:00:00.000Z', 'rule', 'most_recent',
      'losing', CASE WHEN name IN ('street', 'city') THEN jsonb_build_array(jsonb_build_object('value', 'old ' || n,
      'channel', 'web', 'observed_at', '2022-03-04T09:00:00.000Z', 'record_id', 'web:' || n)) ELSE '[]'::jsonb END))
    FROM unnest(CAST(:fields AS text[])) AS name),
  'identifiers', jsonb_build_array(
    jsonb_build_object('kind', 'email', 'value', 'person' || n || '@load.example', 'category', 'contact'),
    jsonb_build_object('kind', 'phone', 'value', '+336' || lpad(n::text, 8, '0'), 'category', 'contact'),
    jsonb_build_object('kind', 'loyalty_card', 'value', 'l-' || n, 'category', 'identity')),
  'records', jsonb_build_array('crm:' || n, 'web:' || n, 'orders:' || n),
  'first_seen', '2021-02-01T08:00:00.000Z', 'last_seen', '2024-01-05T10:00:00.000Z'), now()
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint) - 1) AS n
"""
_IDENTIFIERS = """
INSERT INTO identifiers (kind, value, profile_id)
SELECT kind, value, 'p_' || to_hex(n) FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint) - 1) AS n,
LATERAL (VALUES ('email', 'person' || n || '@load.example'), ('phone', '+336' || lpad(n::text, 8, '0')),
  ('loyalty_card', 'l-' || n)) AS held(kind, value)
"""
_RECORDS = """
INSERT INTO records (record_id, profile_id, document)
SELECT channel || ':' || n, 'p_' || to_hex(n), jsonb_build_object('record_id', channel || ':' || n, 'identifiers',
  jsonb_build_array(jsonb_build_object('kind', kind, 'value', value)))
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint) - 1) AS n,
LATERAL (VALUES ('crm', 'phone', '+336' || lpad(n::text, 8, '0')), ('web', 'email', 'person' || n || '@load.example'),
  ('orders', 'loyalty_card', 'l-' || n)) AS held(channel, kind, value)
"""


def prepare(stores: Stores) -> Features:
    """The feature definitions, registered as the pipeline registers them."""
    store, views = open_feature_store(stores), feature_views("/lake")
    store.apply([PROFILE, *views.values(), *feature_services(views, published_purposes())])
    return open_features(stores)


def grow(engine: Engine, stores: Stores, features: Features, first: int, last: int) -> None:
    """Adds the people from `first` up to and without `last`."""
    with engine.begin() as connection:
        given = {"first": first, "last": last, "fields": list(_FIELDS)}
        connection.execute(text(_PROFILES), given)
        connection.execute(text(_IDENTIFIERS), given)
        connection.execute(text(_RECORDS), given)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE profiles, identifiers, records"))
    if first == 0:
        _decide(engine, min(last, DECIDED))
    with Redis.from_url(stores.redis_url) as client:
        patterns = _patterns(features, client)
        for start in range(first, last, CHUNK):
            pipeline = client.pipeline(transaction=False)
            for number in range(start, min(start + CHUNK, last)):
                pipeline.hset(online_key(f"p_{number:x}"), mapping=patterns[number % PATTERNS])
            pipeline.execute()


def _decide(engine: Engine, people: int) -> None:
    now = datetime.now(UTC)
    given = [
        ledger.Entry(
            identifier=Identifier("email", f"person{number}@load.example"),
            purpose=purpose,
            state=ConsentState.GIVEN if number % 3 else ConsentState.WITHDRAWN,
            decided_at=now - timedelta(days=number % 300 + 1),
            channel="load",
            decided_through="web",
            method=next(iter(Method)),
            recorded_by="load",
        )
        for number in range(people)
        for purpose in ("personalisation", "marketing_email")
    ]
    with engine.begin() as connection:
        ledger.append(connection, given, now)


def _patterns(features: Features, client: Redis) -> list[dict[Any, Any]]:
    """What Feast itself writes for a few people; the others get a copy of one of these."""
    draw, now = random.Random(7), datetime.now(UTC)
    values: dict[str, Callable[[], Any]] = {
        "whole": lambda: draw.randrange(100),
        "number": lambda: round(draw.uniform(1, 5_000), 2),
        "text": lambda: draw.choice(["chat", "web", "call_centre", "orders"]),
        "flag": lambda: draw.random() < 0.1,
        "instant": lambda: now - timedelta(hours=draw.randrange(1, 2_000)),
    }
    found = []
    for _ in range(PATTERNS):
        rows = {view: {name: values[what.type]() for name, what in held.items()} for view, held in VIEWS.items()}
        features.write("pattern", rows, now)
        found.append(dict(client.hgetall(online_key("pattern"))))  # type: ignore[arg-type]  # redis types both its clients
        client.delete(online_key("pattern"))
    return found
