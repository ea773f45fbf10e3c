"""Brings the online store up to the lake's feature tables, writing only what changed; run it as a process of its own.

Where nothing changed it starts no JVM and loads no Feast.
"""

import argparse
import hashlib
import json

from redis import Redis

from consent.purposes import published_purposes
from contracts.settings import Settings, settings
from feature_repo.catalogue import LAKE_VIEWS, PURPOSES, VERSION, VIEWS, features_of
from feature_repo.progress import position_in_log, reached
from stores.embedded import Stores
from stores.taking_turns import batch_job


def definitions() -> str:
    """A digest of everything that determines what is stored and who may see it; a change means to write everything."""
    purposes = published_purposes()
    described = {
        "version": VERSION,
        "views": {
            view: {name: [what.type, what.category] for name, what in found.items()} for view, found in VIEWS.items()
        },
        "services": {name: features_of(purposes[name]) for name in PURPOSES},
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def materialise(config: Settings, stores: Stores, lake: str) -> dict[str, int]:
    """How many feature rows were written, and how many profiles were deleted, online."""
    wanted = definitions()
    with Redis.from_url(stores.redis_url) as client:
        behind = {}
        for view in LAKE_VIEWS:
            position = reached(client, view)
            if position is None or position != position_in_log(f"{lake}/gold/{view}", wanted):
                behind[view] = position
        if not behind:
            return {"written": 0, "deleted": 0}
        from feature_repo.catching_up import catch_up  # Spark and Feast take seconds to load

        return catch_up(config, stores, client, lake, behind, wanted)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    given = parser.parse_args(args)
    with batch_job(settings()) as stores:
        print(json.dumps(materialise(settings(), stores, given.lake)))


if __name__ == "__main__":
    main()
