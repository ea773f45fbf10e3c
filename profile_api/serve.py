"""Serves what the pipeline published: `python -m profile_api.serve`. Ctrl-C ends all that it started."""

import argparse
import signal
from datetime import UTC, datetime
from types import FrameType

from consent.oddities import published_oddities
from consent.seals import sealing
from consent.watching import watching
from contracts.settings import MissingSecret, Settings, settings
from contracts.sources import load_sources
from feature_repo.served import serve_features
from profile_api.demo_tokens import print_invitation
from profile_api.keys import NoIssuer, accepted_keys
from profile_api.live.erased import guard_of
from profile_api.live.projector import projecting
from profile_api.logs import configure_logs
from profile_api.service_stores import NotTheService, service_stores
from profile_api.telemetry import Overdue
from profile_api.webhooks.worker import delivering
from profile_api.workers import connections_each, run_workers
from stores.embedded import open_stores
from stores.postgres import NotTheOwner, open_engine


def serve(chosen: Settings, host: str, port: int, workers: int) -> None:
    """Starts the stores that need starting, migrates, and serves until a signal ends it.

    Workers answer requests. What follows from them (live events shown, webhooks, the seal of the audit) is this
    process's, so that nobody who asks waits for it.
    """
    accepted_keys(chosen)  # says at once what is missing, before any store starts
    secret = chosen.audit_secret
    signal.signal(signal.SIGTERM, _leave)
    with open_stores(chosen) as opened:
        chosen, stores = service_stores(chosen, opened)
        engine = open_engine(stores.database_url)
        chosen = chosen.model_copy(update={"pool": connections_each(engine, workers, chosen.pool)})
        features = serve_features(stores, chosen.lake_uri)
        try:
            sources = load_sources(chosen)
            key = guard_of(chosen, sources).key
            overdue = Overdue(engine, lambda: datetime.now(UTC))

            def invite() -> None:
                if chosen.demo and not chosen.jwks_url:
                    print_invitation(chosen, engine, f"http://{host}:{port}")

            with (
                sealing(engine, secret, lambda: datetime.now(UTC)),
                watching(engine, published_oddities(), lambda: datetime.now(UTC)),
                delivering(engine, chosen.demo),
                projecting(engine, sources, features.features, key=key),
            ):
                run_workers(chosen, stores, host, port, workers, overdue, invite)
        except KeyboardInterrupt:
            pass  # before the workers were there; the stores are stopped on the way out
        engine.dispose()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m profile_api.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, help="processes that serve")
    arguments = parser.parse_args()
    configure_logs()
    try:
        serve(settings(), arguments.host, arguments.port, max(1, arguments.workers))
    except (NoIssuer, MissingSecret, NotTheService, NotTheOwner) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
