"""Training tables that were handed out, whose rows they hold, and which rows are to be deleted since."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema.base import Instant, metadata

# `manifest` is what lies beside the file; `file` is its name. `ended_at`: whoever holds it has said that it is gone.
extracts = Table(
    "extracts",
    metadata,
    Column("extract_id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("extracted_at", Instant, nullable=False),
    Column("file", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("manifest", JSONB, nullable=False),
    Column("ended_at", Instant),
)

# `person` is the keyed reference that stands in the table in place of the id.
extract_members = Table(
    "extract_members",
    metadata,
    Column("extract_id", Text, ForeignKey("extracts.extract_id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("profile_id", Text, nullable=False),
)
Index("ix_extract_members_profile_id", extract_members.c.profile_id)

# Rows that may not be used any more: by their reference, which leads to nobody without the table and the key.
extract_recalls = Table(
    "extract_recalls",
    metadata,
    Column("extract_id", Text, ForeignKey("extracts.extract_id"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
