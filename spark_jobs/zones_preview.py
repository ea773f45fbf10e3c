"""Which past interactions a changed rule file would put into another zone: `make zones-preview RULES=FILE`.

The intents of the lake's timeline, or of a file of messages, are decided by the rules that ship with the file's sector
and by the file; nothing is written, and nothing is shown but counts by intent.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table as Shown

from contracts.settings import settings
from engagement.zones.checking import problems
from engagement.zones.deciding import UnknownInput, Zones
from engagement.zones.rule_file import BadRules, load_rules, sectors, shipped
from engagement.zones.situation import Situation, Zone, routine

Interaction = tuple[Situation, ...]
"""The situations of one message, one an intent."""


FEWEST_NAMED = 10
"""An intent that fewer interactions have may be what somebody typed, and is not shown."""


class BadMessages(ValueError):
    """A file of messages that can't be read; the message says where and what was expected."""


def preview(before: Zones, after: Zones, interactions: Counter[Interaction]) -> dict[str, Any]:
    """How many interactions go from which zone to which other, by intents; and how many have intents that the rules
    don't know."""
    moved: Counter[tuple[str, Zone, Zone]] = Counter()
    zones: dict[Zone, int] = dict.fromkeys(Zone, 0)
    unknown: Counter[str] = Counter()
    for situations, many in interactions.items():
        intents = ", ".join(one.intent for one in situations)
        try:
            one, other = before.decide(situations).zone, after.decide(situations).zone
        except UnknownInput:
            unknown[intents] += many
            continue
        zones[other] += many
        if one is not other:
            moved[intents, one, other] += many
    return {
        "interactions": interactions.total(),
        "zones": {zone.value: many for zone, many in zones.items()},
        "elsewhere": [
            {"intents": intents, "from": one.value, "to": other.value, "interactions": many}
            for (intents, one, other), many in moved.most_common()
        ],
        "unknown": unknown.total(),
        "unknown_intents": {intents: many for intents, many in unknown.most_common() if many >= FEWEST_NAMED},
    }


def of_timeline(lake: str) -> Counter[Interaction]:
    """The intents of all past events; of their other inputs the timeline knows nothing."""
    # What reads a lake takes seconds to load, and a file of messages needs none of it.
    from lake.local_tables import files, is_local
    from lake.session import spark_session
    from lake.tables import TIMELINE, read

    if is_local(lake):
        tables = (pq.ParquetFile(file).read(columns=["intent"]) for file in files(lake, TIMELINE))
        intents = [intent for table in tables for intent in table["intent"].to_pylist()]
    else:
        rows = read(spark_session(settings()), lake, TIMELINE).select("intent").toLocalIterator()
        intents = [row.intent for row in rows]
    return Counter((routine(intent),) for intent in intents if intent)


def of_file(path: Path) -> Counter[Interaction]:
    """JSON Lines: `intent`, or several `intents`, and whatever other inputs are known."""
    found: Counter[Interaction] = Counter()
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found[tuple(_situations(json.loads(line)))] += 1
            except (ValidationError, json.JSONDecodeError, AttributeError, TypeError):
                expected = "expected a JSON object with `intent` or `intents`, and the inputs of docs/engagement.md"
                raise BadMessages(f"{path}:{number}: {expected}, found something else") from None
    return found


def _situations(message: dict[str, Any]) -> Iterator[Situation]:
    told = {name: message[name] for name in Situation.model_fields.keys() & message.keys() if name != "intent"}
    for intent in message["intents"] if "intents" in message else [message.get("intent")]:
        yield Situation.model_validate(routine("any").model_dump() | told | {"intent": intent})


def show(found: dict[str, Any], console: Console) -> None:
    zones = ", ".join(f"{many:,} {zone}" for zone, many in found["zones"].items())
    console.print(f"{found['interactions']:,} interactions: {zones}")
    table = Shown("intents", "from", "to", "interactions")
    for row in found["elsewhere"]:
        table.add_row(row["intents"], row["from"], row["to"], f"{row['interactions']:,}")
    console.print(table if found["elsewhere"] else "None would go elsewhere.")
    if found["unknown"]:
        named = ", ".join(found["unknown_intents"]) or f"none of them has {FEWEST_NAMED}"
        console.print(f"{found['unknown']:,} have an intent that the rules don't know: {named}")


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="spark_jobs.zones_preview", description=__doc__)
    parser.add_argument("--rules", type=Path, required=True, help="changed copy of a file in engagement/zones/sectors")
    parser.add_argument("--messages", type=Path, help="JSON Lines of messages; without it, the lake's timeline")
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--json", type=Path, help="file for the result")
    given = parser.parse_args(args)
    try:
        rules = load_rules(given.rules)
        if wrong := problems(rules):
            raise BadRules("\n".join(f"{given.rules}: {one}" for one in wrong))
        if rules.sector not in sectors():
            raise BadRules(f"{given.rules}: sector: expected one of {', '.join(sectors())}, found {rules.sector}")
        interactions = of_file(given.messages) if given.messages else of_timeline(given.lake)
    except (OSError, BadRules, BadMessages) as error:
        raise SystemExit(str(error)) from None
    found = preview(Zones(shipped(rules.sector)), Zones(rules), interactions)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    show(found, Console())


if __name__ == "__main__":
    main()
