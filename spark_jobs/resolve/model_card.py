"""The card of a person model: what it was trained on, what it compares, how it decides, and what it can't do."""

import argparse
import json
from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from contracts.settings import settings
from identity.matching.comparisons import COMPARISONS
from identity.matching.model import PersonModel, load, prior_bits, probability
from identity.matching.rules import SHIPPED
from lake.session import spark_session
from spark_jobs.resolve.lake_model import current_model
from spark_jobs.resolve.splink_model import save_charts

TEMPLATES = Path(__file__).parent / "templates"

# What each comparison looks at, in words.
COMPARED: dict[str, str] = {
    "given_name": "Given names without case and accents: equal, short for one another, misspelt, another name in use"
    " that is alike, exchanged with the family name, or an initial. An equal name weighs by how rare it is.",
    "middle_name": "Further given names, or their initials.",
    "family_name": "Family names: equal, misspelt, one of two surnames, or alike in sound. An equal name weighs by how"
    " rare it is.",
    "birth": "Birth dates as they were typed, character by character; else birth years; else a year in the mailbox. A"
    " date that many people have weighs by how common it is.",
    "email": "Mail addresses, by how many people share one; else how alike the mailboxes are. Mailboxes that are no"
    " more than the name say nothing new, and are left out.",
    "mailbox_and_name": "A mailbox against a name, where one of the two records has no given name.",
    "phone": "Phone numbers in E.164, by how many people share one.",
    "address": "Street, number, unit, postcode and city as one, since they move together.",
    "national_id": "National ids; two typing errors are forgiven.",
    "external_id": "Customer, account and card numbers.",
    "device": "Devices: a household's as often as a person's.",
    "gender": "Gender, as far as a title or a column tells.",
}
LIMITS = (
    "Relatives: twins who share a first letter and every contact, unless their names are alike and both known as names"
    " in use, and fathers and sons of one name without birth dates, cannot be told apart.",
    "A person who changes name, address, mailbox and phone between two records leaves nothing to compare.",
    "The comparisons are independent given the explanation; where columns repeat each other, weights come out too high."
    " Address parts and mailbox names are handled for that reason, others may remain.",
    "Parameters are estimated without labels, on at most 100,000 records, from shipped values; a small lake or one with"
    " few columns keeps much of the shipped ones.",
    "Nicknames are English and French; sounds are those of English spelling. Names in other scripts are compared letter"
    " by letter.",
    "Shared values are counted in this lake: a family mailbox that only one member uses here looks like one person's.",
)
_FIGURES = ("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1")


def write_card(model: PersonModel, out: Path, measured: Sequence[tuple[str, dict[str, Any]]] = ()) -> Path:
    """Writes the page and its charts into a folder; `measured` are names and figures of `benchmarks.identity`."""
    charts = [path.name for path in save_charts(model, out)]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape())
    page = environment.get_template("model_card.html").render(
        model=model,
        prior=prior_bits(model),
        thresholds={
            "join": (SHIPPED.merge_at, probability(SHIPPED.merge_at)),
            "review": (SHIPPED.review_from, probability(SHIPPED.review_from)),
            "largest": SHIPPED.largest_cluster,
        },
        comparisons=[
            (one.name.replace("_", " "), COMPARED[one.name], levels_of(model, one.name)) for one in COMPARISONS
        ],
        measured=[row_of(name, found) for name, found in measured],
        limits=LIMITS,
        charts=charts,
    )
    path = out / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def levels_of(model: PersonModel, comparison: str) -> list[dict[str, Any]]:
    """Each level with its probabilities, and its bits against strangers and housemates."""
    return [
        {
            "label": level.label,
            "m": level.m,
            "u": level.u,
            "strangers": log2(level.m / level.u),
            "housemates": log2(level.m / level.household),
        }
        for level in model.comparisons[comparison]
    ]


def row_of(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """A set's figures, and the peer's best beside them."""
    peer = found.get("splink") or {}
    return {
        "name": name,
        "records": found["records"],
        "people": found["people"],
        "figures": [(found[figure], peer.get(figure)) for figure in _FIGURES],
    }


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", help="of whose newest model; without it, of the one that is shipped")
    parser.add_argument("--measured", type=Path, nargs="*", default=[], help="--json files of benchmarks.identity")
    parser.add_argument("--out", type=Path, required=True, help="folder of the page")
    given = parser.parse_args(args)
    model = load()
    if given.lake:
        found = current_model(spark_session(settings()), given.lake)
        if found is None:
            parser.error(f"expected a trained model in {given.lake}, found none; run the pipeline first")
        model = found.person
    measured = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in given.measured]
    print(write_card(model, given.out, measured))


if __name__ == "__main__":
    main()
