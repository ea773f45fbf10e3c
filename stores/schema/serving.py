"""What the publish job writes and the gate reads: profiles, their identifiers, redirects and timelines."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from stores.schema.base import Instant, metadata

# document = {"fields": [{field, value, category, record_id, channel, observed_at, rule, losing: [...]}],
#             "identifiers": [{kind, value, category}], "records": [...], "first_seen", "last_seen"}
# Instants inside documents are ISO 8601 in UTC. `version` counts every change of the document, the timeline or the
# features, and is told to nobody: `counts` has the changes by data category, from `base` on, so that an answer tells of
# what it may show alone. `changed` are the categories of the newest change. A trigger counts changes of the document.
profiles = Table(
    "profiles",
    metadata,
    Column("profile_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("changed", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
)

# Merged-away ids, each resolved to the surviving id when it is written.
redirects = Table(
    "redirects",
    metadata,
    Column("old_id", Text, primary_key=True),
    Column("profile_id", Text, nullable=False, index=True),
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("profile_id", Text, primary_key=True, index=True),
)

# document = {channel, type, intent, amount, properties: {name: text}, categories: {key: category}}
# with the category keys type, intent, amount and property.<name>. `record_id` and `identifiers` ([{kind, value}]) say
# whose it is, so that it can follow when identities change; they are never shown. An event without a profile is on
# nobody's timeline: nobody, or several people, could have caused it.
timeline = Table(
    "timeline",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("profile_id", Text),
    Column("occurred_at", Instant, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("record_id", Text),
    Column("identifiers", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
)
Index("ix_timeline_newest_first", timeline.c.profile_id, timeline.c.occurred_at.desc(), timeline.c.event_id)
Index(
    "ix_timeline_identifiers",
    timeline.c.identifiers,
    postgresql_using="gin",
    postgresql_ops={"identifiers": "jsonb_path_ops"},
    postgresql_where=timeline.c.record_id.is_(None),
)

# Up to which version of a lake table the publish job has come.
publish_progress = Table(
    "publish_progress",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("delta_version", BigInteger, nullable=False),
)
