"""Takes people out of PostgreSQL in one transaction, and tells whoever was told of them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from contracts.channel import Channel
from erasure.lake.rows import without_names
from erasure.operational.bystanders import Naming, add_bystanders
from erasure.operational.rows import Rebuild, erase
from erasure.people.refused import IsTheirs
from erasure.people.subject import Subject
from read_model.outbox.emitting import emit_all, known_as
from read_model.outbox.kinds import PROFILE_ERASED
from read_model.outbox.recalls import recall_of


def erase_serving(
    connection: Connection,
    subject: Subject,
    theirs: IsTheirs,
    channels: Mapping[str, Channel],
    rebuild: Rebuild,
    now: datetime,
    erasure_id: str,
) -> dict[str, int]:
    """Erases these people's rows, recalls training tables that have them, and tells subscribers; rows by table.

    The caller holds identities alone (`hold_identities`), and has made sure that none of their records is on hold.
    """
    add_bystanders(connection, subject, Naming(subject, channels))  # who came before the tombstones were stored
    ids = known_as(connection, subject.profiles)
    recall_of(connection, [*ids, *known_as(connection, subject.rebuilt)], "erased", now)
    found = erase(connection, subject, theirs, channels, without_names, rebuild, now, erasure_id)
    emit_all(connection, PROFILE_ERASED, [(one, {}) for one in ids], now)
    return found
