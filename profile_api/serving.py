"""Holds the stores and does what follows from answers, while workers answer; see `profile_api.serve`."""

import signal
from datetime import UTC, datetime
from types import FrameType

from consent.oddities import published_oddities
from consent.seals import check_key, sealing
from consent.watching import watching
from contracts.settings import MissingSecret, Settings, settings
from contracts.sources import load_sources
from engagement.zones.rule_file import BadRules
from feature_repo.served import serve_features
from profile_api.engagement.installed import installed_rules
from profile_api.handoffs.lapsing import lapsing
from profile_api.http.demo_tokens import print_invitation
from profile_api.http.keys import NoIssuer, accepted_keys
from profile_api.http.logs import configure_logs
from profile_api.http.service_stores import NotTheService, service_stores
from profile_api.http.telemetry import Overdue
from profile_api.webhooks.worker import delivering
from profile_api.workers import connections_each, run_workers
from read_model.live.erased import guard_of
from read_model.live.projector import projecting
from stores.embedded import open_stores
from stores.postgres import NotTheOwner, open_engine


def serve(host: str, port: int, workers: int) -> None:
    """Serves by the settings; ends with one line where something is missing."""
    configure_logs()
    try:
        _serve(settings(), host, port, workers)
    except (BadRules, NoIssuer, MissingSecret, NotTheService, NotTheOwner) as error:
        raise SystemExit(str(error)) from error


def _serve(chosen: Settings, host: str, port: int, workers: int) -> None:
    """Starts the stores that need starting, migrates, and serves until a signal ends it.

    Workers answer requests. What follows from them (live events shown, webhooks, overdue hand-offs, the seal of the
    audit) is this process's, so that nobody who asks waits for it.
    """
    accepted_keys(chosen)  # says at once what is missing, before any store starts
    installed_rules(chosen)
    secret = chosen.audit_secret
    signal.signal(signal.SIGTERM, _leave)
    with open_stores(chosen) as opened:
        chosen, stores = service_stores(chosen, opened)
        engine = open_engine(stores.database_url)
        chosen = chosen.model_copy(update={"pool": connections_each(engine, workers, chosen.pool)})
        with engine.connect() as connection:
            check_key(connection, secret)
        features = serve_features(stores)
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
                lapsing(engine, lambda: datetime.now(UTC)),
                projecting(engine, sources, features.features, key=key),
            ):
                run_workers(chosen, stores, host, port, workers, overdue, invite)
        except KeyboardInterrupt:
            pass  # before the workers were there; the stores are stopped on the way out
        engine.dispose()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
