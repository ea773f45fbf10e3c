"""Raw rows without what they say in some data categories: retention takes out what no purpose keeps any more."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.categories import Category, strictest
from contracts.cells import ENDED
from contracts.channel import Channel
from contracts.columns import Column

STAYS = frozenset({"key", "version", "deleted", "event_id", "event_time", "event_type"})
"""Roles without which a row is none: they go with the row."""
PROOF = frozenset({"decision", "decided_at", "decided_through", "notice", "purpose"})


def without(contract: Channel, payload: Mapping[str, Any], categories: Collection[Category]) -> dict[str, Any]:
    """The row without the columns of which every role has one of these categories.

    A cell that also says something of another category stays as it is, since it is stored once. What the contract does
    not name, or ignores, counts as sensitive: nobody has said what it is.
    """
    columns: dict[str, bool] = {}
    for name, column in contract.fields:
        goes = not _stays(contract, column) and _category(contract, name, column) in categories
        columns[name] = goes and columns.get(name, True)
    needed = frozenset(name for name, column in contract.fields if column.required)
    pruned: dict[str, Any] = _Taking(columns, needed, Category.SENSITIVE in categories).out_of(payload, "")
    return pruned


def _stays(contract: Channel, column: Column) -> bool:
    """Whether it goes with its row alone: a decision and whom it is about are the proof of it (Art. 7(1) GDPR)."""
    if column.is_ in STAYS:
        return True
    if not contract.tells_consents_of_its_rows:
        return False
    about = {one.of for _, one in contract.fields if one.is_ == "decision"}
    kinds = {"email", "phone"} if column.is_ == "contact" else {column.kind or column.is_}
    return column.is_ in PROOF or not kinds.isdisjoint(about)


def _category(contract: Channel, name: str, column: Column) -> Category:
    """The category that the record has for what a column says: of an identifier its kind's, if that is stricter."""
    if name == contract.region_from and column.is_ == "ignored":
        return Category.CONTACT  # phones are read in it
    kinds = ("email", "phone") if column.is_ == "contact" else (column.kind or column.is_,)
    labels = [found for kind in kinds if (found := contract.categories.get(f"identifier.{kind}"))]
    return strictest(labels) if labels else column.data_category


@dataclass(frozen=True)
class _Taking:
    """`columns` says of each whether it goes, also of those within objects and lists, which dots reach."""

    columns: Mapping[str, bool]
    needed: frozenset[str]
    unnamed_goes: bool

    def out_of(self, value: Any, path: str) -> Any:
        """The value at a path without what goes."""
        if isinstance(value, Mapping):
            found = {}
            for name, one in value.items():
                at = f"{path}.{name}" if path else str(name)
                if not self._goes(at):
                    found[name] = one if at in self.columns else self._reach(one, at)
                elif at in self.needed and one is not None:
                    found[name] = ENDED
            return found
        if isinstance(value, list) and self._has_numbers(path):
            return [self._item(one, f"{path}.{number}") for number, one in enumerate(value)]
        if isinstance(value, list):
            return [self.out_of(one, path) for one in value]
        return None if self.unnamed_goes else value

    def _goes(self, path: str) -> bool:
        return self.columns.get(path, self.unnamed_goes and not self._leads_to_columns(path))

    def _item(self, value: Any, path: str) -> Any:
        """As `out_of`, of an item of a list: the others keep their numbers."""
        if self._goes(path):
            return ENDED if path in self.needed and value is not None else None
        return value if path in self.columns else self._reach(value, path)

    def _reach(self, value: Any, path: str) -> Any:
        return self.out_of(value, path) if self._leads_to_columns(path) else value

    def _leads_to_columns(self, path: str) -> bool:
        return any(name.startswith(f"{path}.") for name in self.columns)

    def _has_numbers(self, path: str) -> bool:
        named = (name.removeprefix(f"{path}.") for name in self.columns if name.startswith(f"{path}."))
        return any(name.partition(".")[0].isdecimal() for name in named)
