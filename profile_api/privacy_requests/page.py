"""The bundle as a page to read: what is kept of a person and why, in sentences (Art. 12 and 15 GDPR).

The rows are those of the bundle's files; nothing is on the page that is not the person's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from consent.model import Purpose, Role
from contracts.categories import Category
from profile_api.privacy_requests.queries.bundle import Rows
from profile_api.privacy_requests.sections import PARTS, Entry, stands_now
from profile_api.privacy_requests.wording import Words
from profile_api.responses.views import ConsentStatus

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape(), undefined=StrictUndefined
)


@dataclass(frozen=True)
class Told:
    """What the page is made of: the bundle's rows, what they are used for, and until when by what is known now.

    `ends` is by purpose and category; `systems` are hosts that are told of changes, each with the purpose.
    """

    parts: Mapping[str, Rows]
    purposes: Mapping[str, Purpose]
    ends: Mapping[str, Mapping[Category, datetime]]
    systems: list[tuple[str, str]]
    made_at: datetime
    consent: Mapping[str, ConsentStatus] = field(default_factory=dict)


def rendered(told: Told, words: Words, other: str) -> str:
    """The page in one language; `other` is the file with the other one."""
    sections = [(name, words.say(f"sections.{name}"), list(items)) for name, items in _sections(told, words)]
    page = TEMPLATES.get_template("bundle.html")
    made = words.say("page.made", controller=words.controller.name, at=words.moment(told.made_at))
    return page.render(sections=sections, say=words.say, language=words.language, made=made, other=other)


def _sections(told: Told, words: Words) -> Iterator[tuple[str, Iterator[Entry]]]:
    yield "controller", _controller(words)
    yield "purposes", _purposes(told, words)
    yield "recipients", _recipients(told, words)
    for name, tell in PARTS.items():
        if name in told.parts and name == "consents" and told.consent:
            yield name, chain(stands_now(told.consent, words), tell(told.parts[name], words))
        elif name in told.parts:
            yield name, tell(told.parts[name], words)
        if name == "features" and name in told.parts:
            yield "automated", (Entry(one) for one in words.paragraphs("automated"))
    yield "rights", (Entry(one) for one in words.paragraphs("rights"))
    yield "complaint", _complaint(words)


def _controller(words: Words) -> Iterator[Entry]:
    of = words.controller
    yield Entry(words.say("controller.who", name=of.name, address=of.address))
    yield Entry(words.say("controller.contact", contact=of.contact))
    yield Entry(words.say("controller.officer", officer=of.officer))
    yield Entry(words.say("controller.transfers", transfers=of.transfers.in_(words.language)))


def _purposes(told: Told, words: Words) -> Iterator[Entry]:
    for one in told.purposes.values():
        text, name = one.text[words.language], one.name[words.language]
        if one.refused:
            yield Entry(name, [words.say("purpose.refused", text=text)])
            continue
        others = [given.name for given in words.controller.recipients if given.serves(one.id)]
        roles = [words.name("role", role) for role in Role if role in one.roles]
        lines = [
            words.say("purpose.what", text=text),
            words.say("purpose.basis", basis=words.say(f"basis.{one.legal_basis.value}")),
            words.say("purpose.data", categories="; ".join(_category(words, each) for each in _ordered(one))),
            words.say("purpose.inside", roles=", ".join(roles)),
            *([words.say("purpose.recipients", recipients=", ".join(others))] if others else []),
            _kept(one, words),
        ]
        if ends := told.ends.get(one.id):
            lines.append(
                words.say(
                    "purpose.until_held" if one.all_held else "purpose.until", until=words.day(max(ends.values()))
                )
            )
        yield Entry(name, lines)


def _kept(purpose: Purpose, words: Words) -> str:
    usual = words.duration(purpose.retention)
    if purpose.all_held:
        return words.say("purpose.kept_held", kept=usual)
    others = [
        words.say("purpose.kept_other", category=_category(words, one), kept=words.duration(lasts))
        for one, lasts in purpose.retention_of.items()
    ]
    if not others:
        return words.say("purpose.kept", kept=usual)
    return words.say("purpose.kept_of", kept=usual, others="; ".join(others))


def _ordered(purpose: Purpose) -> list[Category]:
    return [one for one in Category if one in purpose.categories]


def _category(words: Words, category: Category) -> str:
    return words.name("category", category.value)


def _recipients(told: Told, words: Words) -> Iterator[Entry]:
    for one in words.controller.recipients:
        yield Entry(words.say("recipients.does", name=one.name, country=one.country, does=one.does.in_(words.language)))
    for host, purpose in told.systems:
        yield Entry(words.say("recipients.system", host=host, purpose=told.purposes[purpose].name[words.language]))
    yield Entry(words.say("recipients.nobody"))


def _complaint(words: Words) -> Iterator[Entry]:
    of = words.controller
    yield Entry(words.say("complaint.us", contact=of.contact))
    named = of.authority.name.in_(words.language)
    yield Entry(words.say("complaint.authority", name=named, address=of.authority.address))
    yield Entry(words.say("complaint.court"))
