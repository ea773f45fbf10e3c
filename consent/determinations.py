"""The privacy officer's determinations about a person, and the rules for children: pure, and part of every decision.

Art. 8 GDPR: the consent of a child below the age of the controller's country counts only with the authorisation of who
holds parental responsibility. Art. 21(1): after an objection a legitimate interest goes on only on compelling grounds
that the controller demonstrates; nothing outweighs an objection to direct marketing (art. 21(3)).
"""

import calendar
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from consent.current import permits, undoubted
from consent.model import ConsentEvent, EffectiveConsent, LegalBasis, Purpose, RecordIdentifiers

BIRTH_DATE = "birth_date"
RECTIFIED = "rectified"


class DeterminationKind(StrEnum):
    """What can be determined."""

    PARENTAL_AUTHORISATION = "parental_authorisation"
    COMPELLING_GROUNDS = "compelling_grounds"


class Age(StrEnum):
    """Whether somebody may consent for themselves."""

    CHILD = "child"
    OF_AGE = "of_age"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Determination:
    """A determination in force for one record; it applies to a person as far as it covers their records."""

    kind: DeterminationKind
    record_id: str
    purpose: str
    decided_at: datetime


@dataclass(frozen=True)
class Circumstances:
    """What a decision about a person considers beside their own choices.

    `births` are the birth dates of their records, by record. `consent_age` is the age of consent in years; without
    one, age is not checked. Data of a `restricted` person is kept and not used, whatever they chose.
    """

    births: Mapping[str, date] = field(default_factory=dict)
    determined: Collection[Determination] = ()
    consent_age: int | None = None
    restricted: bool = False

    def age(self, now: datetime) -> Age:
        """By the latest birth date of any source: doubt is resolved in the child's favour."""
        if self.consent_age is None or not self.births:
            return Age.UNKNOWN
        return Age.CHILD if self._below(max(self.births.values()), now) else Age.OF_AGE

    def barred_as_child(self, purpose: Purpose, now: datetime) -> bool:
        """Whether the purpose is based on the consent of a child without parental authorisation, by each record with
        that age."""
        if purpose.legal_basis is not LegalBasis.CONSENT or self.age(now) is not Age.CHILD:
            return False
        young = {record_id for record_id, born in self.births.items() if self._below(born, now)}
        return not young <= self._covered(DeterminationKind.PARENTAL_AUTHORISATION, purpose, now)

    def goes_on(
        self,
        purpose: Purpose,
        events: Iterable[ConsentEvent],
        parts: Collection[RecordIdentifiers] | None,
        now: datetime,
    ) -> bool:
        """Whether compelling grounds outweigh the objections, in every record with an objection.

        They do not outweigh an objection that came after they were recorded.
        """
        if not self.determined or parts is None or not may_have_grounds(purpose):
            return False
        objected = objections(purpose, events, now)
        spoken_for = [(part, at) for part in parts if (at := _latest(objected, part)) is not None]
        return bool(spoken_for) and all(
            (named := {one.value for one in part if one.kind == "record"})
            and named <= self._covered(DeterminationKind.COMPELLING_GROUNDS, purpose, now, since=at)
            for part, at in spoken_for
        )

    def permits(
        self,
        purpose: Purpose,
        stands: EffectiveConsent,
        events: Collection[ConsentEvent],
        parts: Collection[RecordIdentifiers],
        addressed: Collection[RecordIdentifiers] | None,
        now: datetime,
    ) -> bool:
        """Whether the purpose is permitted given all this, as shown beside the person's choice."""
        if self.restricted or self.barred_as_child(purpose, now):
            return False
        return permits(purpose, stands, addressed) or self.goes_on(purpose, events, parts, now)

    def _covered(
        self, kind: DeterminationKind, purpose: Purpose, now: datetime, since: datetime | None = None
    ) -> set[str]:
        return {
            one.record_id
            for one in self.determined
            if one.kind is kind and one.purpose == purpose.id and (since or one.decided_at) <= one.decided_at <= now
        }

    def _below(self, born: date, now: datetime) -> bool:
        today = now.date()
        had = (today.month, today.day) >= (born.month, born.day)
        return today.year - born.year - (not had) < (self.consent_age or 0)


NOTHING_MORE = Circumstances()
"""No known age and no determinations."""


def may_have_grounds(purpose: Purpose) -> bool:
    """Whether an objection to this purpose can be outweighed at all."""
    return purpose.legal_basis is LegalBasis.LEGITIMATE_INTEREST and not purpose.is_direct_marketing


def objections(purpose: Purpose, events: Iterable[ConsentEvent], now: datetime) -> list[ConsentEvent]:
    """Every no to the purpose until `now`, including those taken back since."""
    return [one for one in undoubted(events) if one.purpose == purpose.id and one.state.refuses and _came(one) <= now]


def _came(event: ConsentEvent) -> datetime:
    return event.received_at or event.decided_at


def _latest(events: Iterable[ConsentEvent], part: RecordIdentifiers) -> datetime | None:
    return max((_came(one) for one in events if one.identifier in part), default=None)


def births_of(document: Mapping[str, Any]) -> dict[str, date]:
    """The birth dates of a profile's records; only the rectified one if the person corrected it.

    A year alone counts as its last day, so that nobody is taken for older than they are.
    """
    for one in document.get("fields") or []:
        if one["field"] == BIRTH_DATE:
            stated = [one] if one.get("rule") == RECTIFIED else [one, *(one.get("losing") or [])]
            found: dict[str, date] = {}
            for value in stated:
                if day := _day(value.get("value")):
                    record_id = value.get("record_id") or ""
                    found[record_id] = max(found.get(record_id, day), day)
            return found
    return {}


def _day(text: str | None) -> date | None:
    found = re.match(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text or "")
    if not found:
        return None
    year, month = int(found[1]), int(found[2] or 12)
    try:
        return date(year, month, int(found[3] or calendar.monthrange(year, month)[1]))
    except ValueError:
        return None
