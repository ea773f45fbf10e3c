"""A copy of the tombstones in a file outside the stores, so that a restored backup lacks none.

One JSON line each, append-only. Keep the file on another disk than the stores and their backups
(OCV_TOMBSTONES_FILE); it holds keyed digests and no personal data.
"""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from contracts.pseudonyms import reference_key
from contracts.settings import Settings


class UnreadableTombstones(RuntimeError):
    """The file exists but is not a list of tombstones."""


def keep(file: Path, digests: Iterable[str], erasure_id: str, at: datetime) -> None:
    """Adds the tombstones of an erasure that the file lacks, before anything is erased; on disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        known = kept(file) if file.exists() else {}
        lines = [
            json.dumps({"tombstone": one, "erasure_id": erasure_id, "at": at.isoformat()}) + "\n"
            for one in sorted(set(digests) - known.keys())
        ]
        with file.open("a", encoding="utf-8") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())


def require_key(settings: Settings) -> None:
    """Raises NoKey if people were erased and there is no key to recognise them, before a job starts anything."""
    file = settings.kept_tombstones
    if file.exists() and file.stat().st_size:
        reference_key(settings)


def kept(file: Path) -> dict[str, tuple[str, datetime]]:
    """Each tombstone of the file with its erasure and when it was; raises UnreadableTombstones."""
    found = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            found[str(entry["tombstone"])] = str(entry["erasure_id"]), datetime.fromisoformat(entry["at"])
        except (ValueError, KeyError, TypeError):
            raise UnreadableTombstones(
                f"{file}: expected one tombstone a line, found something else in line {number}; mend it or replace it"
            ) from None
    return found
