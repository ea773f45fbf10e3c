"""The audit log for readers: who read what of a person, and what one reader read."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from consent.model import Actor, Decision, Role
from consent.oddities import Rule
from consent.tombstones.left_out import left_out_since
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.audit.queries import alerts_of_days, reads_by, reads_of, review_alert
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer, Short, View

RIGHTS = frozenset({"privacy_rights"})


class TrailEntry(View):
    """One read or action: by whom, for what, under which decision, and what came of it. No values of anyone."""

    audit_id: int
    at: datetime
    actor: str | None = Field(description="who read; a customer learns the role alone")
    role: str
    purpose: str
    action: str
    profile_id: str | None
    outcome: str
    policy: str
    allowed: list[str] = Field(description="the data categories that could leave")
    withheld: dict[str, str] = Field(description="the others, each with the policy that kept it in")
    consent_event: str | None
    notice_version: str | None
    reference: str | None = Field(description="the case that staff read it for; not for customers")


class TrailData(View):
    entries: list[TrailEntry] = Field(description="newest first")
    next_before: int | None = Field(description="give it as `before` for the entries before these; null at the end")


class LeftOutRows(View):
    channel: str
    day: date
    rows: int = Field(description="rows of files in the last run of that day, or live messages of the day")


class LeftOut(View):
    """How many rows and messages of erased people were dropped; not whose."""

    left_out: list[LeftOutRows]


def of_person(
    gate: Gate, actor: Actor, purpose: str | None, profile_id: str, before: int | None, limit: int
) -> Answer[TrailData]:
    """Who read what of a person, under this id or one that was merged into it."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> TrailData:
        rows = reading.run(reads_of, profile.profile_id, before, limit + 1)
        return _page(rows, limit, of_customer=actor.role is Role.CUSTOMER)

    return gate.answer(AccessRequest(actor, purpose, "audit", RIGHTS), by_id(profile_id), show)


def of_reader(gate: Gate, actor: Actor, purpose: str | None, reader: str, before: int | None, limit: int) -> TrailData:
    """What one reader asked for, answered or refused; for the privacy officer."""
    with gate.acting(AccessRequest(actor, purpose, "audit-reader", RIGHTS)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        page = _page(reading.run(reads_by, reader, before, limit + 1), limit)
        reading.shown |= {one.profile_id for one in page.entries if one.profile_id}
        return page


class AlertView(View):
    """Reading of one member of staff that looked odd on a day; a question to ask, and no proof."""

    rule: str = Field(description="many, night, neighbours, namesakes or case")
    actor: str
    role: str
    day: date
    people: int
    first_at: datetime
    last_at: datetime
    reviewed_at: datetime | None = Field(description="when an officer looked into it; null while nobody has")
    reviewed_by: str | None
    outcome: str | None = Field(description="what the officer found")


class Outcome(StrEnum):
    """What an officer can find: their work asked for it, it was misuse, or the rule is too strict for such work."""

    JUSTIFIED = "justified"
    MISUSE = "misuse"
    TOO_STRICT = "too_strict"


class AlertReviewForm(BaseModel):
    """Which alert was looked into, and what came of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"rule": "many", "actor": "claire", "day": "2024-05-01", "outcome": "justified"}]
        },
    )

    rule: Rule
    actor: Short
    day: date
    outcome: Outcome


class Alerts(View):
    alerts: list[AlertView] = Field(description="newest first, 200 at most")


def alerts(gate: Gate, actor: Actor, purpose: str | None) -> Alerts:
    """Odd reading, for the privacy officer."""
    with gate.acting(AccessRequest(actor, purpose, "audit-alerts", RIGHTS, of_case=False)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        return Alerts(alerts=[AlertView(**row) for row in reading.run(alerts_of_days, AlertView.model_fields)])


def review(gate: Gate, actor: Actor, purpose: str | None, form: AlertReviewForm) -> AlertView:
    """An officer's review of an alert; nobody can review their own reading."""
    with gate.acting(AccessRequest(actor, purpose, "audit-alert-review", RIGHTS, of_case=False)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        if form.actor == actor.on_record:
            raise Problem(409, "own-reading", "Expected an officer to review another's reading, found their own.")
        review = {"reviewed_at": gate.clock(), "reviewed_by": actor.on_record, "outcome": form.outcome.value}
        of = (form.rule.value, form.actor, form.day)
        row = reading.run(review_alert, *of, review, AlertView.model_fields)
        if row is None:
            raise Problem(404, "alert-not-found", "Expected the rule, reader and day of an alert, found none such.")
        return AlertView(**row)


def left_out(gate: Gate, actor: Actor, purpose: str | None, since: date) -> LeftOut:
    """What was left out since a day, newest first; for the privacy officer."""
    with gate.acting(AccessRequest(actor, purpose, "audit-left-out", RIGHTS, of_case=False)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        found = reading.run(left_out_since, since)
    return LeftOut(left_out=[LeftOutRows(channel=channel, day=day, rows=rows) for channel, day, rows in found])


def _page(rows: Sequence[Any], limit: int, of_customer: bool = False) -> TrailData:
    entries = [
        TrailEntry(
            audit_id=row.audit_id,
            at=row.at,
            actor=None if of_customer else row.actor,
            role=row.role,
            purpose=row.purpose,
            action=row.action,
            profile_id=row.profile_id,
            outcome=row.outcome,
            policy=row.decision["policy"],
            allowed=row.decision["allowed"],
            withheld=row.decision["withheld"],
            consent_event=row.decision["consent_event"],
            notice_version=row.decision["notice_version"],
            reference=None if of_customer else row.decision.get("reference"),
        )
        for row in rows[:limit]
    ]
    return TrailData(entries=entries, next_before=entries[-1].audit_id if len(rows) > limit else None)
