"""Invites to a demonstration: the page, a token for each role, and a line for the shell that works at once."""

import argparse
import json
from datetime import UTC, datetime

from rich.console import Console
from sqlalchemy import Engine

from consent.model import Role
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from contracts.settings import Settings, settings
from contracts.sources import DEMO_SOURCE, DemoKeys, demo_keys, user_hash
from profile_api.http.keys import demo_issuer
from profile_api.http.queries import profile_of, somebody_alone
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine

PURPOSES = {
    Role.ADVISOR: "service",
    Role.BOT: "service",
    Role.PRIVACY_OFFICER: "privacy_rights",
    Role.STEWARD: "identity_resolution",
}


OWN = ("", "/consents", "/retention")
"""What the invitation shows of the customer's own view, below their profile."""

DEMO_CASE = "letter-2024-17"
"""The case that staff of the demonstration work on; any number of a case will do."""


def print_invitation(chosen: Settings, engine: Engine, address: str, console: Console | None = None) -> None:
    """Prints the invitation for the demo at `address`; raises NoIssuer outside demo mode."""
    issuer, screen = demo_issuer(chosen), console or Console()
    with engine.connect() as connection:
        somebody = somebody_alone(connection)
        profile_id = profile_of(connection, somebody) if somebody else ""
    screen.print(f"\n[bold]Advisor page[/bold]  {address}/advisor\n")
    for role, purpose in PURPOSES.items():
        token = issuer.token(role, datetime.now(UTC))
        screen.print(f"[bold]{role.value.replace('_', ' ').capitalize()}[/bold] token, good for 12 hours")
        screen.print(token, soft_wrap=True, markup=False, highlight=False)
        if somebody:
            screen.print(_curl(address, token, purpose, somebody), soft_wrap=True, markup=False, highlight=False)
        screen.print()
    if somebody:
        # Bound to what the issuer knows the customer by, and not to an id that may become another's (decision 0027).
        token = issuer.token(Role.CUSTOMER, datetime.now(UTC), identifier=somebody)
        screen.print("[bold]Customer[/bold] token of that person, good for 12 hours: what they see of themselves")
        screen.print(token, soft_wrap=True, markup=False, highlight=False)
        for part in OWN:
            line = _own_curl(address, token, f"{profile_id}{part}")
            screen.print(line, soft_wrap=True, markup=False, highlight=False)
        screen.print()
    if chosen.sources_file is None:
        _print_keys(demo_keys(chosen), address, screen)
    if somebody is None:
        screen.print("No profile has been published yet: run `make pipeline` first.\n")


def _print_keys(keys: DemoKeys, address: str, screen: Console) -> None:
    lines = [
        "[bold]Browser key[/bold] of the live source " + DEMO_SOURCE + ": what it says of a person is a claim",
        keys.browser,
        "[bold]Server key[/bold]: what it says is known; it stays on your servers",
        keys.server,
        "[bold]User secret[/bold]: your server signs a userId with it, and the browser sends that as context.userHash",
        keys.user_secret,
    ]
    for line in lines:
        screen.print(line, soft_wrap=True, highlight=False)
    screen.print(_event_curl(address, keys), soft_wrap=True, markup=False, highlight=False)
    screen.print()


def _event_curl(address: str, keys: DemoKeys) -> str:
    user, signature = "u-2048", user_hash(keys.user_secret, "u-2048").decode()
    body = {"type": "page", "name": "Lamps", "userId": user, "context": {"userHash": signature}}
    return f"curl -s {address}/v1/events -u {keys.browser}: -H 'Content-Type: application/json' -d '{json.dumps(body)}'"


def _curl(address: str, token: str, purpose: str, identifier: Identifier) -> str:
    case = f"-H 'Case-Reference: {DEMO_CASE}' " if published_purposes()[purpose].needs_reference else ""
    body = json.dumps({"kind": identifier.kind, "value": identifier.value}, ensure_ascii=False).replace("'", "'\\''")
    return (
        f"curl -s {address}/v1/profiles/lookup -H 'Authorization: Bearer {token}' -H 'Purpose: {purpose}' "
        f"{case}-H 'Content-Type: application/json' -d '{body}'"
    )


def _own_curl(address: str, token: str, path: str) -> str:
    purpose = "privacy_rights" if path.endswith("/retention") else "service"
    return f"curl -s {address}/v1/profiles/{path} -H 'Authorization: Bearer {token}' -H 'Purpose: {purpose}'"


def main() -> None:
    """Prints the invitation for a service on this machine."""
    parser = argparse.ArgumentParser(prog="python -m profile_api.http.demo_tokens", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="where it serves")
    given, chosen = parser.parse_args(), settings()
    with open_stores(chosen) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        print_invitation(chosen, engine, f"http://127.0.0.1:{given.port}")
        engine.dispose()


if __name__ == "__main__":
    main()
