"""What a browser or an app says of consent with its events: recorded in the ledger where it is a decision.

Client libraries stamp every event with the preferences that hold. What a device said before is no decision, and neither
is what a page says first after somebody decided: a stale page, or a default, takes no withdrawal back (decision 0028).
A decision belongs to who signed in, else to the device: what one person decides on a shared device binds nobody else.
A message that proves nothing can only refuse, for its own browser, what rests on consent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
from contracts.sources import Source
from profile_api.live.item import Item

A_WHILE, MOST_CHANGES = timedelta(hours=1), 10
"""How often one purpose may be decided about in a while before a yes is not taken down any more, each being a row for
ever. A no always is, so that who ends undecided ends on the safe side."""

Decided = set[tuple[Identifier, str]]
"""Under which identifier something was decided, about which purpose."""
Stands = defaultdict[tuple[Identifier, str], "Stand"]


@dataclass
class Stand:
    """What was said last of a purpose, as both clocks have it: a no counts whenever it was decided, a yes only where it
    was decided after every no. `by_banner`: the yes that stands came with a page, and not from the person's own act."""

    allowed: bool | None = None
    refused_at: datetime | None = None
    by_banner: bool = False
    lately: int = 0

    def hear(self, at: datetime, allowed: bool, by_banner: bool = False) -> bool:
        """Whether this is news; then it stands."""
        if not allowed:
            self.refused_at = max(at, self.refused_at or at)
        news = self.allowed is not allowed and (not allowed or self.refused_at is None or at > self.refused_at)
        if news:
            self.allowed, self.by_banner = allowed, allowed and by_banner
        return news


def record_decisions(connection: Connection, items: Iterable[Item]) -> Decided:
    """Appends what these messages decide anew, one after the other; returns what that is about."""
    said = [(item, who) for item in items if (item.gpc or item.news) and (who := decider(item)) is not None]
    if not said:
        return set()
    stands = _stands(connection, {who for _, who in said}, min(item.received_at for item, _ in said) - A_WHILE)
    new: Decided = set()
    signalled: set[Identifier] = set()
    for item, who in said:
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
    """The objections that Global Privacy Control makes: the first one, and again over what a page alone allowed."""
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
    """Whether what a page says of a purpose is a decision, and not what it says by default or out of habit.

    A no is, where it is news. A yes is where the device said no before, or where nothing was decided yet; never under
    Global Privacy Control, which only a person's own act overrides.
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
    """Whose decision it is: the user's who signed in, else the device's; of what proves nothing, the browser's own."""
    held: list[Identifier] = item.row.identifiers
    wanted = ("visitor_id",) if item.proof is Proof.NONE else (item.source.user_kind, "device_id")
    return next((one for kind in wanted for one in held if one.kind == kind), None)


def may_decide(item: Item, purpose: str, allowed: bool) -> bool:
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


def _entry(item: Item, who: Identifier, purpose: str, allowed: bool) -> Entry:
    told = (item.source.name, item.event.message_id, who.kind, who.value, purpose)
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
        given_id=keyed("consent live", *told),
    )
