"""Consent decisions in files: one per row, or several in a person's row beside its other columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.channel import Channel
from contracts.contacts import readings
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from contracts.reading import RefusedRow, Row

NOT_UNDERSTOOD, LOOKED_AT = "not_understood", "looked_at"
"""Decisions that the system adds itself: that a row could not be understood, and that somebody has handled it."""


@dataclass(frozen=True)
class ConsentRow:
    """A decision of the person behind an identifier about a purpose, as a channel reported it."""

    consent_id: str
    channel: str
    identifier: Identifier
    purpose: str
    decision: str
    decided_at: datetime
    decided_through: str
    notice: str | None

    def as_row(self) -> dict[str, Any]:
        """The consent as a row of the lake."""
        return vars(self) | {"identifier_kind": self.identifier.kind, "identifier": self.identifier.value}


def consents_of(contract: Channel, payload: Mapping[str, Any], received_at: datetime) -> list[ConsentRow]:
    """The decisions of a raw row; RefusedRow where anything about one is missing or can't be read.

    An empty decision cell in a person's row is no decision. Without a column for its time, a decision has the row's
    time of change, or else of arrival.
    """
    row = Row(contract, payload, received_at)
    if contract.tells_consents_of_its_rows:
        return _beside_a_person(row, received_at)
    texts = {role: row.text(role) for role in ("identifier_kind", "identifier", "purpose", "decision")}
    decided_at = row.instant("decided_at", may_be_ahead=True)  # of a decision both clocks count (decision 0028)
    missing = [role for role, text in texts.items() if text is None]
    if missing or decided_at is None:
        role = missing[0] if missing else "decided_at"
        raise RefusedRow(f"{contract.column_of(role)}: expected a readable value ({role}), found none")
    kind, text, purpose, decision = ("" if one is None else one for one in texts.values())
    read, problem = readings(kind.casefold(), text, row.region_of())
    if problem or not read:
        raise RefusedRow(f"{contract.column_of('identifier')}: {problem}")
    return [_decision(row, one, purpose.casefold(), decision, decided_at) for one in read]


def consent_key(contract: Channel, decisions: Iterable[ConsentRow]) -> str:
    """The source key of a row of decisions: the id of one, or a digest of all ids."""
    ids = [one.consent_id for one in decisions]
    return ids[0] if len(ids) == 1 else keyed("consent rows", contract.channel, *ids)


def _beside_a_person(row: Row, received_at: datetime) -> list[ConsentRow]:
    decided_at = row.instant("decided_at", may_be_ahead=True) or row.instant("version") or received_at
    identifiers = row.identifiers()
    return [
        _decision(row, identifier, column.purpose, decision, decided_at)
        for _, column, decision in row.cells("decision")
        for identifier in identifiers
        if identifier.kind == column.of and column.purpose
    ]


def _decision(row: Row, identifier: Identifier, purpose: str, decision: str, decided_at: datetime) -> ConsentRow:
    channel = row.contract.channel
    through = row.text("decided_through") or channel
    content = [identifier.kind, identifier.value, purpose, decision.casefold(), decided_at.isoformat(), through]
    return ConsentRow(
        consent_id=keyed("consent row", *content),
        channel=channel,
        identifier=identifier,
        purpose=purpose,
        decision=decision.casefold(),
        decided_at=decided_at,
        decided_through=through,
        notice=row.text("notice"),
    )
