"""The record of processing activities (Art. 30 GDPR), from the files that the service itself decides by.

`python -m consent.processing [--language en] [--contracts DIR]`, or `make processing-record`: a Markdown document made
of purposes.yml, controller.yml, the channel contracts and the live sources, so that it always matches what is done.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from consent.controller import Controller, published_controller
from consent.model import Purpose
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.channel import Channel
from contracts.columns import Column
from contracts.identifiers import kind_of
from contracts.loading import load_channels
from contracts.roles import CATEGORY_OF
from contracts.settings import settings
from contracts.sources import EVENTS, load_sources, with_live

WORDS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "processing.yml").read_text(encoding="utf-8")
)


def record(
    purposes: Mapping[str, Purpose], controller: Controller, channels: Mapping[str, Channel], language: str
) -> str:
    """The record in one language, as Markdown."""
    return "\n".join(_lines(purposes, controller, channels, language)) + "\n"


def _lines(
    purposes: Mapping[str, Purpose], controller: Controller, channels: Mapping[str, Channel], language: str
) -> Iterator[str]:
    say = WORDS[language]
    yield f"# {say['title']}\n"
    yield f"- {say['controller']}{say['colon']}{controller.name}, {controller.address}, {controller.contact}"
    yield f"- {say['officer']}{say['colon']}{controller.officer}"
    yield f"- {say['authority']}{say['colon']}{controller.authority.name.in_(language)}, {controller.authority.address}"
    yield f"- {say['subjects']}"
    yield f"- {say['transfers']}{say['colon']}{controller.transfers.in_(language)}"
    yield f"- {say['measures']}{say['colon']}{controller.measures.in_(language)}\n"
    columns = ("purpose", "basis", "categories", "roles", "recipients", "retention")
    yield _row(say[one] for one in columns)
    yield _row("---" for _ in columns)
    for one in purposes.values():
        if not one.refused:
            yield _row(_activity(one, controller, language))
    yield f"\n## {say['refused']}\n"
    for one in purposes.values():
        if one.refused:
            yield f"- {one.name[language]} (`{one.id}`)"
    yield f"\n## {say['recipients']}\n"
    for given in controller.recipients:
        named = [purposes[one].name[language] for one in given.purposes] if given.purposes != "all" else []
        serves = ", ".join(named) or say["everybody"]
        yield f"- {given.name} ({given.country}){say['colon']}{given.does.in_(language)} ({serves})"
    yield f"\n## {say['sources']}\n"
    yield _row([say["source"], say["categories"]])
    yield _row(["---", "---"])
    held: dict[str, set[Category]] = defaultdict(set)
    for name, channel in sorted(channels.items()):
        held[name.removesuffix(EVENTS)] |= {found for _, column in channel.fields if (found := _category(column))}
    for name, categories in held.items():
        called = controller.sources[name].in_(language) if name in controller.sources else name
        yield _row([f"{called} (`{name}`)", _categories(categories, language)])


def _activity(purpose: Purpose, controller: Controller, language: str) -> Iterator[str]:
    say = WORDS[language]
    told = say["quoted"].format(f"{purpose.name[language]}. {purpose.text[language]}")
    yield f"{told} (`{purpose.id}`, {purpose.dpv})"
    yield say["bases"].get(purpose.legal_basis.value, "-")
    yield _categories(purpose.categories, language)
    yield ", ".join(sorted(say["role"][role.value] for role in purpose.roles))
    yield ", ".join(one.name for one in controller.recipients if one.serves(purpose.id)) or "-"
    others = [
        f"{say['category'][category]}{say['colon']}{_lasts(lasts, language)}"
        for category, lasts in purpose.retention_of.items()
    ]
    yield "; ".join([_lasts(purpose.retention, language), *others])


def _categories(categories: Collection[Category], language: str) -> str:
    return ", ".join(WORDS[language]["category"][one.value] for one in Category if one in categories)


def _lasts(duration: str, language: str) -> str:
    number = int(duration[1:-1])
    one, several = WORDS[language]["lasts"][duration[-1]]
    return f"{number} {one if number == 1 else several}"


def _category(column: Column) -> Category | None:
    if column.category:
        return column.category
    if column.is_ == "ignored":
        return None
    if column.is_ in CATEGORY_OF:
        return CATEGORY_OF[column.is_]
    return kind_of(column.kind or column.is_).category


def _row(cells: Iterator[str] | list[str]) -> str:
    return f"| {' | '.join(one.replace('|', '/') for one in cells)} |"


def main(args: list[str] | None = None) -> None:
    """Prints the record."""
    parser = argparse.ArgumentParser(prog="python -m consent.processing", description=__doc__)
    parser.add_argument("--language", choices=sorted(WORDS), default=published_controller().language)
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    channels = with_live(load_channels(given.contracts), load_sources(settings()))
    sys.stdout.write(record(published_purposes(), published_controller(), channels, given.language))


if __name__ == "__main__":
    main()
