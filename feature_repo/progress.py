"""The online store's progress: up to which version each gold table was written.

It is stored in the online store itself, so that both are lost together.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from redis import Redis

ENTRY = re.compile(r"\d{20}")


@dataclass(frozen=True)
class ReadPosition:
    """A version of one Delta table, under one set of definitions; a rebuilt table has another id."""

    table_id: str
    version: int
    definitions: str


def position_in_log(table: str, definitions: str) -> ReadPosition | None:
    """The table's position from its log, without a JVM; None if it is not in a local folder, or not in the log."""
    log = Path(table, "_delta_log")
    entries = [] if "://" in table else sorted(file for file in log.glob("*.json") if ENTRY.fullmatch(file.stem))
    if not entries:
        return None
    # The first entry holds the table's id: that of its creation, or of its purge.
    actions = [json.loads(line) for line in entries[0].read_text(encoding="utf-8").splitlines()]
    ids = [action["metaData"]["id"] for action in actions if "metaData" in action]
    return ReadPosition(ids[0], int(entries[-1].stem), definitions) if ids else None


def reached(client: Redis, view: str) -> ReadPosition | None:
    """The position that the online store has reached, None before the first time."""
    found = client.get(_key(view))
    return ReadPosition(**json.loads(str(found, "utf-8"))) if isinstance(found, bytes) else None


def remember(client: Redis, view: str, position: ReadPosition) -> None:
    """Records a position; call it after the rows are written."""
    client.set(_key(view), json.dumps(asdict(position)))


def _key(view: str) -> str:
    return f"materialised:{view}"
