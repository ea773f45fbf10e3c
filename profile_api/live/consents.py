"""What a browser or an app says of consent with its events: recorded in the ledger where it is news.

Client libraries stamp every event with the preferences that hold; only a change is a decision. It belongs to who
signed in, else to the device: what one person decides on a shared device binds nobody else. A message that proves
nothing can only refuse, for its own browser, what rests on consent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from consent.ledger import Entry, append, contact_point_of, read
from consent.model import ConsentState, LegalBasis, Method
from consent.purposes import published_purposes
from consent.signals import object_by_gpc
from contracts.assurance import Proof
from contracts.events import LiveEvent
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from contracts.sources import Source

A_WHILE, MOST_CHANGES = timedelta(hours=1), 10
"""How often one purpose may be decided about in a while before a yes is not taken down any more, each being a row for
ever. A no always is, so that who ends undecided ends on the safe side."""

Decided = set[tuple[Identifier, str]]
"""Under which identifier something was decided, about which purpose."""


class Heard(Protocol):
    """A message, as far as it may say something of consent."""

    @property
    def source(self) -> Source: ...

    @property
    def event(self) -> LiveEvent: ...

    @property
    def row(self) -> Any: ...

    @property
    def received_at(self) -> datetime: ...

    @property
    def gpc(self) -> bool: ...

    @property
    def proof(self) -> Proof: ...


@dataclass
class Stand:
    """What was said last of a purpose, as both clocks have it: a no counts whenever it was decided, a yes only where it
    was decided after every no."""

    allowed: bool | None = None
    refused_at: datetime | None = None

    def hear(self, at: datetime, allowed: bool) -> bool:
        """Whether this is news; then it stands."""
        if not allowed:
            self.refused_at = max(at, self.refused_at or at)
        news = self.allowed is not allowed and (not allowed or self.refused_at is None or at > self.refused_at)
        self.allowed = allowed if news else self.allowed
        return news


def record_preferences(connection: Connection, items: Iterable[Heard]) -> Decided:
    """Appends what `context.consent.categoryPreferences` decides anew; returns what that is about."""
    said = [(item, who) for item in items if item.event.consent and (who := decider(item)) is not None]
    if not said:
        return set()
    stands, lately = defaultdict[tuple[Identifier, str], Stand](Stand), Counter[tuple[Identifier, str]]()
    since = min(item.received_at for item, _ in said) - A_WHILE
    for one in read(connection, {who for _, who in said}):  # in the order in which they were received
        stands[one.identifier, one.purpose].hear(one.decided_at, one.state.permits)
        lately[one.identifier, one.purpose] += one.received_at is not None and one.received_at > since
    new: Decided = set()
    for item, who in said:
        at, entries = item.event.occurred_at, []
        for purpose, allowed in decisions(item.source, item.event.consent).items():
            if not may_decide(item, purpose, allowed) or (allowed and lately[who, purpose] >= MOST_CHANGES):
                continue
            if stands[who, purpose].hear(at, allowed):
                lately[who, purpose] += 1
                entries.append(_entry(item, who, purpose, allowed))
        if append(connection, entries, item.received_at):
            new |= {(who, entry.purpose) for entry in entries}
    return new


def record_gpc(connection: Connection, items: Iterable[Heard]) -> Decided:
    """Objects for everybody whose browser sent Global Privacy Control; returns what was objected to anew."""
    first: dict[Identifier, Heard] = {}
    for item in items:
        if item.gpc and (who := decider(item)) is not None:
            first.setdefault(who, item)
    new: Decided = set()
    for who, item in first.items():
        if object_by_gpc(connection, [who], item.event.occurred_at, item.received_at, item.source.name):
            new |= {(who, purpose.id) for purpose in published_purposes().values() if purpose.gpc}
    return new


def decider(item: Heard) -> Identifier | None:
    """Whose decision it is: the user's who signed in, else the device's; of what proves nothing, the browser's own."""
    held: list[Identifier] = item.row.identifiers
    wanted = ("visitor_id",) if item.proof is Proof.NONE else (item.source.user_kind, "device_id")
    return next((one for kind in wanted for one in held if one.kind == kind), None)


def may_decide(item: Heard, purpose: str, allowed: bool) -> bool:
    """Whether a message proves enough for this decision: a no to what rests on consent needs no proof."""
    if item.proof is not Proof.NONE:
        return True
    return not allowed and published_purposes()[purpose].legal_basis is LegalBasis.CONSENT


def decisions(source: Source, preferences: Mapping[str, bool]) -> dict[str, bool]:
    """Purpose -> allowed. Of several categories that stand for one purpose, each must be allowed."""
    found: dict[str, bool] = {}
    known = published_purposes()
    for category, allowed in preferences.items():
        for purpose in source.consent.get(category, [category]):
            if purpose in known and not known[purpose].refused:
                found[purpose] = found.get(purpose, True) and allowed
    return found


def _entry(item: Heard, who: Identifier, purpose: str, allowed: bool) -> Entry:
    told = (item.source.name, item.event.message_id, who.kind, who.value, purpose)
    return Entry(
        identifier=who,
        purpose=purpose,
        state=ConsentState.GIVEN if allowed else ConsentState.REFUSED,
        decided_at=item.event.occurred_at,
        channel=item.source.name,
        decided_through=item.source.name,
        method=Method.FORM,
        recorded_by=item.source.name,
        contact_point=contact_point_of(purpose, who),
        notice_version=published_purposes()[purpose].notice_version,
        given_id=keyed("consent live", *told),
    )
