"""Each part of a bundle told item by item, in sentences: what a row says, and nothing of how it is stored."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.determinations import DeterminationKind
from consent.model import Method
from consent.purposes import published_purposes
from engagement.next_step.words import published_words
from profile_api.privacy_requests.computed import figures, unknown
from profile_api.privacy_requests.queries.bundle import Rows
from profile_api.privacy_requests.wording import Words
from profile_api.responses.views import ConsentStatus

UNSPOKEN = ("record_id", "channel", "source_key", "identifiers", "verified", "proven", "claims", "attributes")

YEARS = frozenset({"birth_year"})
"""Numbers that are written without a separator of thousands."""


@dataclass(frozen=True)
class Entry:
    """One thing that is told: a heading and sentences."""

    heading: str
    lines: list[str] = field(default_factory=list)


def _profile(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        heading = words.say("profile.value", field=words.field(one["field"]), value=words.value(one["value"]))
        if one["rule"] == "rectified":
            lines = [words.say("profile.rectified")]
        elif one["observed_at"]:
            lines = [words.say("profile.from", source=words.source(one["channel"]), at=words.day(one["observed_at"]))]
        else:
            lines = [words.say("profile.from_undated", source=words.source(one["channel"]))]
        for lost in one["other_values"]:
            source = words.source(lost["channel"])
            lines.append(words.say("profile.other", source=source, value=words.value(lost["value"])))
        yield Entry(heading, lines)


def _identifiers(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        yield Entry(words.say("profile.value", field=words.name("identifier", one["kind"]), value=one["value"]))


def _records(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        fields = {
            words.field(name): str(value) if name in YEARS else words.value(value)
            for name, value in one.items()
            if name not in UNSPOKEN
        }
        fields |= {words.field(name): words.value(value) for name, value in one.get("attributes", {}).items()}
        lines = [words.say("profile.value", field=name, value=value) for name, value in fields.items()]
        for identifier in one.get("identifiers", []):
            kind = words.name("identifier", identifier["kind"])
            lines.append(words.say("profile.value", field=kind, value=identifier["value"]))
        for said_only in one.get("claims", []):
            name = words.field(said_only["name"])
            lines.append(words.say("record.claimed", field=name, value=words.value(said_only["value"])))
        yield Entry(words.record(one["record_id"]), lines)


def _timeline(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        what = words.name("type", one["type"])
        lines = [words.say("event.from", source=words.source(one["channel"]))]
        if one["amount"] is not None:
            lines.append(words.say("event.amount", amount=words.amount(one["amount"])))
        if one["intent"]:
            lines.append(words.say("event.about", intent=words.name("type", one["intent"])))
        for name, value in one["properties"].items():
            lines.append(words.say("profile.value", field=words.field(name), value=words.value(value)))
        yield Entry(words.say("event.at", at=words.moment(one["occurred_at"]), what=what), lines)


def _features(rows: Rows, words: Words) -> Iterator[Entry]:
    for name, value in figures(rows, words):
        yield Entry(words.say("features.value", name=name, value=value))
    missing = unknown(rows, words)
    if missing:
        yield Entry(words.say("features.unknown"), missing)


def _consents(rows: Rows, words: Words) -> Iterator[Entry]:
    decisions: dict[tuple[Any, ...], list[str]] = {}
    for one in rows:  # a decision is kept for each identifier of the person, and told once
        of = tuple(one[name] for name in ("decided_at", "purpose", "state", "method", "notice_version"))
        decisions.setdefault(of, []).append(_point(one, words))
    for (at, purpose, state, method, version), points in decisions.items():
        about = {"at": words.moment(at), "state": words.name("state", state), "method": words.name("method", method)}
        lines = [words.say("consent.point", point=", ".join(dict.fromkeys(points)))]
        if version and method != Method.GPC:  # a browser's signal comes with no notice shown
            lines.append(words.say("consent.notice", version=version))
        yield Entry(words.say("consent.about", purpose=_named(purpose, words), **about), lines)


def stands_now(consent: Mapping[str, ConsentStatus], words: Words) -> Iterator[Entry]:
    """What counts today, for each purpose that the person decided about."""
    for purpose, one in consent.items():
        if one.decided_at is not None:
            key = "consent.stands_on" if one.permits else "consent.stands_off"
            state = words.name("state", one.state)
            yield Entry(words.say(key, purpose=_named(purpose, words), state=state, at=words.moment(one.decided_at)))


def _dial(rows: Rows, words: Words) -> Iterator[Entry]:
    said = dict.fromkeys(  # a statement is kept under each record of the person, and told once
        tuple(one[name] for name in ("stated_at", "topic", "position", "channel", "stated_through")) for one in rows
    )
    for at, topic, position, channel, through in said:
        about = {"at": words.moment(at), "position": position}
        heading = (
            words.say("dial.overall", **about)
            if topic is None
            else words.say("dial.topic", **about, topic=topic.replace("_", " "))
        )
        source, role = words.source(channel), words.name("role", through)
        yield Entry(heading, [words.say("dial.through", source=source, role=role)])


def _suggestions(rows: Rows, words: Words) -> Iterator[Entry]:
    told = dict.fromkeys(
        tuple(one[name] for name in ("given_on", "suggestion", "rule", "outcome", "reason")) for one in rows
    )
    summaries = {one.id: one.summary.model_dump()[words.language] for one in published_words().suggestions}
    for on, _, rule, outcome, reason in told:
        heading = words.say("suggestion.line", at=words.day(on), summary=summaries.get(rule, rule.replace("_", " ")))
        lines = [words.name("suggestion_outcome", outcome)]
        yield Entry(heading, lines + ([words.name("suggestion_reason", reason)] if reason else []))


def _milestones(rows: Rows, words: Words) -> Iterator[Entry]:
    told = dict.fromkeys(  # a mark is kept under each record that says since when, and told once
        tuple(one[name] for name in ("milestone", "years", "day", "seen_at")) for one in rows
    )
    for milestone, years, day, seen_at in told:
        about = {"on": words.day(day)} | ({"years": years} if years else {})
        seen = words.say("milestone.seen", at=words.moment(seen_at))
        yield Entry(words.say(f"milestone.{milestone}", **about), [seen])


def _conversations(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        heading = words.say(
            "conversation.line",
            at=words.moment(one["at"]),
            what=words.name("entry", one["kind"]),
            role=words.name("role", one["said_by"]),
            source=words.source(one["channel"]),
        )
        name = one["name"].replace("_", " ") if one["name"] else words.name("entry", one["kind"])
        lines = [words.say("profile.value", field=name, value=one["text"])] if one["text"] else []
        if one["outcome"]:
            lines.append(words.say("profile.value", field=name, value=words.name("outcome", one["outcome"])))
        if one["due_on"]:
            lines.append(words.say("conversation.due", due=words.day(one["due_on"])))
        yield Entry(heading, lines)


def _handoffs(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        role, why = words.name("role", one["requested_through"]), words.name("why", one["why"])
        heading = words.say("handoff.line", at=words.moment(one["requested_at"]), role=role, why=why)
        lines = [
            words.say("profile.value", field=words.moment(step["at"]), value=words.name("handoff_state", step["state"]))
            for step in one["steps"]
        ]
        if one["contact_point"]:
            kind = words.name("identifier", one["contact_kind"])
            lines.append(words.say("profile.value", field=kind, value=one["contact_point"]))
        yield Entry(heading, lines)


def _determinations(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        values = {"at": words.day(one["decided_at"]), "purpose": _named(one["purpose"], words)}
        lines = [words.say("determination.grounds", reason=one["reason"])]
        if one["ended_at"]:
            lines.append(words.say("determination.ended", at=words.day(one["ended_at"])))
        elif one["kind"] == DeterminationKind.COMPELLING_GROUNDS:
            lines.append(words.say("determination.contest"))
        yield Entry(words.say(f"determination.{one['kind']}", **values), lines)


def _point(one: Mapping[str, Any], words: Words) -> str:
    kind, value = one["contact_kind"] or one["identifier_kind"], one["contact_point"] or one["identifier"]
    return words.record(value) if kind == "record" else f"{words.name('identifier', kind)} {value}"


def _reads(rows: Rows, words: Words) -> Iterator[Entry]:
    counts = Counter((words.day(one["at"]), one["role"], one["purpose"]) for one in reversed(rows))
    for (at, role, purpose), times in counts.items():
        line = "read.line" if times == 1 else "read.times"
        yield Entry(words.say(line, at=at, role=words.name("role", role), purpose=_named(purpose, words), n=times))


def _requests(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        kind, state = words.name("kind", one["kind"]), words.name("request_state", one["state"])
        lines = [
            words.say("profile.value", field=words.day(step["at"]), value=words.name("step", step["step"]))
            for step in one["steps"]
        ]
        if one["state"] not in ("done", "refused"):
            lines.append(words.say("request.due", due=words.day(one["due_on"])))
        yield Entry(words.say("request.line", kind=kind, at=words.day(one["received_at"]), state=state), lines)


def _identity(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        pair = {"left": words.record(one["left_id"]), "right": words.record(one["right_id"])}
        if one["rule"] == "person_model":
            yield Entry(words.say("match.alike" if one["weight"] >= 0 else "match.unlike", **pair))
        elif one["tier"] == "deterministic":
            kind = words.name("identifier", one["rule"].removeprefix("same_"))
            yield Entry(words.say("match.shared", **pair, kind=kind))
        else:
            yield Entry(words.say("match.other", **pair))


def _history(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        named = "; ".join(words.record(record) for record in one["records"]) or words.say("history.no_records")
        by = words.name("role", one["by"])
        yield Entry(words.say(f"history.{one['kind']}", at=words.day(one["at"]), records=named, by=by))


def _messages(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        message = one["item"]
        what = words.name("type", str(message.get("event") or message.get("type") or "message"))
        lines = [
            words.say("profile.value", field=words.field(str(name)), value=words.value(value))
            for part in ("traits", "properties")
            for name, value in (message.get(part) if isinstance(message.get(part), dict) else {}).items()
            if not isinstance(value, dict | list)
        ]
        at = words.moment(one["received_at"])
        yield Entry(words.say("message.line", at=at, source=words.source(one["source"]), what=what), lines)


def _rectifications(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        values = {"at": words.day(one["decided_at"]), "field": words.field(one["field"])}
        yield Entry(words.say("rectified.line", **values, value=words.value(one["value"])))


def _restrictions(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        values = {"record": words.record(one["record_id"]), "at": words.day(one["since"])}
        ended = one["lifted_at"]
        line = words.say("restricted.lifted", **values, until=words.day(ended)) if ended else None
        yield Entry(line or words.say("restricted.since", **values))


def _training_tables(rows: Rows, words: Words) -> Iterator[Entry]:
    for one in rows:
        values = {"at": words.day(one["extracted_at"]), "purpose": _named(one["purpose"], words)}
        yield Entry(words.say("training_table.recalled" if one["recalled"] else "training_table.line", **values))


def _named(purpose: str, words: Words) -> str:
    known = published_purposes().get(purpose)
    return known.name[words.language] if known else purpose.replace("_", " ")


PARTS: dict[str, Callable[[Rows, Words], Iterator[Entry]]] = {
    "profile": _profile,
    "identifiers": _identifiers,
    "records": _records,
    "timeline": _timeline,
    "features": _features,
    "consents": _consents,
    "dial": _dial,
    "suggestions": _suggestions,
    "milestones": _milestones,
    "conversations": _conversations,
    "conversation_notes": _conversations,
    "handoffs": _handoffs,
    "determinations": _determinations,
    "reads": _reads,
    "requests": _requests,
    "identity": _identity,
    "identity_history": _history,
    "live_messages": _messages,
    "rectifications": _rectifications,
    "restrictions": _restrictions,
    "training_tables": _training_tables,
}
