"""Training tables that were handed out: `python -m consent.extracted`. Lists them, and the rows to delete from each.

`--recall` first recalls the rows of everybody for whom a table's purpose is not permitted any more, as the pipeline
does at its end; run it once a day for consents that have ended. `--destroyed ID` notes that a table is gone.
"""

import argparse
import json
from datetime import UTC, datetime

from contracts.settings import settings
from profile_api.webhooks.recalls import end, handed_out, recall_refused
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine


def main(args: list[str] | None = None) -> None:
    """Prints one line of JSON a table."""
    parser = argparse.ArgumentParser(prog="python -m consent.extracted", description=__doc__)
    parser.add_argument("--recall", action="store_true", help="recall what is not permitted any more")
    parser.add_argument("--destroyed", metavar="ID", help="the table of this id is destroyed")
    given = parser.parse_args(args)
    with open_stores(settings()) as stores:
        engine, now = open_engine(stores.database_url), datetime.now(UTC)
        migrate(engine)
        with engine.begin() as connection:
            if given.destroyed and not end(connection, given.destroyed, now):
                raise SystemExit("expected the id of a table that was handed out and not destroyed, found another")
            if given.recall:
                recall_refused(connection, now)
            for one in handed_out(connection):
                print(json.dumps(one, default=str))
        engine.dispose()


if __name__ == "__main__":
    main()
