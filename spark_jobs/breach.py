"""Whose data did this reader, this system or this write key see, from when to when (Art. 33 and 34 GDPR).

`python -m spark_jobs.breach (--reader SUB | --subscription ID | --source NAME) --since INSTANT --until INSTANT
--case NUMBER [--out FILE]`, or `make breach-list`. Prints how many people and which categories of data, and writes a
line of JSON for each person. A write key shows nobody anything: of a source, the list names whose data came in through
it, and so may be forged.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection, insert, select

from consent.cuts import newest
from contracts.dates import parse_instant
from contracts.settings import settings
from spark_jobs.breach_sights import Sight
from stores.embedded import open_stores
from stores.postgres import migrated
from stores.schema import (
    audit,
    inbox,
    intakes,
    privacy_requests,
    profiles,
    records,
    redirects,
    timeline,
    webhook_deliveries,
    webhook_outbox,
    webhook_subscriptions,
)

ANSWERED = "answered"
GAVE = (ANSWERED, "identified", "listed")
"""Outcomes with which data left: an answer, who a caller is, and a line of a list."""


@dataclass
class Affected:
    """A person as far as the list knows them: by id alone. `held`: they are still here to be told."""

    profile_id: str
    first_at: datetime
    last_at: datetime
    held: bool
    times: int = 0
    purposes: set[str] = field(default_factory=set)
    categories: set[str] = field(default_factory=set)

    def line(self) -> dict[str, Any]:
        """As a line of the list."""
        of = {"profile_id": self.profile_id, "held": self.held, "times": self.times}
        of |= {"first_at": self.first_at.isoformat(), "last_at": self.last_at.isoformat()}
        return of | {"purposes": sorted(self.purposes), "categories": sorted(self.categories)}


def seen_by_reader(connection: Connection, reader: str, since: datetime, until: datetime) -> Iterator[Sight]:
    """What left for a reader, by the audit: a read without a row there gave nothing."""
    of = audit.c
    query = select(of.profile_id, of.at, of.purpose, of.decision).where(
        of.actor == reader, of.profile_id.is_not(None), of.outcome.in_(GAVE), of.at >= since, of.at <= until
    )
    for row in connection.execute(query.order_by(of.audit_id)):
        yield Sight(row.profile_id, row.at, row.purpose, frozenset(row.decision.get("allowed") or ()))


def told_to_system(connection: Connection, subscription_id: str, since: datetime, until: datetime) -> Iterator[Sight]:
    """What was delivered to a system; it may have been let in on the person's data by its own reads besides."""
    query = (
        select(webhook_outbox.c.profile_id, webhook_outbox.c.at, webhook_subscriptions.c.purpose)
        .join(webhook_deliveries, webhook_deliveries.c.sequence == webhook_outbox.c.sequence)
        .join(webhook_subscriptions, webhook_subscriptions.c.subscription_id == webhook_deliveries.c.subscription_id)
        .where(
            webhook_deliveries.c.subscription_id == subscription_id,
            webhook_deliveries.c.state == "delivered",
            webhook_outbox.c.at >= since,
            webhook_outbox.c.at <= until,
        )
    )
    for row in connection.execute(query):
        yield Sight(row.profile_id, row.at, row.purpose)
    yield from seen_by_reader(connection, f"webhook:{subscription_id}", since, until)


def sent_by_source(connection: Connection, source: str, since: datetime, until: datetime) -> Iterator[Sight]:
    """Whose events and records came in with a source's write key, as far as they are shown or wait to be."""
    of = timeline.c
    category = of.document["categories"]["type"].astext.label("category")
    shown = select(of.profile_id, of.event_id, of.occurred_at, category).where(
        of.document["channel"].astext == source,
        of.profile_id.is_not(None),
        of.occurred_at >= since,
        of.occurred_at <= until,
    )
    for row in connection.execute(shown):
        categories = frozenset([row.category] if row.category else ())
        yield Sight(row.profile_id, row.occurred_at, None, categories, row.event_id)
    waiting = (
        select(records.c.profile_id, inbox.c.message_id, inbox.c.received_at)
        .join(records, records.c.record_id == inbox.c.record_id)
        .where(inbox.c.source == source, inbox.c.received_at >= since, inbox.c.received_at <= until)
    )
    for row in connection.execute(waiting):
        yield Sight(row.profile_id, row.received_at, of=f"{source}:{row.message_id}")


def _in_lake(source: str, since: datetime, until: datetime) -> list[Sight]:
    from lake.session import spark_session
    from spark_jobs.breach_lake import arrived  # Spark takes seconds to load, and the other lists need none

    return list(arrived(spark_session(settings()), settings().lake_uri, source, since, until))


