"""The answer to a request as a letter: by kind and outcome, in the person's language, as a page or as plain text."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from consent.requests import PrivacyRequest, RequestKind, RequestState
from profile_api.privacy_requests.wording import Words

Outcome = Literal["received", "checked", "extended", "done", "lifting", "lifted", "refused", "nothing_found"]

OUTCOMES: dict[RequestState, Outcome] = {
    RequestState.RECEIVED: "received",
    RequestState.IDENTITY_CHECKED: "checked",
    RequestState.IN_PROGRESS: "checked",
    RequestState.EXTENDED: "extended",
    RequestState.DONE: "done",
    RequestState.REFUSED: "refused",
}
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(), undefined=StrictUndefined
)


@dataclass(frozen=True)
class Letter:
    """What a letter says."""

    date: str
    sender: list[str]
    subject: str
    paragraphs: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """As plain text, a paragraph a line."""
        return "\n\n".join(["\n".join(self.sender), self.date, self.subject, *self.paragraphs]) + "\n"

    def as_page(self, language: str) -> str:
        """As a page to print."""
        return _PAGES.get_template("letter.html").render(letter=self, language=language)


@dataclass(frozen=True)
class Answered:
    """What the letter is about; `reason` is what the person is told of why.

    `purposes` are what an objection has stopped, `goes_on` what it has not, each with the grounds for it.
    """

    reference: str
    kind: RequestKind
    outcome: Outcome
    received_at: datetime
    due_on: str
    name: str | None = None
    reason: str | None = None
    purposes: tuple[str, ...] = ()
    goes_on: tuple[tuple[str, str], ...] = ()

    @classmethod
    def to(cls, request: PrivacyRequest, outcome: Outcome, name: str | None, reason: str | None) -> "Answered":
        """The letter about a request with this outcome."""
        due = request.due_on.isoformat()
        return cls(request.request_id, request.kind, outcome, request.received_at, due, name, reason)


def written(about: Answered, words: Words, now: datetime) -> Letter:
    """The letter in these words."""
    of, say = words.controller, words.say
    at = {"at": words.day(about.received_at), "due": words.day(about.due_on)}
    body = [say("letter.received" if about.outcome == "checked" else f"letter.{about.outcome}", **at)]
    if about.outcome in ("received", "checked"):
        body.append(say("letter.identity" if about.outcome == "received" else "letter.checked"))
    if about.outcome == "done":
        if about.purposes or not about.goes_on:
            body.append(say(f"letter.done_{about.kind.value}", purposes=", ".join(about.purposes)))
        for purpose, grounds in about.goes_on:
            body.append(say("letter.outweighed", purpose=purpose, grounds=grounds))
    if about.reason and about.outcome in ("extended", "refused", "lifting", "lifted"):
        body.append(say("letter.reason", reason=about.reason))
    if about.outcome not in ("received", "checked"):
        authority = {"name": of.authority.name.in_(words.language), "address": of.authority.address}
        body += [say("complaint.us", contact=of.contact), say("complaint.authority", **authority)]
        body.append(say("complaint.court"))
    greeting = say("letter.salutation", name=about.name) if about.name else say("letter.salutation_unknown")
    kind = words.name("kind", about.kind.value)
    return Letter(
        date=words.day(now),
        sender=[of.name, of.address, of.contact],
        subject=say("letter.subject", kind=kind, reference=about.reference),
        paragraphs=[greeting, *body, say("letter.closing"), of.name],
    )
