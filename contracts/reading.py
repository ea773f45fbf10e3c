"""Reads the canonical fields out of one raw row, by contract; the same for batch and live."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from copy import copy
from datetime import date, datetime
from typing import Any

from contracts.assurance import Assurance
from contracts.broken_ids import is_broken_word
from contracts.cells import UnreadableCell, has_ended, raw_texts, texts_of
from contracts.channel import Channel
from contracts.columns import Column
from contracts.contacts import readings
from contracts.countries import region_of
from contracts.dates import is_ahead, parse_date, parse_instant, typed_date
from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from contracts.numbers import parse_number
from contracts.roles import REPEATABLE, ROLES_OF

EARLIEST_BIRTH = 1875
AHEAD = "expected a time before its arrival, found one that is later by more than a day"
KEY_MARK = "|"
"""What stands between the parts of a key of several columns."""
NOT_DELETED = frozenset({"false", "0", "no", "n", "f", "non", "nein"})
OWN_IDS = frozenset({"key", "event_id"})
"""The key that identifies a row within its channel."""


class RefusedRow(ValueError):
    """The row breaks its contract; the message says how and repeats no value."""


Cells = dict[str, list[tuple[str, Column, str]]]


class Row:
    """One raw row read by its contract: null-like values are dropped, unreadable ones are issues.

    Claimed columns are excluded: `claimed` is a row of only these. `now` is the arrival. If it is read `leniently`,
    nothing is required, not even its key.
    """

    def __init__(
        self, contract: Channel, payload: Mapping[str, Any], now: datetime | None = None, leniently: bool = False
    ) -> None:
        self.contract = contract
        self.now = now
        self._leniently = leniently
        self.issues: list[str] = []
        self._cells: Cells = {}
        self._claims: Cells = {}
        self._is_claimed = False
        for reading in contract.reading:
            name, column = reading.name, reading.column
            if column.is_ == "ignored" and not column.required:
                continue
            try:
                texts = texts_of(payload, reading)
            except UnreadableCell as error:
                texts = []
                self._unusable(name, column, error)
            if column.is_ in OWN_IDS:
                texts = [text for text in texts if not is_broken_word(text)]
            if texts:
                cells = self._claims if reading.is_claimed else self._cells
                cells.setdefault(column.is_, []).extend([(name, column, text) for text in texts])
                if len(texts) > 1 and (column.is_ not in REPEATABLE or column.is_ == "key"):
                    self._unusable(name, column, f"expected one value ({column.is_}), found several")
            elif self._needs(column) and (column.is_ == "key" or not has_ended(payload, name)):
                raise RefusedRow(f"{name}: expected a value ({column.is_}), found none")
        self._region = self._country(payload) if contract.region_from else None
        if len(keys := self._cells.get("key", [])) > 1:
            self._cells["key"] = [(keys[0][0], keys[0][1], KEY_MARK.join(text for _, _, text in keys))]

    def _country(self, payload: Mapping[str, Any]) -> str | None:
        name = self.contract.region_from or ""
        country = next((text for at, column, text in self._all_cells() if at == name), None)
        if country is None:  # a column that is otherwise ignored
            column = next(column for at, column in self.contract.fields if at == name)
            country = next(raw_texts(payload, name, column), None)
        return region_of(country) if country else None

    def _all_cells(self) -> Iterable[tuple[str, Column, str]]:
        return (cell for cells in (*self._cells.values(), *self._claims.values()) for cell in cells)

    def claimed(self) -> "Row | None":
        """The claimed columns as a row of their own; its issues are added to this row's."""
        key = [cell for cell in self._cells.get("key", []) if self._claims_kind(cell[1])]
        if not self._claims and not key:
            return None
        row = copy(self)
        row._cells, row._claims, row._is_claimed = self._claims | ({"key": key} if key else {}), {}, True
        return row

    def _claims_kind(self, column: Column) -> bool:
        return column.kind is not None and self.contract.assurance_of(column) is Assurance.CLAIMED

    def _unreadable(self, name: str, column: Column, problem: Exception | str) -> None:
        message = f"{name}: {problem}"
        if column.required and not self._leniently:
            raise RefusedRow(message)
        self.issues.append(message)

    def _unusable(self, name: str, column: Column, problem: Exception | str) -> None:
        """The same for a whole cell: a key is needed like a required column."""
        if self._needs(column):
            raise RefusedRow(f"{name}: {problem}")
        self.issues.append(f"{name}: {problem}")

    def _needs(self, column: Column) -> bool:
        return not self._leniently and (column.required or column.is_ == "key")

    def cells(self, role: str) -> list[tuple[str, Column, str]]:
        """The columns that are `role`, with what each says."""
        return self._cells.get(role, [])

    def text(self, role: str) -> str | None:
        """The cleaned text of the one column that is `role`."""
        cells = self._cells.get(role)
        return cells[0][2] if cells else None

    def instant(self, role: str, may_be_ahead: bool = False) -> datetime | None:
        """The UTC instant of the one column that is `role`; an unreadable one is an issue and None.

        So is one more than a day after the row's arrival, unless it `may_be_ahead`: then the clock is wrong.
        """
        for name, column, text in self._cells.get(role, [])[:1]:
            try:
                found = parse_instant(text, column.formats, self.contract.zone, self.now)
                if may_be_ahead or self.now is None or not is_ahead(found, self.now):
                    return found
                self._unreadable(name, column, AHEAD)
            except ValueError as error:
                self._unreadable(name, column, error)
        return None

    def day(self, role: str) -> date | None:
        """Like `instant`, for calendar dates, which may be in the future."""
        for name, column, text in self._cells.get(role, [])[:1]:
            try:
                return parse_date(text, column.formats, self.contract.zone, self.now)
            except ValueError as error:
                self._unreadable(name, column, error)
        return None

    def number(self, role: str) -> float | None:
        """A finite number, by the marks of its column."""
        for name, column, text in self._cells.get(role, [])[:1]:
            try:
                return parse_number(text, column.decimal or ".", column.thousands)
            except ValueError as error:
                self._unreadable(name, column, error)
        return None

    @property
    def is_deleted(self) -> bool:
        """Whether the row says that its person or event was deleted at the source."""
        mark = self.text("deleted")
        return mark is not None and mark.casefold() not in NOT_DELETED

    def named(self, role: str) -> dict[str, str]:
        """The `attribute`s or `property`s by name; several values of one are a list in words."""
        found: dict[str, list[str]] = {}
        for _, column, text in self._cells.get(role, []):
            if column.name:
                found.setdefault(column.name, []).append(text)
        return {name: ", ".join(texts) for name, texts in found.items()}

    def birth(self, as_of_year: int) -> tuple[date | None, int | None, str | None]:
        """Birth date, birth year, and the date as typed, from one column, from parts, or the year alone.

        Impossible ones are issues; what was typed stays, for matching.
        """
        born = self.day("birth_date")
        dates = self._cells.get("birth_date", [])[:1]
        typed = [as_typed for _, column, text in dates for one in column.formats if (as_typed := typed_date(text, one))]
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
        for name, column, text in self._cells.get(role, [])[:1]:
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
                read, problem = readings(column.kind or role, text, self.region_of(column))
                found |= set(read)
                if problem:
                    self._unreadable(name, column, problem)
        return sorted(found)

    def region_of(self, column: Column | None = None) -> str | None:
        """The country that a phone without a prefix is read in: the row's own, its column's, or the channel's."""
        return self._region or (column.region if column else None) or self.contract.region

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
        """The verified values, one per kind; a kind with two values in one row is ignored."""
        found: dict[str, set[str]] = {}
        if born and any(column.verified for _, column, _ in self._cells.get("birth_date", [])):
            found["birth_date"] = {born.isoformat()}
        for role in ("external_id", "key"):
            for _, column, text in self._cells.get(role, []):
                if column.verified and column.kind:
                    with suppress(InvalidIdentifier):  # reported by `identifiers`
                        found.setdefault(column.kind, set()).add(normalise(column.kind, text).value)
        return sorted(Identifier(kind, *values) for kind, values in found.items() if len(values) == 1)
