"""Searches the audit for odd reading in a thread of the service, and stores alerts for the privacy officer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Event

import structlog
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from consent.beside import beside
from consent.model import Role
from consent.oddities import Oddity, OddityRules, Read, odd
from contracts.names import fold
from stores.schema import audit, audit_seals, profiles, reading_alerts

LOOKS_BACK = timedelta(days=1)
EVERY = 60.0
"""Seconds between two searches."""
STAFF = (Role.ADVISOR.value, Role.STEWARD.value, Role.PRIVACY_OFFICER.value)
"""Bots are left out since they read whoever writes to them, and customers since they read themselves."""

UNSEEN = {"reviewed_at": None, "reviewed_by": None, "outcome": None}

log = structlog.get_logger()


def watch(connection: Connection, rules: OddityRules, now: datetime) -> list[Oddity]:
    """Stores what was odd in the last day, once per rule, reader and day; returns new alerts.

    An alert that grows after its review has to be reviewed again.
    """
    found, of, new = odd(reads_since(connection, now - LOOKS_BACK), rules), reading_alerts.c, []
    for one in found:
        values = {"people": one.people, "first_at": one.first_at, "last_at": one.last_at}
        row = {"rule": one.rule.value, "actor": one.actor, "role": one.role, "day": one.day, "at": now} | values
        kept = upsert(reading_alerts).values(row)
        kept = kept.on_conflict_do_update(
            index_elements=[of.rule, of.actor, of.day], set_=values | UNSEEN, where=of.people < kept.excluded.people
        )
        if connection.scalar(kept.returning(of.at)) == now:
            new.append(one)
    return new


def reads_since(connection: Connection, since: datetime) -> list[Read]:
    """The reads by staff since then, with the people's places and family names."""
    before = select(func.coalesce(func.max(audit_seals.c.last_id), 0)).where(audit_seals.c.sealed_at < since)
    of, document = audit.c, profiles.c.document
    rows = connection.execute(
        select(of.at, of.actor, of.role, of.profile_id, of.decision["reference"].astext, document["fields"])
        .join(profiles, profiles.c.profile_id == of.profile_id, isouter=True)
        .where(of.audit_id > before.scalar_subquery(), of.at >= since, of.role.in_(STAFF))
        .where(of.profile_id.is_not(None), of.outcome == "answered")
    )
    found = []
    for at, actor, role, profile_id, reference, fields in rows:
        values = {one["field"]: one["value"] for one in fields or [] if one.get("value")}
        town = values.get("postcode") or values.get("city")
        place = f"{fold(values['street'])} {fold(town)}" if values.get("street") and town else None
        street = place.lstrip("0123456789 ") if place else None
        found.append(Read(at, actor, role, profile_id, reference, street, values.get("family_name")))
    return found


def alerts_since(connection: Connection, since: datetime) -> int:
    """How many were raised since then and not reviewed; for the metric of that name."""
    of = reading_alerts.c
    query = select(func.count()).select_from(reading_alerts).where(of.at >= since, of.reviewed_at.is_(None))
    return int(connection.execute(query).scalar_one())


@contextmanager
def watching(engine: Engine, rules: OddityRules, clock: Callable[[], datetime]) -> Iterator[None]:
    """Searches every minute in its own thread, until the end."""
    with beside("watcher", partial(_run, engine, rules, clock)):
        yield


def _run(engine: Engine, rules: OddityRules, clock: Callable[[], datetime], stop: Event) -> None:
    while not stop.wait(EVERY):
        try:
            with engine.begin() as connection:
                for one in watch(connection, rules, clock()):
                    log.warning("odd reading", rule=one.rule.value, people=one.people)
        except SQLAlchemyError as error:
            log.error("odd reading not looked for", error=type(error).__name__)
