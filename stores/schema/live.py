"""What arrives live: accepted messages until the lake has them, refused ones until somebody replays them."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema.base import Instant, metadata

# An accepted message, as it arrived. `sequence` is given when it is projected, in the order of the commits: a reader of
# a range of it misses nothing. `problem` says why a message could not be projected. `proof` is what it came with
# (contracts.assurance), `message_id` counts once within its sender, `record_id` the record it is projected into.
inbox = Table(
    "inbox",
    metadata,
    Column("inbox_id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("record_id", Text, nullable=False, index=True),
    Column("received_at", Instant, nullable=False),
    Column("item", JSONB, nullable=False),
    Column("gpc", Boolean, nullable=False),
    Column("proof", Text, nullable=False, server_default=text("'none'")),
    Column("sequence", BigInteger),
    Column("problem", Text),
)
Index("ux_inbox_message", inbox.c.source, inbox.c.message_id, unique=True)
Index("ix_inbox_waiting", inbox.c.inbox_id, postgresql_where=text("sequence IS NULL"))
Index("ix_inbox_sequence", inbox.c.sequence, postgresql_where=text("sequence IS NOT NULL"))

# Which messages came, kept or left out, so that a repetition is known as one whatever became of the message itself.
message_ids = Table(
    "message_ids",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("received_at", Instant, nullable=False, index=True),
)

# A message that was refused, byte by byte but without key and signature, with the reason; `is_server` says by which
# key it came, `is_signed` whether its user's signature was right.
inbox_quarantine = Table(
    "inbox_quarantine",
    metadata,
    Column("quarantine_id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("is_server", Boolean, nullable=False, server_default=text("false")),
    Column("is_signed", Boolean, nullable=False, server_default=text("false")),
    Column("received_at", Instant, nullable=False),
    Column("call", Text),
    Column("sent_at", Text),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("replayed_at", Instant),
)

# What a live source says of a person, put together from all its messages; `sequence` orders the versions.
live_records = Table(
    "live_records",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("sequence", BigInteger, nullable=False, index=True),
)

# Profiles whose online features are to be computed again; written with the change, deleted once they are written.
features_due = Table(
    "features_due",
    metadata,
    Column("due_id", BigInteger, Identity(always=True), primary_key=True),
    Column("profile_id", Text, nullable=False),
)
