"""Training tables that were handed out: `python -m spark_jobs.extracted`. Lists them, and the rows to delete from each.

`--recall` first recalls the rows of everybody for whom a table's purpose is not permitted any more, as the pipeline
does at its end; run it once a day for consents that have ended. `--destroyed ID` notes that a table is gone.
"""

import argparse
import json
from datetime import UTC, datetime

from contracts.settings import settings
from read_model.outbox.recalls import end, handed_out, recall_refused
from stores.embedded import open_stores
from stores.postgres import migrated


def main(args: list[str] | None = None) -> None:
    """Prints one line of JSON a table."""
    parser = argparse.ArgumentParser(prog="python -m spark_jobs.extracted", description=__doc__)
    parser.add_argument("--recall", action="store_true", help="recall what is not permitted any more")
    parser.add_argument("--destroyed", metavar="ID", help="the table of this id is destroyed")
    given = parser.parse_args(args)
    now = datetime.now(UTC)
    with (
        open_stores(settings()) as stores,
        migrated(stores.database_url) as engine,
        engine.begin() as connection,
    ):
        if given.destroyed and not end(connection, given.destroyed, now):
            raise SystemExit("expected the id of a table that was handed out and not destroyed, found another")
        if given.recall:
            recall_refused(connection, now)
        for one in handed_out(connection):
            print(json.dumps(one, default=str))


if __name__ == "__main__":
    main()
