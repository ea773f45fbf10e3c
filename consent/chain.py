"""The arithmetic of a hash chain: what a row's hash covers, and where a chain of rows is broken.

Each hash covers its row's content and the hash before. The rows are those of a table, in the order of `sequence`; an
attacker may have changed any column, including the hashes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

START = "0" * 64


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where: `sequence` is the position that it was found at."""

    kind: str
    sequence: int
    row_id: str
    what: str


@dataclass(frozen=True)
class Link:
    """A row of the chain: `expected_hash` is computed from its content, the rest is as stored."""

    sequence: int
    row_id: str
    previous_hash: str
    hash: str
    expected_hash: str
    commitments_hold: bool = True


@dataclass
class Chain:
    """The result of checking a chain; `count` and `head` are its last row's, `numbers` gives the place of each
    hash."""

    findings: list[Finding]
    count: int
    head: str
    numbers: dict[str, int]
    waiting: int = 0
    """Rows that wait for their seal."""
    start: int = 0
    """The number after which the chain is checked: earlier rows were deleted, as a recorded cut says."""

    @property
    def whole(self) -> bool:
        return not self.findings


def netstring(value: str | None) -> str:
    """A text prefixed with its length in bytes, so that different lists of texts never look alike; a dash for None."""
    return "-" if value is None else f"{len(value.encode())}:{value},"


def instant_text(moment: datetime | None) -> str | None:
    """An instant in UTC to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def digest(*values: str | None) -> str:
    """SHA-256 over the netstrings of texts."""
    return hashlib.sha256("".join(map(netstring, values)).encode()).hexdigest()


def check(links: Iterable[Link], start: int = 0, head: str = START) -> Chain:
    """Every edited, removed or moved row of a chain, each with its place; it begins after number `start`, on `head`."""
    numbers: dict[str, int] = {head: start}
    findings: list[Finding] = []
    astray: list[tuple[Link, Link]] = []
    before = Link(start, "the start", "", head, head)
    for row in links:
        if row.hash != row.expected_hash or not row.commitments_hold:
            findings.append(Finding("edited", row.sequence, row.row_id, "its content is not what was written"))
        if gap := row.sequence - before.sequence - 1:
            what = f"{gap} before it {'is' if gap == 1 else 'are'} gone, after number {before.sequence}"
            findings.append(Finding("removed", row.sequence, row.row_id, what))
        elif row.previous_hash != before.hash:
            astray.append((row, before))
        numbers[row.hash] = row.sequence
        before = row
    findings += [_out_of_place(row, last, numbers) for row, last in astray]
    return Chain(sorted(findings, key=lambda one: one.sequence), before.sequence, before.hash, numbers, start=start)


def _out_of_place(row: Link, before: Link, numbers: Mapping[str, int]) -> Finding:
    if row.previous_hash in numbers:
        what = f"it was written after number {numbers[row.previous_hash]}"
        return Finding("reordered", row.sequence, row.row_id, what)
    what = f"what stood between it and number {before.sequence} is gone or was written anew"
    return Finding("removed", row.sequence, row.row_id, what)


def consent_link(row: Mapping[str, Any]) -> Link:
    """A row of consent_events; the same content as the database function consent_content()."""
    content = [row[name] for name in ("previous_hash", "commitment", "schema_version", "principal", "contact")]
    content += [row[name] for name in ("purpose", "legal_basis", "state")]
    content += [instant_text(row[name]) for name in ("decided_at", "received_at", "expires_at")]
    content += [row[name] for name in ("notice_version", "notice_language", "jurisdiction", "controller", "channel")]
    content += [row[name] for name in ("decided_through", "method", "recorded_by")]
    before_notices = row["schema_version"] == "2"
    content += [] if before_notices else [row["notice_hash"]]
    return Link(
        sequence=row["sequence"],
        row_id=row["consent_id"],
        previous_hash=row["previous_hash"],
        hash=row["hash"],
        expected_hash=digest(*content),
        commitments_hold=not (before_notices and row["notice_hash"])
        and _keeps(row, None, "consent_id", "commitment")
        and _keeps(row, "identifier_kind", "identifier", "principal")
        and (row["contact_point"] is None) == (row["contact_kind"] is None) == (row["contact"] is None)
        and (row["contact"] is None or _keeps(row, "contact_kind", "contact_point", "contact")),
    )


def _keeps(row: Mapping[str, Any], kind: str | None, value: str, commitment: str) -> bool:
    # After pseudonymisation the salt is gone, and the commitment itself stands where the value was.
    if row["salt"] is None:
        return bool(row[value] == f"pseudonym:{row[commitment]}")
    values = [row[kind], row[value]] if kind else [row[value]]
    return bool(row[commitment] == digest(row["salt"], *values))
