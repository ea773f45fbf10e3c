"""What the privacy officer determined about a person, and what their age asks for: pure, and part of every decision.

Art. 8 GDPR: the consent of a child below the age of the controller's country counts only with the authorisation of who
holds parental responsibility. Art. 21(1): after an objection a legitimate interest goes on only on compelling grounds
that the controller demonstrates; against direct marketing nothing stands (art. 21(3)).
"""

import calendar
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from consent.current import permits
from consent.model import ConsentEvent, LegalBasis, Part, Purpose, Standing

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
    """One that is in force, as it stands for one record; it is about a person as far as it covers their records."""

    kind: DeterminationKind
    record_id: str
    purpose: str
    decided_at: datetime


@dataclass(frozen=True)
class Circumstances:
    """What a decision about a person looks at beside their own choices.

    `births` are the days of birth that their records state, by record. `consent_age` is from how many years on people
    consent for themselves; without one, age is not asked for.
    """

    births: Mapping[str, date] = field(default_factory=dict)
    determined: Collection[Determination] = ()
    consent_age: int | None = None

    def age(self, now: datetime) -> Age:
        """By the youngest day of birth that any source states: what is in doubt is in the child's favour."""
        if self.consent_age is None or not self.births:
            return Age.UNKNOWN
        return Age.CHILD if self._below(max(self.births.values()), now) else Age.OF_AGE

    def barred_as_child(self, purpose: Purpose, now: datetime) -> bool:
        """Whether the purpose rests on the consent of a child that nobody authorised, in each record that says so."""
        if purpose.legal_basis is not LegalBasis.CONSENT or self.age(now) is not Age.CHILD:
            return False
        young = {record_id for record_id, born in self.births.items() if self._below(born, now)}
        return not young <= self._covered(DeterminationKind.PARENTAL_AUTHORISATION, purpose, now)

    def goes_on(
        self, purpose: Purpose, events: Iterable[ConsentEvent], parts: Collection[Part] | None, now: datetime
    ) -> bool:
        """Whether grounds were found that outweigh the objections, in every record that an objection speaks for.

        An objection that came after the grounds were recorded is not answered by them.
        """
        if not self.determined or parts is None or not may_have_grounds(purpose):
            return False
        said = objections(purpose, events, now)
        spoken_for = [(part, at) for part in parts if (at := _latest(said, part)) is not None]
        return bool(spoken_for) and all(
            (named := {one.value for one in part if one.kind == "record"})
            and named <= self._covered(DeterminationKind.COMPELLING_GROUNDS, purpose, now, since=at)
            for part, at in spoken_for
        )

    def permits(
        self,
        purpose: Purpose,
        stands: Standing,
        events: Collection[ConsentEvent],
        parts: Collection[Part],
        addressed: Collection[Part] | None,
        now: datetime,
    ) -> bool:
        """Whether the purpose may go on with all of this in view, as it is shown beside the person's choice."""
        if self.barred_as_child(purpose, now):
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
"""Where nothing is known of age and nothing was determined."""


def may_have_grounds(purpose: Purpose) -> bool:
    """Whether an objection to this purpose can be outweighed at all."""
    return purpose.legal_basis is LegalBasis.LEGITIMATE_INTEREST and not purpose.is_direct_marketing


def objections(purpose: Purpose, events: Iterable[ConsentEvent], now: datetime) -> list[ConsentEvent]:
    """Every no to the purpose until `now`, also one that was taken back since."""
    return [one for one in events if one.purpose == purpose.id and one.state.refuses and _came(one) <= now]


def _came(event: ConsentEvent) -> datetime:
    return event.received_at or event.decided_at


def _latest(said: Iterable[ConsentEvent], part: Part) -> datetime | None:
    return max((_came(one) for one in said if one.identifier in part), default=None)


def births_of(document: Mapping[str, Any]) -> dict[str, date]:
    """The days of birth that a profile's sources state, by record; only the person's own where they put it right.

    A year alone counts as its last day, so that nobody is taken for older than they are.
    """
    for one in document.get("fields") or []:
        if one["field"] == BIRTH_DATE:
            stated = [one] if one.get("rule") == RECTIFIED else [one, *(one.get("losing") or [])]
            found: dict[str, date] = {}
            for said in stated:
                if day := _day(said.get("value")):
                    record_id = said.get("record_id") or ""
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
