"""The record of processing activities (Art. 30 GDPR), from what the service itself decides by.

`python -m consent.processing [--language en] [--contracts DIR]`, or `make processing-record`: a Markdown document made
of purposes.yml, controller.yml and the channel contracts, so that it can't say anything else than what is done.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from consent.controller import Controller, published_controller
from consent.durations import in_words
from consent.model import LegalBasis, Purpose
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.channel import CATEGORY_OF, Channel, Column
from contracts.identifiers import kind_of
from contracts.loading import load_channels
from contracts.settings import settings

TITLES = {
    "en": {
        "title": "Record of processing activities (Art. 30 GDPR)",
        "controller": "Controller",
        "officer": "Data protection officer",
        "authority": "Supervisory authority",
        "subjects": "Whose data: customers and prospects, and visitors of our sites and apps",
        "purpose": "Purpose",
        "basis": "Legal basis (Art. 6)",
        "categories": "Categories of data",
        "roles": "Who reads",
        "recipients": "Recipients",
        "retention": "Erased after",
        "transfers": "Transfers to third countries",
        "measures": "Security measures (Art. 32)",
        "sources": "Sources of the data",
        "source": "Source",
        "refused": "Refused to everybody, and recorded",
        "everybody": "all purposes",
    },
    "fr": {
        "title": "Registre des activités de traitement (art. 30 du RGPD)",
        "controller": "Responsable du traitement",
        "officer": "Délégué à la protection des données",
        "authority": "Autorité de contrôle",
        "subjects": "Personnes concernées : clients et prospects, visiteurs de nos sites et applications",
        "purpose": "Finalité",
        "basis": "Base légale (art. 6)",
        "categories": "Catégories de données",
        "roles": "Qui lit",
        "recipients": "Destinataires",
        "retention": "Effacement après",
        "transfers": "Transferts vers des pays tiers",
        "measures": "Mesures de sécurité (art. 32)",
        "sources": "Sources des données",
        "source": "Source",
        "refused": "Refusé à tous, et consigné",
        "everybody": "toutes les finalités",
    },
}


def record(
    purposes: Mapping[str, Purpose], controller: Controller, channels: Mapping[str, Channel], language: str
) -> str:
    """The record in one language, as Markdown."""
    return "\n".join(_lines(purposes, controller, channels, language)) + "\n"


def _lines(
    purposes: Mapping[str, Purpose], controller: Controller, channels: Mapping[str, Channel], language: str
) -> Iterator[str]:
    say = TITLES[language]
    yield f"# {say['title']}\n"
    yield f"- {say['controller']}: {controller.name}, {controller.address}, {controller.contact}"
    yield f"- {say['officer']}: {controller.officer}"
    yield f"- {say['authority']}: {controller.authority.name.in_(language)}, {controller.authority.address}"
    yield f"- {say['subjects']}"
    yield f"- {say['transfers']}: {controller.transfers.in_(language)}"
    yield f"- {say['measures']}: {controller.measures.in_(language)}\n"
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
        serves = say["everybody"] if given.purposes == "all" else ", ".join(given.purposes)
        yield f"- {given.name} ({given.country}): {given.does.in_(language)} ({serves})"
    yield f"\n## {say['sources']}\n"
    yield _row([say["source"], say["categories"]])
    yield _row(["---", "---"])
    for name, channel in sorted(channels.items()):
        called = controller.sources[name].in_(language) if name in controller.sources else name
        held = {category for column in channel.columns.values() if (category := _category(column))}
        yield _row([f"{called} (`{name}`)", ", ".join(one for one in Category if one in held)])


def _activity(purpose: Purpose, controller: Controller, language: str) -> Iterator[str]:
    yield f"{purpose.name[language]} (`{purpose.id}`, {purpose.dpv}): {purpose.text[language]}"
    yield purpose.legal_basis.value.replace("_", " ") if purpose.legal_basis is not LegalBasis.NONE else "-"
    yield ", ".join(one for one in Category if one in purpose.categories)
    yield ", ".join(sorted(role.value.replace("_", " ") for role in purpose.roles))
    yield ", ".join(one.name for one in controller.recipients if one.serves(purpose.id)) or "-"
    others = [f"{category}: {in_words(lasts)}" for category, lasts in purpose.retention_of.items()]
    yield "; ".join([in_words(purpose.retention), *others])


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
    parser.add_argument("--language", choices=sorted(TITLES), default=published_controller().language)
    parser.add_argument("--contracts", type=Path, default=settings().contracts_dir, help="folder of channel contracts")
    given = parser.parse_args(args)
    channels = load_channels(given.contracts)
    sys.stdout.write(record(published_purposes(), published_controller(), channels, given.language))


if __name__ == "__main__":
    main()
