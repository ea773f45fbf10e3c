"""How a caller is found among the records, and how often somebody tried."""

from sqlalchemy import Column, Integer, Table, Text

from stores.schema.base import Instant, metadata

# Under which keys a record is found: identity.matching.caller_keys. A trigger on `records` removes the keys of what
# goes. Collation C: keys are only ever compared for equality, and sort several times faster so.
record_keys = Table(
    "record_keys",
    metadata,
    Column("key", Text(collation="C"), primary_key=True),
    Column("record_id", Text, primary_key=True, index=True),
)

# Tries to find out who is calling, in a window: a call (its digest) or an hour of an actor. Holds nothing of what was
# said. `salt` makes the names of candidates that this call alone understands.
call_tries = Table(
    "call_tries",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("window", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("salt", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)
