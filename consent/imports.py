"""Which consent rows of files are refused, and whose decision an unreadable row may be.

An unreadable row may hold an objection. So its person counts as having objected until somebody has handled it:
corrected the contract and replayed the row, or asked the person.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.model import STATE_OF_WORD, LegalBasis
from consent.purposes import published_purposes
from consent.tombstones.contacts import contacts
from consent.tombstones.naming import named_in
from contracts.channel import Channel
from contracts.consent_rows import ConsentRow, consent_key, consents_of
from contracts.contacts import readings
from contracts.identifiers import KINDS, Identifier
from contracts.reading import RefusedRow, Row
from contracts.standard import check_row

Kinds = frozenset[str]
COMMON_KINDS = frozenset(KINDS)
OBJECTABLE = (LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTEREST)


@dataclass(frozen=True, order=True)
class Doubt:
    """An assumed refusal: somebody whose decision about a purpose came, but could not be read."""

    identifier: Identifier
    purpose: str


def known_kinds(channels: Iterable[Channel]) -> Kinds:
    """The kinds of identifiers that a decision can be about: the common ones, and those that contracts name."""
    return COMMON_KINDS.union(
        column.kind for channel in channels for _, column in channel.fields if column.kind is not None
    )


def accepted_key(contract: Channel, payload: Mapping[str, Any], received_at: datetime, kinds: Kinds) -> str:
    """The key of an accepted raw row; otherwise raises RefusedRow with the reason.

    Runs, replays and trials use this one rule.
    """
    decided = consents_of(contract, payload, received_at) if "consent" in contract.holds else []
    check_import(contract, decided, kinds)
    return (
        consent_key(contract, decided) if contract.holds == ["consent"] else check_row(contract, payload, received_at)
    )


def check_import(contract: Channel, rows: Iterable[ConsentRow], kinds: Kinds) -> None:
    """Raises RefusedRow for an unknown word, purpose or kind of identifier, and for a yes to a notice that was never
    published; a no is accepted with any notice."""
    for row in rows:
        _check_words(contract, row, kinds)
        state, purpose = STATE_OF_WORD[row.decision], published_purposes()[row.purpose]
        if state.permits and not purpose.had_notice(row.notice):
            column = contract.column_of("notice")
            raise RefusedRow(f"{column}: expected a version of the notice that was published (notice), found another")


def _check_words(contract: Channel, row: ConsentRow, kinds: Kinds) -> None:
    if row.decision not in STATE_OF_WORD:
        known = ", ".join(STATE_OF_WORD)
        raise RefusedRow(
            f"{contract.column_of('decision')}: expected one of {known} (decision), found another word; add it to"
            " `values`"
        )
    if row.purpose not in published_purposes():
        raise RefusedRow(
            f"{contract.column_of('purpose') or contract.column_of('decision')}: expected the id of a purpose"
            " (purpose), found another word; add it to `values`"
        )
    if row.identifier.kind not in kinds:
        raise RefusedRow(
            f"{contract.column_of('identifier_kind')}: expected a kind of identifier such as email or phone"
            " (identifier_kind), found another word; add it to `values`"
        )


def doubts_of(
    contract: Channel, payload: Mapping[str, Any] | None, raw: bytes, at: datetime, kinds: Kinds
) -> set[Doubt]:
    """Who may have objected to what, in a refused row; empty if its decision was read and the row refused for another
    reason.

    If the purpose is unreadable, it is every purpose that people can object to; if the identifier is, it is everybody
    whom the row's contacts name.
    """
    if payload is None:
        named = contacts(raw.decode(contract.encoding, "replace"), contract.region)
        return {Doubt(one, purpose) for one in named for purpose in _objectable()}
    with suppress(RefusedRow):
        for row in consents_of(contract, payload, at):
            _check_words(contract, row, kinds)
        return set()
    return {Doubt(who, purpose) for who in _who(contract, payload, kinds) for purpose in _purposes(contract, payload)}


def _objectable() -> list[str]:
    return [one.id for one in published_purposes().values() if one.legal_basis in OBJECTABLE and not one.refused]


def _purposes(contract: Channel, payload: Mapping[str, Any]) -> list[str]:
    row = _lenient(contract, payload)
    named = {column.purpose for _, column, _ in row.cells("decision") if column.purpose}
    named |= {text.casefold() for _, _, text in row.cells("purpose")}
    return sorted(named & published_purposes().keys()) or _objectable()


def _who(contract: Channel, payload: Mapping[str, Any], kinds: Kinds) -> set[Identifier]:
    row = _lenient(contract, payload)
    kind = (row.text("identifier_kind") or "").casefold()
    found = set(row.identifiers())
    for _, _, text in row.cells("identifier"):
        for one in [kind] if kind in kinds else sorted(kinds):
            found |= set(readings(one, text, row.region_of())[0])
    return found or named_in(payload, row.region_of())


def _lenient(contract: Channel, payload: Mapping[str, Any]) -> Row:
    return Row(contract, payload, leniently=True)
