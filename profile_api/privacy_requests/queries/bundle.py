"""Every row that the operational store holds of one person, and which systems were told of them.

A value that a household shares is each one's own. Whatever names another record or another person stays out.
"""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Select, or_, select, tuple_

from consent import determined
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredEvent, StoredProfile
from read_model.outbox.recalls import tables_with
from stores.schema import (
    audit,
    consent_events,
    conversation_entries,
    conversations,
    dial_statements,
    edges,
    handoff_events,
    handoffs,
    identity_history,
    inbox,
    intakes,
    legal_holds,
    milestones_seen,
    privacy_request_events,
    privacy_requests,
    records,
    rectifications,
    redirects,
    restrictions,
    suggestion_feedback,
    timeline,
    webhook_deliveries,
    webhook_outbox,
    webhook_subscriptions,
)

Rows = list[dict[str, Any]]

PROGRAMS = ("resolve", "live")
"""Who joins and parts records without a person; what staff wrote as their reason may name somebody else, and stays."""


SAID = ("message", "slot")
"""What the person said in conversations, or was told; the rest is what was tried, promised and summed up."""


def collected(connection: Connection, profile: StoredProfile, mask: Mask) -> dict[str, Rows]:
    """Every row that the operational store holds of a person, by what it is about."""
    ids = [profile.profile_id, *_former_ids(connection, profile.profile_id)]
    own = select(records.c.record_id, records.c.document).where(records.c.profile_id == profile.profile_id)
    documents = {row.record_id: row.document for row in connection.execute(own.order_by(records.c.record_id))}
    names = sorted({*documents, *(profile.document.get("records") or [])})
    keys = [(one.kind, one.value) for one in profile.identifiers] + [("record", name) for name in names]
    decided = tuple_(consent_events.c.identifier_kind, consent_events.c.identifier).in_(keys)
    mine = privacy_requests.c.profile_id.in_(ids)
    history = or_(identity_history.c.profile_id.in_(ids), identity_history.c.other_id.in_(ids))

    def rows(query: Select[Any]) -> Rows:
        return [dict(row) for row in connection.execute(query).mappings()]

    def columns(table: Any, wanted: str) -> list[Any]:
        return [table.c[name] for name in wanted.split()]

    reads = select(*columns(audit, "at role purpose action outcome"), audit.c.decision["policy"].astext.label("policy"))
    events = rows(
        select(timeline.c.event_id, timeline.c.occurred_at, timeline.c.document)
        .where(timeline.c.profile_id == profile.profile_id)
        .order_by(timeline.c.occurred_at.desc(), timeline.c.event_id)
    )
    shown = mask.profile().model_dump()
    consents = columns(
        consent_events,
        "identifier_kind identifier contact_kind contact_point purpose state decided_at channel method notice_version",
    )
    stated = columns(dial_statements, "record_id topic position stated_at received_at channel stated_through")
    became = columns(suggestion_feedback, "record_id suggestion rule outcome reason given_on")
    seen = columns(milestones_seen, "milestone years day seen_at")
    own_events = select(timeline.c.event_id).where(timeline.c.profile_id == profile.profile_id)
    of_theirs = or_(milestones_seen.c.record_id.in_(names), milestones_seen.c.event_id.in_(own_events))
    request = columns(privacy_requests, "request_id kind state received_at due_on details")
    joined = columns(edges, "left_id right_id rule tier weight")
    return {
        "profile": [_flat(name, field) for name, field in shown["fields"].items()],
        "identifiers": shown["identifiers"],
        "records": [_record(document) for document in documents.values()],
        "timeline": [mask.event(StoredEvent(**one)).model_dump() for one in events],
        "consents": rows(select(*consents).where(decided).order_by(consent_events.c.decided_at)) if keys else [],
        "dial": rows(
            select(*stated).where(dial_statements.c.record_id.in_(names)).order_by(dial_statements.c.received_at)
        ),
        "suggestions": rows(
            select(*became)
            .where(suggestion_feedback.c.record_id.in_(names))
            .order_by(suggestion_feedback.c.feedback_id)
        ),
        "milestones": rows(select(*seen).where(of_theirs).order_by(milestones_seen.c.seen_at)),
        "conversations": rows(_entries(names).where(conversation_entries.c.kind.in_(SAID))),
        "conversation_notes": rows(_entries(names).where(conversation_entries.c.kind.not_in(SAID))),
        "handoffs": [
            one | {"steps": _taken(connection, one["handoff_id"])}
            for one in rows(
                select(*columns(handoffs, "handoff_id conversation_id channel requested_through requested_at why"))
                .add_columns(
                    *columns(handoffs, "language skill contact_kind contact_point zone rule verified_by state")
                )
                .join_from(conversations, handoffs)
                .where(conversations.c.record_id.in_(names))
                .order_by(handoffs.c.requested_at)
            )
        ],
        "determinations": [
            {name: value for name, value in one.items() if name != "decided_by"}
            for one in determined.about(connection, names)
        ],
        "reads": rows(reads.where(audit.c.profile_id.in_(ids)).order_by(audit.c.at)),
        "requests": [
            one | _steps(connection, one["request_id"]) | _as_received(connection, one["request_id"])
            for one in rows(select(*request).where(mine))
        ],
        "identity": rows(select(*joined).where(edges.c.left_id.in_(names), edges.c.right_id.in_(names))),
        "identity_history": [
            {
                "at": row.at,
                "kind": row.kind,
                "by": "program" if row.actor in PROGRAMS else "staff",
                "reason": row.reason if row.actor in PROGRAMS else None,
                "records": sorted(set(row.records) & set(names)),
            }
            for row in connection.execute(select(identity_history).where(history).order_by(identity_history.c.at))
        ],
        "live_messages": rows(
            select(inbox.c.source, inbox.c.received_at, inbox.c.item).where(inbox.c.record_id.in_(names))
        ),
        "rectifications": rows(
            select(*columns(rectifications, "field value decided_at")).where(rectifications.c.record_id.in_(names))
        ),
        "restrictions": rows(
            select(*columns(restrictions, "record_id since lifted_at")).where(restrictions.c.record_id.in_(names))
        ),
        "training_tables": tables_with(connection, ids),
        # Not why: the reasons of a lawyer are not data about the person, and may be about others.
        "holds": rows(
            select(*columns(legal_holds, "record_id placed_at lifted_at")).where(legal_holds.c.record_id.in_(names))
        ),
    }


