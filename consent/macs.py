"""The signature on each event of the ledger, with a key that the database does not hold.

The database chains the events, so its owner could write one and chain it. This installation signs what it appends or
erases: by a MAC over the event's hash, in `consent_macs`. An event without one was written by something else.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, text, union

from consent.chain import Chain, Finding, consent_link
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from stores.schema import consent_macs, erasures, tombstones

_PSEUDONYMISE = text("SELECT number, content FROM pseudonymise_consents(:kind, :value, :erasure)")


class NotWhatWasTold(RuntimeError):
    """The database returned another event than it was sent: its function is not the ledger's."""


def sign_appended(connection: Connection, sent: Iterable[Mapping[str, Any]], written: Iterable[RowMapping]) -> int:
    """Signs events as the database wrote them, after comparing them with what it was sent; returns how many."""
    sent_by_id = {one["consent_id"]: one for one in sent}
    rows = []
    for event in written:
        link = consent_link(dict(event))
        same = all(_same(name, value, event[name]) for name, value in sent_by_id[event["consent_id"]].items())
        if not same or not link.commitments_hold or link.hash != link.expected_hash:
            raise NotWhatWasTold(
                "expected the database to append the decision that it was told, found another; its function"
                " append_consent() was changed: migrate a new database, and compare the ledgers"
            )
        rows.append({"sequence": link.sequence, "erasure_id": "", "mac": _mac(link.hash)})
    if rows:
        connection.execute(insert(consent_macs), rows)
    return len(rows)


def make_nobodys(connection: Connection, deciders: Iterable[Identifier], erasure_id: str) -> int:
    """Replaces the names of these people by untraceable pseudonyms, and signs that for an erasure; returns for how
    many events."""
    rows = [
        {"sequence": row.number, "erasure_id": erasure_id, "mac": _mac(row.content, erasure_id)}
        for one in deciders
        for row in connection.execute(_PSEUDONYMISE, {"kind": one.kind, "value": one.value, "erasure": erasure_id})
    ]
    if rows:
        connection.execute(insert(consent_macs), rows)
    return len(rows)


class Signatures:
    """Checks events in order for missing signatures, and for pseudonyms without an erasure."""

    def __init__(self, connection: Connection) -> None:
        self.findings: list[Finding] = []
        named = union(select(erasures.c.erasure_id), select(tombstones.c.erasure_id))
        known = set(connection.scalars(named))
        self._macs: set[str] = set()
        self._erased: dict[int, list[str]] = {}
        self._last = 0
        for row in connection.execute(select(consent_macs).order_by(consent_macs.c.sequence)):
            self._last = row.sequence
            self._macs.add(row.mac)
            if row.erasure_id in known:
                self._erased.setdefault(row.sequence, []).append(row.erasure_id)
        self._arrived: datetime | None = None

    def look(self, event: Mapping[str, Any]) -> None:
        if _mac(event["hash"]) not in self._macs:
            self._note("forged", event, "nobody who has the key appended it")
        by = [_mac(event["hash"], one) for one in self._erased.get(event["sequence"], [])]
        if event["salt"] is None and self._macs.isdisjoint(by):
            self._note("forged", event, "it was made nobody's, and by no erasure")
        if self._arrived is not None and event["received_at"] < self._arrived:
            self._note("backdated", event, "it says that it arrived before the one before it")
        self._arrived = event["received_at"]

    def end(self, chain: Chain) -> list[Finding]:
        """All findings, and the signed events that are missing from the chain's end."""
        if self._last > chain.count:
            what = f"the rows {chain.count + 1} to {self._last} were signed and are gone"
            self.findings.append(Finding("truncated", chain.count, "the end", what))
        return self.findings

    def _note(self, kind: str, event: Mapping[str, Any], what: str) -> None:
        self.findings.append(Finding(kind, event["sequence"], event["consent_id"], what))


def _mac(hash_: str, erasure_id: str = "") -> str:
    return keyed("ledger", hash_, erasure_id)


def _same(name: str, sent: Any, written: Any) -> bool:
    if isinstance(written, datetime) and sent is not None:
        moment = datetime.fromisoformat(sent)
        return written >= moment if name == "received_at" else written == moment  # arrival times may be raised
    return bool(sent == written)
