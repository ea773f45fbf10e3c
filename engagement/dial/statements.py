"""What customers say about how they want to be served, and what of it is in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

PEOPLE_ALONE, SELF_SERVICE = 0, 100
"""The ends of the dial."""


@dataclass(frozen=True)
class Statement:
    """Where the person of a source record stands: overall, or on a topic.

    `stated_at` is by the sender's clock, `received_at` by ours. `channel` is where they said so, `stated_through` who
    took it down: a role of the service.
    """

    record_id: str
    topic: str | None
    position: int
    stated_at: datetime
    received_at: datetime
    channel: str
    stated_through: str

    def __post_init__(self) -> None:
        if not PEOPLE_ALONE <= self.position <= SELF_SERVICE:
            raise ValueError(f"expected a position from {PEOPLE_ALONE} to {SELF_SERVICE}, found {self.position}")

    @property
    def begins(self) -> datetime:
        """When it takes effect: at once where its sender's clock is ahead."""
        return min(self.stated_at, self.received_at)


@dataclass(frozen=True)
class Dial:
    """Where a person stands: overall, and on the topics about which they said something of their own."""

    overall: Statement | None
    topics: Mapping[str, Statement]

    def on(self, topic: str | None) -> int | None:
        """The position that counts for a topic, or overall; None if the person never said."""
        found = self.topics.get(topic, self.overall) if topic is not None else self.overall
        return found.position if found else None


def dial_of(statements: Iterable[Statement]) -> Dial:
    """The dial of a person, from the statements under all of their records, in any order.

    1. Under one record and topic one statement counts (`counting`).
    2. Under one record, what was said of a topic goes before what was said overall, whichever came later.
    3. Of what then counts under several records, the more human statement does.

    The second step is done before the third: a record with nothing of its own on a topic speaks of it with its
    overall statement. So whoever is merged is served on each topic as the more human of the two was.
    """
    of: dict[str, dict[str | None, list[Statement]]] = {}
    for one in statements:
        of.setdefault(one.record_id, {}).setdefault(one.topic, []).append(one)
    by_record = [{topic: counting(said) for topic, said in topics.items()} for topics in of.values()]

    def most_human(topic: str | None) -> Statement | None:
        found = [one for own in by_record if (one := own.get(topic) or own.get(None))]
        return min(found, key=_more_human, default=None)

    named = sorted({topic for own in by_record for topic in own if topic is not None})
    return Dial(most_human(None), {topic: found for topic in named if (found := most_human(topic))})


def counting(statements: Iterable[Statement]) -> Statement:
    """The one statement that counts of those under one record and topic.

    A statement holds if it was stated after, and received no earlier than, every more human one; of those that hold,
    the latest counts, and of two that are equally late the more human. A sender's clock is a claim: a move towards
    self-service that is dated in the future, or comes late, outlives no later word for people.
    """
    holding: list[Statement] = []
    more_human: list[Statement] = []
    for _, group in groupby(sorted(statements, key=lambda one: one.position), key=lambda one: one.position):
        alike = list(group)
        began = max((one.begins for one in more_human), default=None)
        received = max((one.received_at for one in more_human), default=None)
        holding += [
            one
            for one in alike
            if (began is None or one.stated_at > began) and (received is None or one.received_at >= received)
        ]
        more_human += alike
    return max(holding, key=lambda one: (one.begins, one.received_at, -one.position, *_told(one)))


def _more_human(statement: Statement) -> tuple[object, ...]:
    return statement.position, -statement.begins.timestamp(), -statement.received_at.timestamp(), *_told(statement)


def _told(statement: Statement) -> tuple[object, ...]:
    """What tells two statements apart that are alike otherwise, so that no order of reading matters."""
    return statement.stated_at, statement.channel, statement.stated_through, statement.record_id