def systems_told(connection: Connection, profile_id: str) -> list[tuple[str, str]]:
    """The hosts of the systems that were told of changes of this person, each with what for."""
    query = (
        select(webhook_subscriptions.c.url, webhook_subscriptions.c.purpose)
        .join(webhook_deliveries, webhook_deliveries.c.subscription_id == webhook_subscriptions.c.subscription_id)
        .join(webhook_outbox, webhook_outbox.c.sequence == webhook_deliveries.c.sequence)
        .where(webhook_outbox.c.profile_id == profile_id, webhook_deliveries.c.state == "delivered")
    )
    return sorted({(urlsplit(url).hostname or "", purpose) for url, purpose in connection.execute(query)})


def _former_ids(connection: Connection, profile_id: str) -> list[str]:
    return list(connection.scalars(select(redirects.c.old_id).where(redirects.c.profile_id == profile_id)))


def _steps(connection: Connection, request_id: str) -> dict[str, Rows]:
    columns = privacy_request_events.c
    query = select(columns.at, columns.step, columns.state).where(columns.request_id == request_id)
    return {"steps": [dict(row) for row in connection.execute(query.order_by(columns.event_id)).mappings()]}


def _entries(named: Collection[str]) -> Select[Any]:
    of = conversation_entries.c
    return (
        select(conversations.c.conversation_id, conversations.c.channel, of.at, of.kind, of.said_by, of.name)
        .add_columns(of.outcome, of.due_on, of.text)
        .join_from(conversations, conversation_entries)
        .where(conversations.c.record_id.in_(named))
        .order_by(of.at, of.entry_id)
    )


def _taken(connection: Connection, handoff_id: str) -> Rows:
    """The steps of a hand-off, by role: which of the staff took one is the staff's data."""
    columns = handoff_events.c
    query = select(columns.at, columns.step, columns.state, columns.role).where(columns.handoff_id == handoff_id)
    return [dict(row) for row in connection.execute(query.order_by(columns.event_id)).mappings()]


def _as_received(connection: Connection, request_id: str) -> dict[str, Any]:
    of = intakes.c
    query = select(of.channel, of.name, of.contact, of.said).where(of.request_id == request_id)
    found = connection.execute(query).mappings().first()
    return {"as_received": dict(found)} if found else {}


def _flat(name: str, field: Mapping[str, Any]) -> dict[str, Any]:
    lost = [{"value": one["value"], "channel": one["channel"]} for one in field["losing"]]
    kept = {"field": name} | {key: value for key, value in field.items() if key != "losing"}
    return kept | {"other_values": lost}


def _record(document: Mapping[str, Any]) -> dict[str, Any]:
    internal = ("categories", "issues", "content_hash", "birth_typed")
    return {name: value for name, value in document.items() if value not in (None, [], {}) and name not in internal}
