"""Consent preferences in live events: recorded in the ledger if they are decisions.

Client libraries send the current preferences with every event. A repeated preference of a device is not a decision,
nor is a device's first yes after somebody decided: a stale page, or a default, takes no withdrawal back (decision
0028). A decision belongs to the signed-in user, else to the device: on a shared device it binds nobody else. An
unproven message can only refuse, for its own browser, purposes based on consent.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from consent.ledger import Entry, append, contact_point_of, read
from consent.model import ConsentState, LegalBasis, Method
from consent.purposes import published_purposes
from consent.signals import object_by_gpc
from contracts.assurance import Proof
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from read_model.live.categories import decisions
from read_model.live.item import Item

A_WHILE, MOST_CHANGES = timedelta(hours=1), 10
"""How often one purpose may be decided about in a period before a yes is not recorded any more, since each is a
permanent row. A no always is, so that the last state errs on the safe side."""

Decided = set[tuple[Identifier, str]]
"""The identifier and purpose of a decision."""
Stands = defaultdict[tuple[Identifier, str], "Stand"]


@dataclass
class Stand:
    """The last decision about a purpose by both clocks: a no counts whenever it was decided, a yes only if decided
    after every no. `by_banner`: the current yes came with a page, and not from the person directly."""

    allowed: bool | None = None
    refused_at: datetime | None = None
    by_banner: bool = False
    lately: int = 0

    def hear(self, at: datetime, allowed: bool, by_banner: bool = False) -> bool:
        """Whether this changes the last decision; if so, it becomes the last one."""
        if not allowed:
            self.refused_at = max(at, self.refused_at or at)
        news = self.allowed is not allowed and (not allowed or self.refused_at is None or at > self.refused_at)
        if news:
            self.allowed, self.by_banner = allowed, allowed and by_banner
        return news


def record_decisions(connection: Connection, items: Iterable[Item]) -> Decided:
    """Appends the new decisions of these messages, one after the other; returns their identifiers and purposes."""
    deciding = [(item, who) for item in items if (item.gpc or item.news) and (who := decider(item)) is not None]
    if not deciding:
        return set()
    stands = _stands(connection, {who for _, who in deciding}, min(item.received_at for item, _ in deciding) - A_WHILE)
    new: Decided = set()
    signalled: set[Identifier] = set()
    for item, who in deciding:
        if item.gpc:
            new |= {(who, purpose) for purpose in _object(connection, item, who, stands, who not in signalled)}
            signalled.add(who)
        entries = [
            _entry(item, who, purpose, allowed)
            for purpose, allowed in decisions(item.source, item.event.consent).items()
            if purpose in item.news and _is_decision(item, purpose, allowed, stands[who, purpose])
        ]
        if append(connection, entries, item.received_at):
            new |= {(who, entry.purpose) for entry in entries}
    return new


def _stands(connection: Connection, of: set[Identifier], since: datetime) -> Stands:
    stands: Stands = defaultdict(Stand)
    for one in read(connection, of):  # in the order in which they were received
        stand = stands[one.identifier, one.purpose]
        stand.hear(one.decided_at, one.state.permits, one.method is Method.BANNER)
        stand.lately += one.received_at is not None and one.received_at > since
    return stands


def _object(connection: Connection, item: Item, who: Identifier, stands: Stands, first: bool) -> set[str]:
    """The objections of Global Privacy Control: the first one, and again after a yes that only came with a page."""
    purposes = [one.id for one in published_purposes().values() if one.gpc]
    again = [one for one in purposes if stands[who, one].allowed and stands[who, one].by_banner]
    if not first and not again:
        return set()
    at = item.event.occurred_at
    made = object_by_gpc(connection, [who], at, item.received_at, item.source.name, again)
    for purpose in made:
        stands[who, purpose].hear(at, False)
    return made


def _is_decision(item: Item, purpose: str, allowed: bool, stand: Stand) -> bool:
    """Whether a page's preference is a decision, as opposed to a default or a repetition.

    A no is one if it is new. A yes is one if the device said no before, or if nothing was decided yet; never under
    Global Privacy Control, which only the person can override directly.
    """
    if not may_decide(item, purpose, allowed):
        return False
    if allowed:
        before = item.news[purpose]
        if (item.gpc and published_purposes()[purpose].gpc) or stand.lately >= MOST_CHANGES:
            return False
        if before is None and stand.allowed is not None:
            return False
    if not stand.hear(item.event.occurred_at, allowed, by_banner=True):
        return False
    stand.lately += 1
    return True


def decider(item: Item) -> Identifier | None:
    """Whose decision it is: the signed-in user's, else the device's; the browser's own for an unproven message."""
    identifiers: list[Identifier] = item.row.identifiers
    wanted = ("visitor_id",) if item.proof is Proof.NONE else (item.source.user_kind, "device_id")
    return next((one for kind in wanted for one in identifiers if one.kind == kind), None)


def may_decide(item: Item, purpose: str, allowed: bool) -> bool:
    """Whether a message's proof suffices for this decision: a no to a purpose based on consent needs none."""
    if item.proof is not Proof.NONE:
        return True
    return not allowed and published_purposes()[purpose].legal_basis is LegalBasis.CONSENT


def _entry(item: Item, who: Identifier, purpose: str, allowed: bool) -> Entry:
    content = (item.source.name, item.event.message_id, who.kind, who.value, purpose)
    return Entry(
        identifier=who,
        purpose=purpose,
        state=ConsentState.GIVEN if allowed else ConsentState.REFUSED,
        decided_at=item.event.occurred_at,
        channel=item.source.name,
        decided_through=item.source.name,
        method=Method.BANNER,
        recorded_by=item.source.name,
        contact_point=contact_point_of(purpose, who),
        notice_version=published_purposes()[purpose].notice_version,
        given_id=keyed("consent live", *content),
    )
