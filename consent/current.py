"""Which of a person's consent events counts: the latest per identifier, the most restrictive across them.

A merge therefore never overrules a refusal, and an unmerge restores consent exactly: nothing is copied to a profile.
What a merge of an undecided identifier means, and why, is decision 0005.
"""

from collections.abc import Iterable
from datetime import datetime

from consent.model import ConsentEvent
from contracts.identifiers import Identifier


def current_event(events: Iterable[ConsentEvent], purpose: str, now: datetime) -> ConsentEvent | None:
    """The event that decides about this purpose at `now`, or None where the person has not decided.

    The order of the events does not matter; an identifier about which nothing was decided says nothing.
    """
    latest: dict[Identifier, ConsentEvent] = {}
    for event in events:
        if event.purpose != purpose or event.decided_at > now:
            continue
        known = latest.get(event.identifier)
        if known is None or _later(event) > _later(known):
            latest[event.identifier] = event
    return max(latest.values(), key=_more_restrictive, default=None)


def _later(event: ConsentEvent) -> tuple[datetime, int, str]:
    return event.decided_at, event.state.restrictiveness, event.consent_id


def _more_restrictive(event: ConsentEvent) -> tuple[int, datetime, str]:
    return event.state.restrictiveness, event.decided_at, event.consent_id
