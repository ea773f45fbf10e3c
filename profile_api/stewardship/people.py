"""The people that a steward's question or decision is about, each behind the gate: named by a record or a profile."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from consent.model import Decision
from contracts.categories import Category
from profile_api.access.gate import AccessRequest, Gate, Reading
from profile_api.access.masking import Mask
from profile_api.responses.errors import Problem, not_found
from profile_api.stewardship.queries.records import Rows, record_numbered, record_of, records_among, records_in
from profile_api.stewardship.views import RecordView

PURPOSES = frozenset({"identity_resolution"})
_NAME = re.compile(r"rec_([1-9]\d{0,17})")


@dataclass(frozen=True)
class KnownRecord:
    """A source record of a person that may be identified."""

    record_id: str
    profile_id: str
    number: int
    document: Mapping[str, Any]
    mask: Mask
    decision: Decision

    @property
    def name(self) -> str:
        return f"rec_{self.number}"

    @property
    def allowed(self) -> frozenset[Category]:
        return self.decision.allowed

    def view(self) -> RecordView:
        """The record without anything that its id would give away."""
        return RecordView(
            record=self.name,
            record_id=self.mask.source(self.record_id),
            channel=self.document["channel"],
            profile_id=self.profile_id,
        )


class PeopleConcerned:
    """Whom one question or decision touches; each is decided about, and recorded, once."""

    def __init__(self, gate: Gate, reading: Reading, ask: AccessRequest) -> None:
        self._gate, self._reading, self._ask = gate, reading, ask
        self._seen: dict[str, tuple[Mask, Decision] | None] = {}

    def record(self, reference: str) -> KnownRecord:
        """The record of this name or id; 404 for one that is not there and for one that may not be known alike."""
        found = _NAME.fullmatch(reference)
        rows = self._reading.run(record_numbered, int(found[1])) if found else self._reading.run(record_of, reference)
        known = self._known(rows)
        if not known or (not found and known[0].view().record_id is None):
            raise record_not_found()
        return known[0]

    def profile(self, profile_id: str) -> str:
        """The profile of this id, or the one into which it was merged."""
        found = self._reading.profile(profile_id)
        if found is None or not self._about(found.profile_id):
            raise not_found()
        return found.profile_id

    def named(self, reference: str) -> list[KnownRecord]:
        """A record, or all records of a profile."""
        try:
            return [self.record(reference)]
        except Problem:
            return self.records_of(self.profile(reference))

    def records_of(self, profile_id: str) -> list[KnownRecord]:
        """The records of a profile, by name."""
        return self._known(self._reading.run(records_in, profile_id))

    def records(self, record_ids: Collection[str]) -> dict[str, KnownRecord]:
        """Those of these records whose people may be known, by id."""
        known = self._known(self._reading.run(records_among, record_ids))
        return {one.record_id: one for one in known}

    def _known(self, rows: Rows) -> list[KnownRecord]:
        found = []
        for row in rows:
            if about := self._about(row.profile_id):
                found.append(KnownRecord(row.record_id, row.profile_id, row.number, row.document, *about))
        return found

    def _about(self, profile_id: str) -> tuple[Mask, Decision] | None:
        if profile_id not in self._seen:
            self._seen[profile_id] = self._gate.about(self._reading, self._ask, profile_id)
        return self._seen[profile_id]


def record_not_found() -> Problem:
    """The one answer for a record that is not there and for one that may not be known."""
    return Problem(
        404, "record-not-found", "Expected a record that you may know, found none; see its profile's identity."
    )
