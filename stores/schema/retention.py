"""What retention keeps of its own: records that are held back from it, and what each run took out."""

from sqlalchemy import Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from stores.schema.base import Instant, metadata

# Records that an officer holds: neither retention nor an erasure takes them, or whoever has one, while `lifted_at` is
# null. The reasons are free text of officers: they go with the records.
legal_holds = Table(
    "legal_holds",
    metadata,
    Column("hold_id", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", Text),
    Column("lifted_because", Text),
)
Index("ix_legal_holds_standing", legal_holds.c.record_id, postgresql_where=legal_holds.c.lifted_at.is_(None))

# A run of retention: which steps are done with what each found, and its certificate; numbers and names of tables alone.
retention_runs = Table(
    "retention_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("as_of", Instant, nullable=False),
    Column("steps", JSONB, nullable=False),
    Column("certificate", JSONB),
)
