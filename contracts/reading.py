"""Reads the canonical fields out of one raw row, by contract; the same for batch and live."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from copy import copy
from datetime import date, datetime
from typing import Any

from contracts.assurance import Assurance
from contracts.channel import ROLES_OF, Channel, Column
from contracts.dates import parse_date, parse_instant, typed_date
from contracts.identifiers import Identifier, InvalidIdentifier, is_nothing, normalise
from contracts.names import clean

EARLIEST_BIRTH = 1875


class RefusedRow(ValueError):
    """The row breaks its contract; the message says how and repeats no value."""


Cells = dict[str, list[tuple[str, Column, str]]]


class Row:
    """One raw row seen through its contract: null-like values are gone, what can't be read is an issue.

    What anyone could have written is no part of it: `claimed` is a row of that alone.
    """

    def __init__(self, contract: Channel, payload: Mapping[str, Any]) -> None:
        self.contract = contract
        self.issues: list[str] = []
        self._nothing = contract.nothing_keys
        self._cells: Cells = {}
        self._claims: Cells = {}
        self._is_claimed = False
        for name, column in contract.columns.items():
            text = self._text(payload, name)
            if text is not None:
                cells = self._claims if contract.is_claimed(column) else self._cells
                cells.setdefault(column.is_, []).append((name, column, column.values.get(text, text)))
            elif column.required or column.is_ == "key":
                raise RefusedRow(f"{name}: expected a value ({column.is_}), found none")

    def claimed(self) -> "Row | None":
        """What anyone could have written, as a row of its own; its issues are told with this row's."""
        key = [cell for cell in self._cells.get("key", []) if self._claims_kind(cell[1])]
        if not self._claims and not key:
            return None
        row = copy(self)
        row._cells, row._claims, row._is_claimed = self._claims | ({"key": key} if key else {}), {}, True
        return row

    def _claims_kind(self, column: Column) -> bool:
        return column.kind is not None and self.contract.assurance_of(column) is Assurance.CLAIMED

    def _text(self, payload: Mapping[str, Any], name: str) -> str | None:
        value: Any = payload.get(name)
        if value is None and "." in name:
            value = payload
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if value is None or isinstance(value, Mapping | list):
            return None
        text = clean(str(value))
        return None if is_nothing(text, self._nothing) else text

    def _unreadable(self, name: str, column: Column, problem: Exception | str) -> None:
        message = f"{name}: {problem}"
        if column.required:
            raise RefusedRow(message)
        self.issues.append(message)

    def text(self, role: str) -> str | None:
        """The cleaned text of the one column that is `role`."""
        cells = self._cells.get(role)
        return cells[0][2] if cells else None

    def instant(self, role: str) -> datetime | None:
        """The UTC instant of the one column that is `role`; an unreadable one is an issue and None."""
        for name, column, text in self._cells.get(role, []):
            try:
                return parse_instant(text, column.format or "iso")
            except ValueError as error:
                self._unreadable(name, column, error)
        return None

    def day(self, role: str) -> date | None:
        """Like `instant`, for calendar dates."""
        for name, column, text in self._cells.get(role, []):
            try:
                return parse_date(text, column.format or "iso")
            except ValueError as error:
                self._unreadable(name, column, error)
        return None

    def number(self, role: str) -> float | None:
        """A finite number with a point as its decimal mark."""
        for name, column, text in self._cells.get(role, []):
            try:
                number = float(text)
            except ValueError:
                number = float("nan")
            if abs(number) < 1e15:
                return number
            self._unreadable(name, column, "expected a number, found something else")
        return None

    def named(self, role: str) -> dict[str, str]:
        """The `attribute`s or `property`s by name."""
        return {column.name: text for _, column, text in self._cells.get(role, []) if column.name}

    def birth(self, as_of_year: int) -> tuple[date | None, int | None, str | None]:
        """Birth date, birth year, and the date as typed, from one column, from parts, or the year alone.

        Impossible ones are issues; what was typed stays, for matching.
        """
        born = self.day("birth_date")
        typed = [typed_date(text, column.format or "iso") for _, column, text in self._cells.get("birth_date", [])]
        parts = [self._whole_number(role) for role in ("birth_year", "birth_month", "birth_day")]
        year = parts[0]
        if born is None and all(parts):
            try:
                born = date(*[part for part in parts if part])
            except ValueError:
                self.issues.append("birth_day: expected a day of the calendar, found none such")
        if born is not None:
            year = born.year
        if year is not None and not EARLIEST_BIRTH <= year <= as_of_year:
            self.issues.append(f"birth_year: expected {EARLIEST_BIRTH} to {as_of_year}, found one beyond")
            born = year = None
        return born, year, born.isoformat() if born else next(iter(typed), None)

    def _whole_number(self, role: str) -> int | None:
        for name, column, text in self._cells.get(role, []):
            if text.isdecimal() and len(text) <= 4:
                return int(text)
            self._unreadable(name, column, "expected a whole number, found something else")
        return None

    def identifiers(self) -> list[Identifier]:
        """Every identifier that the row carries, normalised, once, in a fixed order."""
        found: set[Identifier] = set()
        for role in ("email", "phone", "contact", "device_id", "external_id", "key"):
            for name, column, text in self._cells.get(role, []):
                if role == "key" and (not column.kind or self._claims_kind(column) is not self._is_claimed):
                    continue
                kind = self._contact_kind(text) if role == "contact" else column.kind or role
                try:
                    found.add(normalise(kind, text, column.region or self.contract.region))
                except InvalidIdentifier as error:
                    self._unreadable(name, column, error)
        return sorted(found)

    def all_identifiers(self) -> list[Identifier]:
        """Every identifier that the row names, claimed ones too."""
        claimed = self.claimed()
        return sorted({*self.identifiers(), *(claimed.identifiers() if claimed else ())})

    def proven(self) -> set[Identifier]:
        """The identifiers of columns whose values are verified."""
        row = copy(self)
        row.issues = []
        row._cells = {role: [cell for cell in cells if self._verified(cell[1])] for role, cells in self._cells.items()}
        return set(row.identifiers())

    def proven_names(self) -> set[str]:
        """The fields and attributes that the row read from columns whose values are verified, all of them."""
        found = {name for name, roles in ROLES_OF.items() if self._all_verified(roles)}
        attributes = self._cells.get("attribute", [])
        return found | {column.name for _, column, _ in attributes if column.name and self._verified(column)}

    def _all_verified(self, roles: Iterable[str]) -> bool:
        cells = [cell for role in roles for cell in self._cells.get(role, [])]
        return bool(cells) and all(self._verified(column) for _, column, _ in cells)

    def _verified(self, column: Column) -> bool:
        return self.contract.assurance_of(column) is Assurance.VERIFIED

    def verified(self, born: date | None) -> list[Identifier]:
        """What the contract calls verified, one value a kind; a kind with two values in one row says nothing."""
        found: dict[str, set[str]] = {}
        if born and any(column.verified for _, column, _ in self._cells.get("birth_date", [])):
            found["birth_date"] = {born.isoformat()}
        for role in ("external_id", "key"):
            for _, column, text in self._cells.get(role, []):
                if column.verified and column.kind:
                    with suppress(InvalidIdentifier):  # told by `identifiers`
                        found.setdefault(column.kind, set()).add(normalise(column.kind, text).value)
        return sorted(Identifier(kind, *values) for kind, values in found.items() if len(values) == 1)

    @staticmethod
    def _contact_kind(text: str) -> str:
        return "email" if "@" in text else "phone"
