"""The audit as people read it: who read what of a person, and what one reader read; one query each."""

from datetime import date, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Select, or_, select

from consent.erasure.left_out import left_out_since
from consent.model import Actor, Decision, Role
from profile_api.errors import Problem
from profile_api.gate import Ask, Gate, Reading, by_id
from profile_api.masking import Mask
from profile_api.stored import StoredProfile
from profile_api.views import Answer, View
from stores.schema import audit, reading_alerts, redirects

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
    """How much was left out since it was of somebody erased; nothing says of whom."""

    left_out: list[LeftOutRows]


def of_person(
    gate: Gate, actor: Actor, purpose: str | None, profile_id: str, before: int | None, limit: int
) -> Answer[TrailData]:
    """Who read what of a person, under this id or one that was merged into it."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> TrailData:
        merged = select(redirects.c.old_id).where(redirects.c.profile_id == profile.profile_id)
        of = or_(audit.c.profile_id == profile.profile_id, audit.c.profile_id.in_(merged))
        return _page(reading, select(audit).where(of), before, limit, of_customer=actor.role is Role.CUSTOMER)

    return gate.answer(Ask(actor, purpose, "audit", RIGHTS), by_id(profile_id), show)


def of_reader(gate: Gate, actor: Actor, purpose: str | None, reader: str, before: int | None, limit: int) -> TrailData:
    """What one reader asked for, answered or refused; for the privacy officer."""
    with gate.acting(Ask(actor, purpose, "audit-reader", RIGHTS)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        return _page(reading, select(audit).where(audit.c.actor == reader), before, limit)


class AlertView(View):
    """Reading of one member of staff that looked odd on a day; a question to ask, and no proof."""

    rule: str = Field(description="many, night, neighbours, namesakes or case")
    actor: str
    role: str
    day: date
    people: int
    first_at: datetime
    last_at: datetime


class Alerts(View):
    alerts: list[AlertView] = Field(description="newest first, 200 at most")


def alerts(gate: Gate, actor: Actor, purpose: str | None) -> Alerts:
    """Odd reading, for the privacy officer."""
    with gate.acting(Ask(actor, purpose, "audit-alerts", RIGHTS, of_case=False)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        of = reading_alerts.c
        columns = [of[name] for name in AlertView.model_fields]
        rows = reading.connection.execute(select(*columns).order_by(of.at.desc(), of.rule, of.actor).limit(200))
        return Alerts(alerts=[AlertView(**row) for row in rows.mappings()])


def left_out(gate: Gate, actor: Actor, purpose: str | None, since: date) -> LeftOut:
    """What was left out since a day, newest first; for the privacy officer."""
    with gate.acting(Ask(actor, purpose, "audit-left-out", RIGHTS, of_case=False)) as reading:
        if actor.role is not Role.PRIVACY_OFFICER:
            raise Problem(403, "role-not-permitted", "Expected a privacy officer, found another role.")
        found = left_out_since(reading.connection, since)
    return LeftOut(left_out=[LeftOutRows(channel=channel, day=day, rows=rows) for channel, day, rows in found])


def _page(reading: Reading, query: Select[Any], before: int | None, limit: int, of_customer: bool = False) -> TrailData:
    if before is not None:
        query = query.where(audit.c.audit_id < before)
    rows = reading.connection.execute(query.order_by(audit.c.audit_id.desc()).limit(limit + 1)).all()
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
