"""Erases people from PostgreSQL alone, as the command does."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, insert, text

from consent.tombstones.digests import bury
from erasure.lake.rows import without_names
from erasure.operational import live, owners
from erasure.operational import rows as operational
from erasure.operational.bystanders import Naming, add_bystanders
from erasure.people.personal_values import PersonalValues
from erasure.people.refused import Theirs
from erasure.people.subject import Subject
from read_model.rebuild import rebuild
from stores import schema
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import SOURCES, owner

CHANNELS = SOURCES.channels()
EARLIER = NOW - timedelta(hours=2)


def erase(engine: Engine, record_id: str, key: bytes | None = None) -> Subject:
    """Erases the person of a record, without the lake; with a `key` they are kept out from then on."""
    profile_id = owner(engine, record_id)
    subject, erasure_id = Subject(people=1, profiles={profile_id}), f"e-{uuid4().hex}"
    with engine.begin() as connection:
        subject.records = owners.records_of(connection, [profile_id])
        subject.records |= live.visitors_of(connection, subject.records)
        said = PersonalValues()
        live.complete(connection, subject, said, CHANNELS, NOW)
        held = operational.complete(connection, subject, said.identifiers)
        subject.identifiers -= held
        add_bystanders(connection, subject, Naming(subject, CHANNELS))
        if key:
            bury(connection, subject.tombstones(key), "e_1", NOW)
        connection.execute(insert(schema.erasures).values(erasure_id=erasure_id, started_at=NOW, requests=[]))
        operational.erase(connection, subject, Theirs(subject), CHANNELS, without_names, rebuild, NOW, erasure_id)
    return subject


def rows(engine: Engine, table: str) -> dict[str, dict[str, Any]]:
    """Every row of a table as JSON, by its text."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT t::text, to_jsonb(t) FROM {table} t"))
        return dict(found.all())
