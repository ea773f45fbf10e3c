"""Combines all versions of one key: the newest counts, and fields that it leaves empty keep their value.

Pure Python over the rows of one key: Spark only brings them together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.cells import UnreadableCell, texts_of
from contracts.channel import Channel
from contracts.consent_rows import ConsentRow, consents_of
from contracts.identifiers import Identifier
from contracts.reading import AHEAD, RefusedRow, Row
from contracts.standard import InteractionEvent, check_row, interaction_event

GONE = "gone"
"""The content of a row that marks the key as deleted at the source."""
VERSION = ("payload", "content_hash", "received_at", "row_number")
"""The columns of bronze that make a version."""
NEVER = datetime.min.replace(tzinfo=UTC)
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """What came under a key at one time."""

    payload: Payload
    content_hash: str
    received_at: datetime
    row_number: int

    @property
    def arrival(self) -> tuple[datetime, int]:
        return self.received_at, self.row_number


def present(versions: Iterable[Version]) -> list[Version]:
    """The versions since the key was last deleted, oldest delivery first."""
    found: list[Version] = []
    for version in sorted(versions, key=lambda one: one.arrival):
        found = [] if version.content_hash == GONE else [*found, version]
    return found


def keeps_contract(contract: Channel, version: Version) -> bool:
    """Whether the current contract would accept a version."""
    try:
        return version.content_hash == GONE or bool(check_row(contract, version.payload, version.received_at))
    except RefusedRow:
        return False


def is_gone(contract: Channel | None, versions: Iterable[Version]) -> bool:
    """Whether the source has deleted what came under a key; a row that the contract refuses by now is not missing.

    Without a contract, only what a later delivery lacked is.
    """
    there = present(versions)
    if not there or contract is None:
        return not there
    return _is_deleted(contract, there[-1]) or all(keeps_contract(contract, one) for one in there)


def latest(contract: Channel, versions: Iterable[Version]) -> Version | None:
    """The version of a record that counts, with what earlier ones said where it is empty; None where it is deleted."""
    there = present(versions)
    if len(there) > 1:
        there.sort(key=lambda one: (_said_at(contract, one), *one.arrival))
    if not there or _is_deleted(contract, there[-1]):
        return None
    return _united(contract, there)


def events_of(contract: Channel, versions: Iterable[Version]) -> list[tuple[InteractionEvent, Version]]:
    """The events that came under a key, each as `latest` reads a record; those that are deleted are left out."""
    by_id: dict[str, list[tuple[datetime, Version]]] = {}
    for version in present(versions):
        event = interaction_event(contract, version.payload, version.received_at)
        by_id.setdefault(event.event_id, []).append((event.occurred_at, version))
    found = []
    for _, versioned in sorted(by_id.items()):
        there = [one for _, one in sorted(versioned, key=lambda one: (one[0], *one[1].arrival))]
        if not _is_deleted(contract, there[-1]):
            whole = _united(contract, there)
            found.append((interaction_event(contract, whole.payload, whole.received_at), whole))
    return found


def decisions_of(contract: Channel, versions: Iterable[Version]) -> list[tuple[ConsentRow, Version]]:
    """Every decision that ever came under a key: what somebody decided once is not undone by what they decide next.

    A person's row says what holds, and not that it was decided again: only what differs from the row before it is a
    decision. So a yes that stands in it for years takes back no withdrawal that came by another way.
    """
    found, last_decision = list[tuple[ConsentRow, Version]](), dict[tuple[Identifier, str], str]()
    for version in sorted(versions, key=lambda one: one.arrival):
        for one in consents_of(contract, version.payload, version.received_at) if version.content_hash != GONE else ():
            about = one.identifier, one.purpose
            if not contract.tells_consents_of_its_rows or last_decision.get(about) != one.decision:
                found.append((one, version))
            last_decision[about] = one.decision
    return found


def _united(contract: Channel, versions: list[Version]) -> Version:
    newest, payload = versions[-1], dict[str, Any]()
    if len(versions) == 1 or contract.empty == "clears":
        return newest
    for version in versions:
        payload = {} if _is_deleted(contract, version) else _over(contract, payload, version.payload)
    return Version(payload, newest.content_hash, newest.received_at, newest.row_number)


def _over(contract: Channel, older: Payload, newer: Payload) -> dict[str, Any]:
    """Applies a newer row over an older one: its empty fields change nothing."""
    found = dict(older)
    for name, value in newer.items():
        before = older.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            found[name] = before | {part: one for part, one in value.items() if not _is_blank(one)}
        elif name not in older or not _says_nothing(contract, name, newer):
            found[name] = value
    return found


def _is_blank(value: Any) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def _says_nothing(contract: Channel, name: str, payload: Payload) -> bool:
    if _is_blank(payload[name]) or name not in contract.columns:
        return _is_blank(payload[name])
    try:
        return not any(texts_of(payload, one) for one in contract.reading if one.name == name)
    except UnreadableCell:
        return False


def _is_deleted(contract: Channel, version: Version) -> bool:
    return contract.has_tombstones and Row(contract, version.payload, leniently=True).is_deleted


def _said_at(contract: Channel, version: Version) -> datetime:
    """When a version says that it was made; one with a clock that is wrong was made when it came."""
    row = Row(contract, version.payload, version.received_at)
    stated = row.instant("version") or row.instant("event_time")
    ahead = any(issue.endswith(AHEAD) for issue in row.issues)
    return stated or (version.received_at if ahead else NEVER)
