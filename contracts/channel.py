"""The channel contract: what each column of a source means, in one YAML file per channel."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from contracts.assurance import Assurance
from contracts.broken_ids import nothing_key
from contracts.categories import Category, strictest
from contracts.columns import Column, Columns, Constant, Slug, Strict
from contracts.identifiers import kind_of
from contracts.nothing import words_for_nothing
from contracts.roles import CATEGORY_OF, IDENTIFYING, NAMED, NEEDED, PLAIN, REPEATABLE, ROLES_OF


@dataclass(frozen=True)
class ColumnReading:
    """How the cells of a column are read: `nothing` are the folded words that mean none, `steps` lead into objects."""

    name: str
    steps: list[str]
    column: Column
    nothing: frozenset[str]
    is_claimed: bool
    is_constant: bool


class EventDefaults(Strict):
    """What every row of an event channel has in common."""

    type: Slug | None = Field(None, description="event type of every row, unless a column is `event_type`")


class Channel(Strict):
    """A channel contract, valid in itself."""

    channel: Slug = Field(description="the channel's name, as every record and event will carry it")
    files: str = Field(description="file name or glob under the source folder; `.gz` and `.zip` of it are read as well")
    format: Literal["csv", "jsonl", "parquet", "xlsx"]
    holds: list[Literal["person", "event", "consent"]] = Field(min_length=1, max_length=2)
    encoding: str = Field("utf-8", description="of csv and jsonl files; UTF-16 is seen by itself")
    delimiter: str = Field(",", pattern=r'^[^"\r\n]$')
    escape: str | None = Field(
        None, pattern=r'^[^"\r\n\w]$', description="character before a quote or delimiter that is text"
    )
    header: bool = Field(True, description="false where the file begins with data; its columns are then as listed here")
    skip: int = Field(0, ge=0, le=1000, description="lines before the header, or before the data")
    sheet: str | None = Field(None, description="of a workbook; its first one where this says none")
    timezone: str | None = Field(None, description="zone of times without one, such as Europe/Paris; UTC by default")
    delivery: Literal["changes", "full"] = Field(
        "changes", description="`full` where a file holds everybody: whoever is missing from the newest one is deleted"
    )
    may_go: float = Field(0.2, gt=0, le=1, description="share of a full delivery's keys that one file may delete")
    empty: Literal["keeps", "clears"] = Field(
        "keeps", description="whether an empty value leaves what was said before, or deletes it"
    )
    region: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="default country of phones")
    region_from: str | None = Field(None, description="column of a country, by name or code, that phones are read in")
    assurance: Assurance = Field(
        Assurance.SOURCE, description="`claimed` where anyone could have written what it says; it then joins nobody"
    )
    trust: int = Field(50, ge=0, le=100, description="how far survivorship trusts this channel")
    trust_in: dict[str, Annotated[int, Field(ge=0, le=100)]] = Field({}, description="field -> trust, where it differs")
    nothing: list[str] = Field([], description="values that mean that there is none, in any case and accents")
    event: EventDefaults = EventDefaults()
    columns: dict[str, Columns] = Field(
        min_length=1, description="every column of the file, and what it is, or a list of that; dots reach into JSON"
    )
    constants: list[Constant] = Field([], description="what every row says, and no column of it")

    @field_validator("encoding")
    @classmethod
    def _keeps_ascii(cls, encoding: str) -> str:
        try:
            if codecs.decode(b'\n",', encoding) == '\n",':  # files are cut into lines before they are decoded
                return encoding
        except (LookupError, ValueError, TypeError):
            pass
        raise ValueError(
            "expected a text encoding that contains ASCII (utf-8, cp1252, ...), found another; UTF-16 needs none,"
            " convert anything else"
        )

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str | None) -> str | None:
        try:
            if timezone:
                ZoneInfo(timezone)
        except (ValueError, OSError, KeyError):
            raise ValueError("expected a time zone such as Europe/Paris, found none of that name") from None
        return timezone

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        columns = [column for _, column in self.fields]
        roles = [column.is_ for column in columns if not self.is_claimed(column)]
        claimed = [column.is_ for column in columns if self.is_claimed(column)]
        once = [*REPEATABLE, "decision"] if self.tells_consents_of_its_rows else REPEATABLE
        for role in sorted({role for role in claimed if role not in once and claimed.count(role) > 1}):
            raise ValueError(f"expected at most one claimed column that is `{role}`, found {claimed.count(role)}")
        for role in sorted({role for role in roles if role not in once and roles.count(role) > 1}):
            raise ValueError(f"expected at most one column that is `{role}`, found {roles.count(role)}")
        if roles.count("key") > 1 and any(column.kind for column in columns if column.is_ == "key"):
            raise ValueError(
                "expected `kind` beside a key of one column, found it beside a part of a key; "
                "name the identifier as external_id in a list of what the column is"
            )
        for kind in self.holds:
            needed = frozenset({"decision"}) if kind == "consent" and self.tells_consents_of_its_rows else NEEDED[kind]
            missing = sorted(needed - set(roles))
            if missing:
                raise ValueError(f"expected a column that is `{missing[0]}` in a channel that holds {kind}, found none")
        if "event" in self.holds and "event_type" not in roles and not self.event.type:
            raise ValueError("expected `event: {type: ...}` or a column that is `event_type`, found neither")
        if "event" in self.holds and not {"key", "event_id"} & set(roles):
            raise ValueError("expected a column that is `event_id` or `key` in a channel that holds event, found none")
        if self.region_from and self.region_from not in self.columns:
            raise ValueError(f"expected a column {self.region_from!r} for `region_from`, found none of that name")
        self._is_consistent_in_consents(roles)
        self._is_consistent_in_deletions(roles)
        return self

    def _is_consistent_in_consents(self, roles: Sequence[str]) -> None:
        decisions = [column for _, column in self.fields if column.is_ == "decision"]
        if "consent" in self.holds and self.assurance is Assurance.CLAIMED:
            raise ValueError("expected a consent channel that knows whose decision it tells, found one that is claimed")
        if "consent" in self.holds and "event" in self.holds:
            raise ValueError("expected a consent channel to hold consent alone, or person and consent, found event")
        if self.tells_consents_of_its_rows:
            if any(column.purpose is None for column in decisions):
                raise ValueError(
                    "expected a `purpose` beside each decision in a channel that holds persons, found none"
                )
            kinds = {"email", "phone"} if "contact" in roles else set()
            kinds |= {
                column.kind or column.is_ for _, column in self.fields if column.is_ in IDENTIFYING or column.kind
            }
            for column in decisions:
                if column.of not in kinds:
                    raise ValueError(
                        f"expected `of` beside the decision about {column.purpose}: a kind of identifier that the row"
                        f" has, found {column.of or 'none'}"
                    )
        elif any(column.purpose or column.of for column in decisions):
            raise ValueError(
                "expected a column that is `purpose` in a channel that holds consent alone, found `purpose`"
                " beside the decision; write a constant"
            )

    def _is_consistent_in_deletions(self, roles: Sequence[str]) -> None:
        deletes = "deleted" in roles or self.delivery == "full"
        if deletes and self.holds == ["consent"]:
            raise ValueError(
                "expected no deletion in a channel that holds consent, found one: a decision stays on record"
            )

    @cached_property
    def fields(self) -> list[tuple[str, Column]]:
        """Each role of each column, with the column's name, and the constants."""
        return [*self._columns(), *((f"constant {one.is_}", one) for one in self.constants)]

    @cached_property
    def reading(self) -> list[ColumnReading]:
        """How each of them is read; computed once, since every cell needs it."""
        nothing = frozenset(nothing_key(value) for value in self.nothing)
        return [
            ColumnReading(
                name,
                name.split("."),
                column,
                words_for_nothing(column, nothing),
                self.is_claimed(column),
                isinstance(column, Constant),
            )
            for name, column in self.fields
        ]

    def _columns(self) -> Iterator[tuple[str, Column]]:
        for name, roles in self.columns.items():
            for column in roles if isinstance(roles, list) else [roles]:
                yield name, column

    @property
    def tells_consents_of_its_rows(self) -> bool:
        """Whether a row of a person also says what that person decided."""
        return "consent" in self.holds and "person" in self.holds

    @cached_property
    def has_tombstones(self) -> bool:
        """Whether a row can mark its person or event as deleted."""
        return any(column.is_ == "deleted" for _, column in self.fields)

    @property
    def can_delete(self) -> bool:
        """Whether its source reports deletions: by a row, or by leaving a key out."""
        return self.has_tombstones or self.delivery == "full"

    @cached_property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.timezone) if self.timezone else UTC

    def assurance_of(self, column: Column) -> Assurance:
        """How well what a column says is known."""
        return Assurance.VERIFIED if column.verified else column.assurance or self.assurance

    def is_claimed(self, column: Column) -> bool:
        """Whether anyone could have written what a column says of a person."""
        can_be_claimed = column.is_ not in PLAIN and self.holds != ["consent"]
        return can_be_claimed and self.assurance_of(column) is Assurance.CLAIMED

    @cached_property
    def proves(self) -> bool:
        """Whether anything that it says is verified."""
        return any(self.assurance_of(column) is Assurance.VERIFIED for _, column in self.fields)

    @cached_property
    def categories(self) -> dict[str, str]:
        """The data category of everything that a row of this channel can say.

        Keys are canonical fields, `identifier.KIND`, `attribute.NAME` and `property.NAME`.
        """
        found: dict[str, list[Category]] = {}
        columns = [column for _, column in self.fields]
        for field, roles in ROLES_OF.items():
            found[field] = [column.data_category for column in columns if column.is_ in roles] or [
                CATEGORY_OF[roles[0]]
            ]
        for column in columns:
            if column.is_ in NAMED:
                found.setdefault(f"{column.is_}.{column.name}", []).append(column.data_category)
            kinds = ("email", "phone") if column.is_ == "contact" else (column.kind or column.is_,)
            if column.kind or column.is_ in IDENTIFYING:
                for kind in kinds:
                    stated = [column.category] if column.category else []
                    found.setdefault(f"identifier.{kind}", [kind_of(kind).category]).extend(stated)
        return {key: strictest(categories).value for key, categories in found.items()}

    def column_of(self, role: str) -> str | None:
        """The column that is `role`, for roles that occur at most once."""
        return next((name for name, column in self.fields if column.is_ == role), None)
