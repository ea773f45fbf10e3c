"""Sends messages as a source would, without a server, and projects them."""

import json
from datetime import datetime
from itertools import count
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, insert, select

from contracts.sources import Sender, Source, Sources, user_hash
from read_model.live.erased import Guard
from read_model.live.inbox import Inbox
from read_model.live.messages import Arrival, sort_messages
from read_model.live.projection import project, waiting
from stores.schema import identifiers, profiles, records, redirects, timeline

SECRET = "a-secret-of-the-site-that-nobody-else-has"
APP = Source(
    name="app",
    browser_key_sha256="b" * 64,
    server_key_sha256="0" * 64,
    user_secret=SecretStr(SECRET),
    region="FR",
    properties={"plan": "behaviour"},
    consent={"ads": ["personalisation"]},
)
SHOP = Source(name="shop", browser_key_sha256="c" * 64, server_key_sha256="1" * 64, region="FR")
SOURCES = Sources([APP, SHOP])
_numbers = count()


def accept(
    engine: Engine,
    now: datetime,
    *messages: dict[str, Any],
    source: Source = APP,
    gpc: bool = False,
    server: bool = True,
    key: bytes | None = None,
    among: Sources | None = None,
) -> int:
    """Keeps messages, of a server or else of a browser; returns how many were new."""
    raws: list[Any] = [
        json.dumps({"type": "track", "event": "Cart Viewed", "messageId": f"m{next(_numbers)}"} | one).encode()
        for one in messages
    ]
    found = sort_messages(raws, Arrival(Sender(source, server), now, gpc))
    assert not found.refused, found.refused
    box = Inbox(engine, Guard(key, among or SOURCES))
    new = box.keep(found).result(timeout=20)
    box.close()
    return len(new)


def signed(user: str, **more: Any) -> dict[str, Any]:
    """A message of a browser whose user the site's server has signed."""
    return {"userId": user, "context": {"userHash": user_hash(SECRET, user).decode()} | more.pop("context", {})} | more


def project_all(engine: Engine, now: datetime, many: int = 200, key: bytes | None = None) -> int:
    """Projects until nothing waits; returns how many messages were."""
    done = 0
    while True:
        with engine.begin() as connection:
            rows = waiting(connection, many)
            if not rows:
                return done
            done += project(connection, rows, SOURCES, now, key).taken


def owner(engine: Engine, record_id: str) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(select(records.c.profile_id).where(records.c.record_id == record_id)))


def events_of(engine: Engine, profile_id: str) -> list[str]:
    with engine.connect() as connection:
        query = select(timeline.c.document["type"].astext).where(timeline.c.profile_id == profile_id)
        return list(connection.scalars(query.order_by(timeline.c.occurred_at, timeline.c.event_id)))


def redirect(engine: Engine, old_id: str) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(select(redirects.c.profile_id).where(redirects.c.old_id == old_id))


def batch_record(engine: Engine, record_id: str, profile_id: str, **said: Any) -> None:
    """A record of the batch with a profile of its own; `said` holds identifiers by kind, `given` and `born`."""
    held = [{"kind": kind, "value": value} for kind, value in said.items() if kind not in ("given", "born", "verified")]
    names = "middle_name family_name gender birth_year birth_typed street unit city postcode state country language"
    document = dict.fromkeys([*names.split(), "customer_since"]) | {
        "record_id": record_id,
        "channel": record_id.partition(":")[0],
        "source_key": record_id.partition(":")[2],
        "observed_at": "2024-01-01T00:00:00Z",
        "given_name": said.get("given"),
        "birth_date": said.get("born"),
        "identifiers": held,
        "verified": said.get("verified", []),
        "attributes": {},
        "categories": {"given_name": "identity", "birth_date": "identity"}
        | {f"identifier.{one['kind']}": "contact" for one in held},
        "issues": [],
    }
    with engine.begin() as connection:
        connection.execute(insert(records).values(record_id=record_id, profile_id=profile_id, document=document))
        whole = {"fields": [], "identifiers": [one | {"category": "contact"} for one in held], "records": [record_id]}
        found = connection.scalar(select(profiles.c.profile_id).where(profiles.c.profile_id == profile_id))
        if found is None:
            connection.execute(
                insert(profiles).values(
                    profile_id=profile_id, version=1, document=whole, updated_at=datetime(2024, 1, 1)
                )
            )
        for one in held:
            connection.execute(insert(identifiers).values(profile_id=profile_id, **one))