def affected(connection: Connection, sights: Iterable[Sight]) -> list[Affected]:
    """The people behind what was seen, each once, under the id that they have now; an unmatched intake by its own."""
    seen = list(sights)
    ids = {one.profile_id for one in seen}
    whose = (
        select(intakes.c.intake_id, privacy_requests.c.profile_id)
        .join(privacy_requests, privacy_requests.c.request_id == intakes.c.request_id)
        .where(intakes.c.intake_id.in_(ids))
    )
    asked = {intake: profile for intake, profile in connection.execute(whose)}
    ids |= set(asked.values())
    merged = select(redirects.c.old_id, redirects.c.profile_id).where(redirects.c.old_id.in_(ids))
    now = {old: new for old, new in connection.execute(merged)}
    current = ids | set(now.values())
    held = set(connection.scalars(select(profiles.c.profile_id).where(profiles.c.profile_id.in_(current))))
    found: dict[str, Affected] = {}
    counted: set[str] = set()
    for one in sorted(seen, key=lambda sight: sight.at):
        if one.of in counted:
            continue
        counted |= {one.of} if one.of else set()
        named = asked.get(one.profile_id, one.profile_id)
        id_ = now.get(named, named)
        person = found.setdefault(id_, Affected(id_, one.at, one.at, id_ in held))
        person.last_at, person.times = one.at, person.times + 1
        person.purposes |= {one.purpose} if one.purpose else set()
        person.categories |= one.categories
    return sorted(found.values(), key=lambda person: (person.first_at, person.profile_id))


def write_down(connection: Connection, action: str, case: str, people: int, now: datetime) -> None:
    """That the list was made is recorded as reads are."""
    told: dict[str, Any] = {
        "policy": action,
        "allowed": [],
        "withheld": {},
        "consent_event": None,
        "notice_version": None,
    }
    row = {"at": now, "actor": "consent.breach", "role": "privacy_officer", "purpose": "privacy_rights"}
    row |= {"action": action, "decision": told | {"reference": case, "people": people}, "outcome": ANSWERED}
    connection.execute(insert(audit).values(**row))


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text, "iso")
    except ValueError:
        wanted = "expected an instant such as 2026-05-01T08:00:00Z, found"
        raise argparse.ArgumentTypeError(f"{wanted} {'something else' if text.strip() else 'none'}") from None


def _number(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("expected the number of a case, found none")
    return text


LISTS = {"reader": seen_by_reader, "subscription": told_to_system, "source": sent_by_source}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Ends with one sentence for whoever typed `make breach-list`, and does not know the options behind it."""
        needed = "READER=SUB, SUBSCRIPTION=ID or SOURCE=NAME, and SINCE=INSTANT UNTIL=INSTANT CASE=NUMBER"
        self.exit(2, f"error: {message}; `make breach-list` needs {needed}\n")


def main(args: list[str] | None = None) -> None:
    """Prints the summary that Art. 33(3) asks for, and writes the list."""
    parser = _Parser(prog="python -m spark_jobs.breach", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--reader", help="`sub` of the token; of a customer `customer:PROFILE_ID`")
    which.add_argument("--subscription", help="id of a webhook subscription")
    which.add_argument("--source", help="live source whose write key it is")
    parser.add_argument("--since", required=True, type=_instant, help="ISO 8601, with a time zone")
    parser.add_argument("--until", required=True, type=_instant, help="ISO 8601, with a time zone")
    parser.add_argument(
        "--case", required=True, type=_number, help="number of the case that this is for; it is recorded"
    )
    parser.add_argument("--out", type=Path, help="file for the list; printed, if left out")
    given = parser.parse_args(args)
    since, until = given.since, given.until
    if since > until:
        parser.error("expected --since before --until, found it after")
    named = next(name for name in LISTS if getattr(given, name))
    with open_stores(settings()) as stores, migrated(stores.database_url) as engine, engine.begin() as connection:
        sights = [*LISTS[named](connection, getattr(given, named), since, until)]
        if named == "source":
            sights += _in_lake(given.source, since, until)
        people = affected(connection, sights)
        begins = newest(connection).until
        write_down(connection, f"breach-list-{named}", given.case, len(people), datetime.now(UTC))
    lines = "".join(json.dumps(one.line()) + "\n" for one in people)
    summary = {
        named: getattr(given, named),
        "since": since.isoformat(),
        "until": until.isoformat(),
        "people": len(people),
        "no_longer_held": sum(not one.held for one in people),
        "reads": sum(one.times for one in people),
        "categories": sorted({category for one in people for category in one.categories}),
    }
    if named != "source" and begins is not None and since <= begins:
        summary["audit_begins"] = begins.isoformat()  # what was read before is past its period, and not listed
    if given.out:
        given.out.write_text(lines, encoding="utf-8")
    sys.stdout.write(json.dumps(summary, indent=2) + "\n" + ("" if given.out else lines))


if __name__ == "__main__":
    main()
