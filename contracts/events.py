"""The event model of live collection, in the Segment spec: what a message must be, and what it says in our terms.

The same reading serves the request that accepts a message, the projection that shows it at once, and the batch that
takes it into the lake: all three see one event id, one instant and one set of values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from contracts.assurance import Proof
from contracts.broken_ids import is_broken_id
from contracts.dates import parse_instant
from contracts.dialects import in_one_form
from contracts.event_values import amount_of, event_slug, short_text, snake
from contracts.identifiers import is_nothing
from contracts.live_keys import claimant_key, own_message_id, user_key, visitor_id, visitor_key
from contracts.names import clean
from contracts.preferences import lent, preferences, said_of_consent

CALLS = ("identify", "track", "page", "screen", "alias", "group")
LARGEST_ITEM = 32 * 1024
LARGEST_BATCH = 500 * 1024
MOST_ITEMS = 2_500
DEEPEST = 16
LONGEST_ID = 255
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far a message's corrected time may be in the future; it then counts as of its arrival."""
WRONG_CLOCK = timedelta(days=3_650)
"""How far a sender's clock may be ahead. It may be behind by any amount: without a battery it starts in 1970."""

# Track events of the e-commerce spec whose meaning the features know; any other event's type is its name as a slug.
KNOWN_EVENTS = {"order_completed": "order", "order_refunded": "order"}
CONTACTS = ("email", "phone")


class RefusedItem(ValueError):
    """A message that is not valid; the text says what was expected and repeats no value."""


class Message(msgspec.Struct, rename="camel", frozen=True):
    """A message as it arrives; missing fields are None."""

    type: str | None = None
    message_id: str | None = None
    anonymous_id: str | int | None = None
    user_id: str | int | None = None
    previous_id: str | int | None = None
    group_id: str | int | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    traits: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    context: dict[str, Any] | None = None


@dataclass(frozen=True)
class LiveEvent:
    """An accepted message in our terms.

    `key` names the person's record: the proven user's, else the visitor's. `previous_id` is None, and `contacts_proven`
    empty, where the message proves nothing. `later` is a browser whose visitor became somebody's before.
    """

    message_id: str
    proof: Proof
    call: str
    type: str
    occurred_at: datetime
    key: str
    user_id: str | None
    anonymous_id: str | None
    previous_id: str | None
    intent: str | None
    amount: float | None
    traits: dict[str, Any]
    external_ids: dict[str, str]
    properties: dict[str, Any]
    consent: dict[str, bool]
    contacts_proven: frozenset[str] = frozenset()
    later: bool = False

    def visitor(self, source: str) -> str | None:
        """The identifier of the browser that it came from."""
        return visitor_id(source, self.anonymous_id, self.later) if self.anonymous_id else None


def read_message(
    raw: bytes | msgspec.Raw, call: str | None = None, shared: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Message, list[str]]:
    """A message as plain data and as the model, and what could not be understood of consent.

    Its path may imply the type, its batch lend it a `context`.
    """
    if memoryview(raw).nbytes > LARGEST_ITEM:
        raise RefusedItem(f"expected a message of at most {LARGEST_ITEM} bytes, found a larger one")
    try:
        plain = msgspec.json.decode(raw)
        if not isinstance(plain, dict):
            raise RefusedItem("expected a JSON object, found another JSON value")
        plain = in_one_form(plain)
        if call:
            plain["type"] = call
        unread: list[str] = []
        if isinstance(own := plain.get("context") or {}, dict):
            unread = [warning for one in (own, shared) if one for warning in said_of_consent(one).unread]
            plain |= {"context": lent(shared, own)} if shared else {}
        _check_tree(plain)  # the batch's context is as unchecked as the message itself
        return plain, msgspec.convert(plain, Message), unread
    except RecursionError:
        raise RefusedItem(f"expected at most {DEEPEST} levels of nesting, found more") from None
    except msgspec.ValidationError as error:
        raise RefusedItem(str(error)) from None
    except (msgspec.DecodeError, UnicodeError):
        raise RefusedItem("expected JSON in UTF-8 without lone surrogates, found something else") from None


