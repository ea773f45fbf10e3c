"""Refusals of consent in accepted messages that can no longer be read: the contract changed since, or the source was
removed."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from contracts.sources import Sources, stand_in
from read_model.live.categories import decisions
from read_model.live.item import Item, read_item
from read_model.live.salvage import refusals_of


def refusals_in(row: Any, sources: Sources) -> list[Item]:
    """The refusals of an inbox row, as an item with only the decision; none if it refuses nothing."""
    source = sources.by_name.get(row.source) or stand_in(row.source)
    for kept in refusals_of(json.dumps(row.item).encode(), None, row.gpc):
        with suppress(ValueError, KeyError):
            item = read_item(row, source, json.loads(kept))
            refused = [purpose for purpose, allowed in decisions(source, item.event.consent).items() if not allowed]
            return [replace(item, news=dict.fromkeys(refused))]
    return []
