"""All that is kept of one person, as they get it: JSON, CSV and a page to read, and nothing of anybody else's.

A value that a household shares is each one's own. Whatever names another record or another person stays out.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Select, or_, select, tuple_

from consent import determined
from consent.notices import LANGUAGES
from profile_api.masking import Mask
from profile_api.rights.page import Told, rendered
from profile_api.rights.sections import PARTS, Rows
from profile_api.rights.wording import words
from profile_api.stored import StoredEvent, StoredProfile
from profile_api.webhooks.recalls import tables_with
from stores.schema import (
    audit,
    consent_events,
    edges,
    identity_history,
    inbox,
    intakes,
    legal_holds,
    privacy_request_events,
    privacy_requests,
    records,
    rectifications,
    redirects,
    restrictions,
    timeline,
    webhook_deliveries,
    webhook_outbox,
    webhook_subscriptions,
)

PORTABLE = ("profile", "identifiers", "records", "timeline", "consents", "live_messages", "rectifications")
"""What the person provided, or was observed of them (art. 20); not what was concluded."""

SAID_ELSEWHERE = ("retention", "holds")
"""Parts that have files of their own, and whose words are in the page's section about purposes."""

PROGRAMS = ("resolve", "live")
"""Who joins and parts records without a person; what staff wrote as their reason may name somebody else, and stays."""


def collected(connection: Connection, profile: StoredProfile, mask: Mask) -> dict[str, Rows]:
    """Every row that the operational store holds of a person, by what it is about."""
    ids = [profile.profile_id, *_former_ids(connection, profile.profile_id)]
    own = select(records.c.record_id, records.c.document).where(records.c.profile_id == profile.profile_id)
    documents = {row.record_id: row.document for row in connection.execute(own.order_by(records.c.record_id))}
    names = sorted({*documents, *(profile.document.get("records") or [])})
    held = [(one.kind, one.value) for one in profile.identifiers] + [("record", name) for name in names]
    decided = tuple_(consent_events.c.identifier_kind, consent_events.c.identifier).in_(held)
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
    request = columns(privacy_requests, "request_id kind state received_at due_on details")
    joined = columns(edges, "left_id right_id rule tier weight")
    return {
        "profile": [_flat(name, field) for name, field in shown["fields"].items()],
        "identifiers": shown["identifiers"],
        "records": [_record(document) for document in documents.values()],
        "timeline": [mask.event(StoredEvent(**one)).model_dump() for one in events],
        "consents": rows(select(*consents).where(decided).order_by(consent_events.c.decided_at)) if held else [],
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


def zipped(told: Told, language: str, *, portable: bool) -> bytes:
    """The bundle: a JSON and a CSV file per part, and a page to read in each language, the person's own first."""
    parts = {name: plain(told.parts.get(name) or []) for name in (PORTABLE if portable else (*PARTS, *SAID_ELSEWHERE))}
    told, packed = replace(told, parts=parts), io.BytesIO()
    pages = {one: "index.html" if one == language else f"{one}.html" for one in LANGUAGES}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in parts.items():
            archive.writestr(f"{name}.json", json.dumps(rows, indent=2, ensure_ascii=False))
            archive.writestr(f"{name}.csv", _csv(rows))
        for one, file in pages.items():
            other = next(name for spoken, name in pages.items() if spoken != one)
            archive.writestr(file, rendered(told, words(one), other))
    return packed.getvalue()


def systems_told(connection: Connection, profile_id: str) -> list[tuple[str, str]]:
    """The hosts of the systems that were told of changes of this person, each with what for."""
    query = (
        select(webhook_subscriptions.c.url, webhook_subscriptions.c.purpose)
        .join(webhook_deliveries, webhook_deliveries.c.subscription_id == webhook_subscriptions.c.subscription_id)
        .join(webhook_outbox, webhook_outbox.c.sequence == webhook_deliveries.c.sequence)
        .where(webhook_outbox.c.profile_id == profile_id, webhook_deliveries.c.state == "delivered")
    )
    return sorted({(urlsplit(url).hostname or "", purpose) for url, purpose in connection.execute(query).tuples()})


def _former_ids(connection: Connection, profile_id: str) -> list[str]:
    return list(connection.scalars(select(redirects.c.old_id).where(redirects.c.profile_id == profile_id)))


def _steps(connection: Connection, request_id: str) -> dict[str, Rows]:
    columns = privacy_request_events.c
    query = select(columns.at, columns.step, columns.state).where(columns.request_id == request_id)
    return {"steps": [dict(row) for row in connection.execute(query.order_by(columns.event_id)).mappings()]}


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


def plain(rows: Rows) -> Rows:
    """Rows as JSON holds them: instants and days as text."""
    return [dict(json.loads(json.dumps(row, default=_text))) for row in rows]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def _columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv(rows: Rows) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, _columns(rows) or ["nothing"])
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    # A spreadsheet would run a cell that begins like this; a phone number is no formula.
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
    risky = isinstance(text, str) and text[:1] in ("=", "@", "+", "-", "\t", "\r") and not text[1:].isdigit()
    return f"'{text}" if risky else text


def of_features(features: Mapping[str, Any]) -> Rows:
    """Features as the gate lets them out, a row each."""
    return [{"feature": name, **plain([dict(one)])[0]} for name, one in features.items()]