def live_event(
    message: Message,
    proof: Proof,
    received_at: datetime,
    sent_at: str | None = None,
    event_types: Mapping[str, str] = KNOWN_EVENTS,
) -> LiveEvent:
    """The event of a message; RefusedItem if it is not one. `sent_at` is its batch's."""
    if message.type not in CALLS:
        raise RefusedItem(f"type: expected one of {', '.join(CALLS)}, found another or none")
    user_id, anonymous_id = read_id(message.user_id, "userId"), read_id(message.anonymous_id, "anonymousId")
    previous_id = read_id(message.previous_id, "previousId")
    key = _key(proof, user_id, anonymous_id)
    if key is None:
        raise RefusedItem("userId, anonymousId: expected one of them, found neither, or a word that means none")
    if message.type == "alias" and previous_id is None:
        raise RefusedItem("previousId: expected the id that the person had before, found none")
    group_id = read_id(message.group_id, "groupId")
    if message.type == "group" and group_id is None:
        raise RefusedItem("groupId: expected the id of the group, found none")
    if message.type == "track" and not (message.event or "").strip():
        raise RefusedItem("event: expected the name of what happened, found none")
    if message.message_id == "":
        raise RefusedItem(f"messageId: expected 1 to {LONGEST_ID} characters, found none")
    message_id = read_id(message.message_id, "messageId") or str(uuid4())
    context = message.context or {}
    named = snake(message.properties or {})
    slug = event_slug(message.event) if message.type == "track" else message.type
    of_group = message.type == "group"  # its traits are the group's; the person's are in its context
    traits = snake(_part(context, "traits")) | ({} if of_group else snake(message.traits or {}))
    stated = message.type == "identify" or bool(_part(context, "traits"))
    properties = {"event": message.event, "name": message.name, "category": message.category} | named
    if of_group:
        properties |= {"group_id": group_id, "group_name": (message.traits or {}).get("name")}
    return LiveEvent(
        message_id=own_message_id(proof, key, message_id, preferences(context)),
        proof=proof,
        call=message.type,
        type=event_types.get(slug, slug),
        occurred_at=corrected(message, received_at, sent_at),
        key=key,
        user_id=user_id,
        anonymous_id=anonymous_id,
        previous_id=None if proof is Proof.NONE else previous_id,
        intent=short_text(named.get("intent")),
        amount=amount_of(named, slug),
        traits=traits if stated else {},
        external_ids=dict(_external_ids(context)),
        properties={name: value for name, value in properties.items() if value is not None},
        consent=preferences(context),
        contacts_proven=_proven(context) if proof is Proof.SERVER else frozenset(),
    )


def _key(proof: Proof, user_id: str | None, anonymous_id: str | None) -> str | None:
    """The key of the message's person record: the user's only if the user is proven."""
    if user_id and proof is not Proof.NONE:
        return user_key(user_id)
    if anonymous_id:
        return visitor_key(anonymous_id)
    return claimant_key(user_id) if user_id else None


def corrected(message: Message, received_at: datetime, sent_at: str | None) -> datetime:
    """When it happened by our clock: `timestamp` corrected by the error of the sender's clock at sending.

    A time that is still in the future counts as the arrival, since features ignore future events.
    """
    stated = message.timestamp or message.original_timestamp
    if stated is None:
        return received_at
    happened = _instant(stated, "timestamp")
    sent = instant_of_sending(message.sent_at) or instant_of_sending(sent_at)
    ahead = sent - received_at if sent else timedelta(0)
    if max(ahead, happened - received_at) > WRONG_CLOCK:
        raise RefusedItem("timestamp, sentAt: expected a clock that is less than ten years ahead, found another")
    try:
        moment = happened - ahead
    except OverflowError:
        moment = EARLIEST - AHEAD
    if moment > received_at + AHEAD:
        raise RefusedItem("timestamp: expected a moment that is past, found one that lies more than a day ahead")
    if moment < EARLIEST:
        raise RefusedItem("timestamp: expected a moment since 1970, found an earlier one")
    return min(moment, received_at)


def read_id(given: str | int | None, name: str) -> str | None:
    """An id as every part of the service reads it: without odd blanks and invisible characters; None for none."""
    text = clean(str(given)) if given is not None else ""
    if len(text) > LONGEST_ID:
        raise RefusedItem(f"{name}: expected at most {LONGEST_ID} characters, found more")
    return None if is_nothing(text) or is_broken_id(text) else text


def _instant(text: str, name: str) -> datetime:
    try:
        return parse_instant(text, "iso")
    except ValueError:
        raise RefusedItem(f"{name}: expected an ISO 8601 date and time, found something else") from None


def instant_of_sending(text: str | None) -> datetime | None:
    """The time of sending by the sender's clock; None, for no correction, if it can't be read."""
    try:
        return _instant(text, "sentAt") if text else None
    except RefusedItem:
        return None


def _part(context: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = context.get(name)
    return found if isinstance(found, dict) else {}


def _external_ids(context: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`context.externalIds`: identifiers of other kinds, such as the phone that a bot talks to."""
    listed = context.get("externalIds")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("type"), str) and isinstance(one.get("id"), str | int):
            yield event_slug(one["type"]), str(one["id"])


def _proven(context: Mapping[str, Any]) -> frozenset[str]:
    """`context.verified`: the contact points of this message that the server has proven, as by a double opt-in."""
    listed = context.get("verified")
    return frozenset(one for one in CONTACTS if isinstance(listed, list) and one in listed)


def _check_tree(plain: Any) -> None:
    """Refuses characters that the database cannot store, and too deep nesting."""
    waiting: list[tuple[Any, int]] = [(plain, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise RefusedItem(f"expected at most {DEEPEST} levels of nesting, found more")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
        elif isinstance(value, str):
            if "\x00" in value:
                raise RefusedItem("expected text without NUL characters, found one")
            value.encode()
        elif isinstance(value, int | float) and not abs(value) < 1e300:
            raise RefusedItem("expected finite numbers, found one that is not")
