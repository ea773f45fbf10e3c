"""One column of a channel contract: what it is, and how its cells are read."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from contracts.assurance import Assurance
from contracts.broken_ids import nothing_key
from contracts.categories import Category
from contracts.dates import format_problem
from contracts.identifiers import kind_of
from contracts.roles import CATEGORY_OF, DATED, NAMED, NUMBERS, ROLES_OF, Role

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Mark = Annotated[str, StringConstraints(pattern=r"^[^\w\r\n]$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """One column: the canonical field it `is`, and how to read it."""

    is_: Role = Field(alias="is", description="the canonical field that this column holds")
    kind: Slug | None = Field(None, description="identifier kind, for `external_id` and `key`")
    name: Slug | None = Field(None, description="name of the `attribute` or `property`")
    format: str | list[str] | None = Field(
        None,
        description="of dates: a strptime format, `iso`, `epoch_s`, `epoch_ms` or `excel`; of several, what fits first",
    )
    decimal: Mark | None = Field(None, description="decimal mark of numbers, a point by default")
    thousands: Mark | None = Field(None, description="mark between thousands; a blank stands for every kind of blank")
    split: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        None, description="what stands between several values in one cell"
    )
    region: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="ISO 3166 country of phones without a prefix")
    values: dict[str, str] = Field(
        {}, description="source value -> canonical value, in any case and accents; others stay as they are"
    )
    nothing: list[str] = Field([], description="values of this column that mean that there is none")
    keep: list[str] = Field([], description="values of this column that look like nothing and are something")
    category: Category | None = Field(None, description="data category; only needed where the field has no default")
    required: bool = Field(False, description="a row without a readable value is quarantined")
    verified: bool = Field(
        False, description="the source checks it and a person has only one: two values never share a profile"
    )
    assurance: Assurance | None = Field(None, description="how well it is known, where it differs from the channel's")
    purpose: Slug | None = Field(None, description="of a `decision` in a row of a person: what it is about")
    of: Slug | None = Field(None, description="of such a decision: the kind of the row's identifiers that it is about")

    @field_validator("format")
    @classmethod
    def _can_be_read(cls, given: str | list[str] | None) -> str | list[str] | None:
        for one in [given] if isinstance(given, str) else given or []:
            if problem := format_problem(one):
                raise ValueError(problem)
        return given

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.is_ in DATED and not self.format:
            raise ValueError(f"expected a `format` for {self.is_}, found none; write a strptime format or `iso`")
        if self.is_ == "external_id" and not self.kind:
            raise ValueError("expected a `kind` for external_id, found none; e.g. `kind: loyalty_card`")
        if self.kind and self.is_ not in ("external_id", "key"):
            raise ValueError(f"expected `kind` only beside external_id or key, found it beside {self.is_}")
        if self.verified and self.is_ != "birth_date" and not self.kind:
            raise ValueError(
                f"expected `verified` only beside birth_date, external_id or a key with `kind`,"
                f" found it beside {self.is_}"
            )
        if self.verified and self.assurance not in (None, Assurance.VERIFIED):
            raise ValueError(f"expected `verified` beside no other assurance, found it beside {self.assurance}")
        if (self.is_ in NAMED) != bool(self.name):
            raise ValueError("expected a `name` for attribute and property, and for nothing else")
        if self.is_ == "attribute" and self.name in (*ROLES_OF, "email", "phone"):
            raise ValueError(f"expected an attribute of a name of its own, found {self.name}; write `is: {self.name}`")
        if self.is_ in NAMED and not self.category:
            raise ValueError(
                f"expected a `category` for {self.is_} {self.name}, found none; what is unlabelled can't leave"
            )
        if (self.decimal or self.thousands) and self.is_ not in NUMBERS:
            raise ValueError(f"expected `decimal` and `thousands` beside a number, found them beside {self.is_}")
        if self.thousands and self.thousands == (self.decimal or "."):
            raise ValueError("expected two marks for `decimal` and `thousands`, found one; write both")
        if (self.purpose or self.of) and self.is_ != "decision":
            raise ValueError(f"expected `purpose` and `of` only beside decision, found them beside {self.is_}")
        return self

    @cached_property
    def formats(self) -> Sequence[str]:
        """The formats of its dates, in the order in which they are tried."""
        return [self.format] if isinstance(self.format, str) else self.format or ["iso"]

    @cached_property
    def folded(self) -> dict[str, str]:
        """Its `values` by folded key (no case, no accents), where that is unambiguous."""
        found: dict[str, set[str]] = {}
        for given, canonical in self.values.items():
            found.setdefault(nothing_key(given), set()).add(canonical)
        return {key: next(iter(meant)) for key, meant in found.items() if len(meant) == 1}

    @property
    def data_category(self) -> Category:
        """The stated category, or the default of the canonical field or identifier kind."""
        if self.category:
            return self.category
        if self.is_ in ("email", "phone", "device_id"):
            return kind_of(self.is_).category
        if self.is_ == "external_id" and self.kind:
            return kind_of(self.kind).category
        return CATEGORY_OF.get(self.is_, Category.SENSITIVE)


class Constant(Column):
    """What every row of a channel says, and no column of it."""

    value: str = Field(description="what every row says")


def _how_many(given: object) -> str:
    return SEVERAL if isinstance(given, list) else ONE


ONE, SEVERAL = "one column", "several columns"
"""The names that pydantic's errors give the alternatives of a column."""

Columns = Annotated[
    Annotated[Column, Tag(ONE)] | Annotated[list[Column], Field(min_length=1), Tag(SEVERAL)],
    Discriminator(_how_many),
]
"""What one column of a file is: one thing, or several."""
