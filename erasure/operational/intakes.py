"""Intakes that erased people sent, or that name them: what somebody says of themselves is nobody's record."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, delete, or_, select, tuple_, update

from contracts.identifiers import Identifier
from erasure.people.redaction import ERASED, Redaction
from erasure.people.subject import Subject
from stores.schema import intakes, privacy_requests

SENDER = ("name", "contact")
TEXTS = (*SENDER, "said")


def forget_or_redact(
    connection: Connection, subject: Subject, request_ids: Collection[str], since: Collection[str] = ()
) -> dict[str, int]:
    """What becomes of the intakes when their requests are pseudonymised; those that came `since` stay as they are."""
    found = {"intakes": forget(connection, subject.profiles, request_ids, subject.identifiers, since)}
    found["intakes_redacted"] = redact(connection, subject, since)
    return {name: count for name, count in found.items() if count}


def forget(
    connection: Connection,
    profiles: Collection[str],
    request_ids: Collection[str],
    identifiers: Collection[Identifier],
    since: Collection[str] = (),
) -> int:
    """Deletes the intakes of their requests, and those that came from an address of theirs; says how many."""
    theirs = select(privacy_requests.c.request_id).where(
        or_(privacy_requests.c.profile_id.in_(profiles), privacy_requests.c.request_id.in_(request_ids))
    )
    contact = tuple_(intakes.c.contact_kind, intakes.c.contact)
    known = [(one.kind, one.value) for one in identifiers]
    of = intakes.c.request_id.in_(theirs)
    whose = or_(of, contact.in_(known)) if known else of
    return connection.execute(delete(intakes).where(whose, intakes.c.intake_id.not_in(since))).rowcount


def redact(connection: Connection, subject: Subject, since: Collection[str] = ()) -> int:
    """Redacts a subject in the intakes that stay; returns how many changed.

    If the sender has a full name or a distinctive value of theirs, every text goes. Otherwise only the names and values
    do, since a single name may be anybody's. Kind, channel and dates stay, so that the intake is still due.
    """
    in_part = Redaction(subject)
    in_full = Redaction(replace(subject, words={word for word in subject.words if " " in word}))
    changed = 0
    query = select(intakes.c.intake_id, *(intakes.c[name] for name in TEXTS))
    for row in connection.execute(query.where(intakes.c.intake_id.not_in(since))).mappings():
        said = {name: row[name] for name in TEXTS if row[name]}
        theirs = any(in_full(said[name]) != said[name] for name in SENDER if name in said)
        left = {name: ERASED if theirs else in_part(text) for name, text in said.items()}
        if left != said:
            one = update(intakes).where(intakes.c.intake_id == row["intake_id"])
            changed += connection.execute(one.values(left)).rowcount
    return changed
