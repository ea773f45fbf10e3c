"""What is handed over with a conversation, entry by entry, and why a person is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Why(StrEnum):
    """Why a person is asked for."""

    ASKED = "asked"
    DISTRESS = "distress"
    DANGER = "danger"
    FAILED_ATTEMPTS = "failed_attempts"
    BEYOND_THE_BOT = "beyond_the_bot"
    RULE = "rule"
    DIAL = "dial"
    LAW = "law"
    COLLEAGUE = "colleague"


class VerifiedBy(StrEnum):
    """How whoever asks for a person knows that the customer is who they say."""

    NOTHING = "nothing"
    LOGIN = "login"
    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"


class EntryKind(StrEnum):
    """What an entry of a conversation is.

    `message`: something said. `slot`: something that has to be known, with its value once it is. `tried`: a step that
    was tried. `promise`: something promised, until a day. `summary`: what it is about, for whoever takes over.
    """

    MESSAGE = "message"
    SLOT = "slot"
    TRIED = "tried"
    PROMISE = "promise"
    SUMMARY = "summary"


class Outcome(StrEnum):
    """How a step that was tried ended."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class ConversationEntry:
    """One entry; `name` is that of the slot, or of the step, or of the slot that a message answers."""

    kind: EntryKind
    at: datetime
    said_by: str
    text: str | None = None
    name: str | None = None
    outcome: Outcome | None = None
    due_on: date | None = None


def answered(entries: Iterable[ConversationEntry]) -> dict[str, str]:
    """The slots with an answer, by name; what was said last counts, in whichever kind of entry."""
    given = [one for one in entries if one.kind in (EntryKind.SLOT, EntryKind.MESSAGE) and one.name and one.text]
    return {str(one.name): str(one.text) for one in sorted(given, key=lambda one: one.at)}


def still_open(entries: Iterable[ConversationEntry]) -> list[str]:
    """The slots that nothing in the conversation answers: all that may still be asked."""
    known = list(entries)
    wanted = dict.fromkeys(str(one.name) for one in known if one.kind is EntryKind.SLOT)
    return [name for name in wanted if name not in answered(known)]
