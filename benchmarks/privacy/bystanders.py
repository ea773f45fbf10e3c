"""Whether everybody else is as they were: every row of PostgreSQL before and after, without the product's own words."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from benchmarks.privacy.sample import Sample
from stores.embedded import open_stores
from stores.postgres import open_engine

KEYS = ("record_id", "left_id", "right_id", "profile_id", "old_id", "other_id", "event_id", "message_id")
PROOF = frozenset({"erasures", "erasure_steps", "erasure_attempts", "tombstones", "publish_progress", "audit_seals"})
"""Tables in which an erasure itself writes."""
COUNTED = frozenset({"privacy_requests", "privacy_request_events", "privacy_request_notes", "audit", "models"})
"""Tables whose rows about erased people stay without them."""

Rows = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Everything:
    """All rows, by table and by what they were."""

    rows: Rows

    @classmethod
    def of(cls, sample: Sample) -> "Everything":
        with open_stores(sample.settings) as stores:
            engine = open_engine(stores.database_url)
            with engine.connect() as connection:
                listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
                names = [name for name in connection.scalars(text(listed)) if name not in PROOF | COUNTED]
                rows: Rows = {}
                for name in names:
                    found = connection.execute(text(f"SELECT t::text, to_jsonb(t) FROM {name} t"))
                    rows[name] = {row: document for row, document in found}
            engine.dispose()
        return cls(rows)

    def changed(self, after: "Everything", records: Collection[str], profiles: Collection[str]) -> dict[str, int]:
        """Rows of others that are gone or otherwise, by table and the columns that changed; a row is theirs if one of
        its keys names them, and a visitor's record if they signed in first on its device."""
        theirs = {*records, *profiles, *self._visitors(records)}
        events = {
            row["event_id"]
            for row in self.rows["timeline"].values()
            if row["record_id"] in theirs or row["profile_id"] in theirs
        }
        found = Counter[str]()
        for table, rows in self.rows.items():
            new = [row for name, row in after.rows[table].items() if name not in rows]
            gone = [row for name, row in rows.items() if name not in after.rows[table]]
            lost = [row for row in gone if not _is_of(row, theirs | events)]
            found.update(f"{table}: {_difference(row, new)}" for row in lost)
        return dict(found)

    def _visitors(self, records: Collection[str]) -> set[str]:
        """Visitors' records of devices on which one of these users signed in first; a visitor without a profile is in
        no profile's list of records."""
        known = {row["record_id"] for row in self.rows["records"].values()}
        return {
            row["record_id"]
            for row in self.rows["live_records"].values()
            if f"{row['source']}:{row['payload'].get('bound')}" in records and row["record_id"] not in known
        }


def _difference(row: dict[str, Any], new: list[dict[str, Any]]) -> str:
    """The names of the columns, or of the parts of a document, in which a row is otherwise now; `gone` if it is."""
    keys = [name for name in KEYS if name in row]
    for other in new:
        if keys and all(other[name] == row[name] for name in keys):
            flat, now = ({**one, **(one.get("payload") or {})} for one in (row, other))
            return ", ".join(sorted(name for name in flat if flat[name] != now.get(name) and name != "payload"))
    return "gone"


def _is_of(row: dict[str, Any], theirs: Collection[str]) -> bool:
    if any(row.get(key) in theirs for key in KEYS):
        return True
    if "principal" in row:  # a decision, by its identifier: pseudonymised where it was theirs alone
        return True
    named = row.get("records")
    return isinstance(named, list) and any(one in theirs for one in named)
