"""Decisions from the lake to the ledger: those that it does not hold yet, oldest first."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pyspark.sql import Row, SparkSession
from sqlalchemy import Engine, text

from consent.ledger import Entry, append_rows, as_row, contact_point_of
from consent.model import STATE_OF_WORD, ConsentState, Method
from contracts.consent_rows import LOOKED_AT, NOT_UNDERSTOOD
from contracts.identifiers import Identifier
from lake.tables import CONSENTS
from spark_jobs.publication import Publication, stage

AT_ONCE = 1_000
_IN_DOUBT = {
    NOT_UNDERSTOOD: (ConsentState.REFUSED, Method.NOT_UNDERSTOOD),
    LOOKED_AT: (ConsentState.UNKNOWN, Method.LOOKED_AT),
}
_NEW = text(
    "SELECT event FROM new_consents AS given WHERE NOT EXISTS"
    " (SELECT FROM consent_events AS known WHERE known.consent_id = given.event ->> 'consent_id') ORDER BY number"
)


def publish_consents(spark: SparkSession, engine: Engine, lake: str, now: datetime) -> dict[str, int]:
    """Appends new decisions, in a transaction of its own: who decides meanwhile waits for the ledger until it ends.

    It comes before the profiles, so that no profile is shown before what its person decided.
    """
    with engine.begin() as connection:
        publication = Publication(spark, lake, CONSENTS, connection)
        if not publication.pending:
            return {}
        rows = publication.rows().orderBy("decided_at", "consent_id").toLocalIterator(prefetchPartitions=True)
        stage(connection, "new_consents", "number bigint, event jsonb", _events(rows, now))
        publication.remember()
        new = connection.execute(_NEW, execution_options={"yield_per": AT_ONCE}).scalars()
        return {CONSENTS.name: sum(append_rows(connection, some) for some in new.partitions())}


def _events(rows: Iterable[Row], now: datetime) -> Iterator[tuple[int, str]]:
    """As the ledger takes them; what was not understood is a refusal, until somebody has looked."""
    for number, row in enumerate(rows):
        identifier = Identifier(row.identifier_kind, row.identifier)
        state, method = _IN_DOUBT.get(row.decision) or (
            STATE_OF_WORD.get(row.decision, ConsentState.UNKNOWN),
            Method.IMPORT,
        )
        entry = Entry(
            identifier=identifier,
            contact_point=contact_point_of(row.purpose, identifier),
            purpose=row.purpose,
            state=state,
            decided_at=row.decided_at.replace(tzinfo=UTC),
            notice_version=row.notice,
            channel=row.channel,
            decided_through=row.decided_through,
            method=method,
            recorded_by=row.channel,
            given_id=row.consent_id,
        )
        yield number, json.dumps(as_row(entry, now))
