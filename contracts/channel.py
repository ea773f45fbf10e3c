"""The channel contract: what each column of a source means, in one YAML file per channel."""

import codecs
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from contracts.assurance import Assurance
from contracts.categories import Category, strictest
from contracts.identifiers import kind_of, nothing_key

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]

Role = Literal[
    "key", "version", "ignored",
    "given_name", "middle_name", "family_name", "full_name", "gender", "language", "customer_since",
    "birth_date", "birth_year", "birth_month", "birth_day",
    "email", "phone", "contact", "device_id", "external_id",
    "address", "street", "house_number", "unit", "po_box", "city", "postcode", "state", "country",
    "attribute",
    "event_id", "event_time", "event_type", "intent", "amount", "property",
    "identifier_kind", "identifier", "purpose", "decision", "decided_at", "decided_through", "notice",
]  # fmt: skip

DATED: frozenset[str] = frozenset({"version", "birth_date", "customer_since", "event_time", "decided_at"})
NAMED: frozenset[str] = frozenset({"attribute", "property"})
IDENTIFYING: frozenset[str] = frozenset({"email", "phone", "contact", "device_id", "external_id"})
REPEATABLE: frozenset[str] = frozenset({"ignored", *IDENTIFYING, *NAMED})
PLAIN: frozenset[str] = frozenset(
    {"key", "version", "ignored", "event_id", "event_time", "event_type", "intent", "amount", "property"}
)
"""What says nothing of who somebody is: it can't be claimed. Of a `key` its `kind` can."""

CATEGORY_OF: dict[str, Category] = {
    **dict.fromkeys(["key", "version", "language", "customer_since", "gender"], Category.IDENTITY),
    **dict.fromkeys(["given_name", "middle_name", "family_name", "full_name"], Category.IDENTITY),
    **dict.fromkeys(["birth_date", "birth_year", "birth_month", "birth_day"], Category.IDENTITY),
    **dict.fromkeys(["address", "street", "house_number", "unit", "po_box"], Category.CONTACT),
    **dict.fromkeys(["city", "postcode", "state", "country", "contact"], Category.CONTACT),
    **dict.fromkeys(["event_id", "event_time", "event_type", "intent"], Category.BEHAVIOUR),
    "amount": Category.TRANSACTION,
    **dict.fromkeys(["identifier_kind", "identifier", "purpose", "decision", "decided_at"], Category.CONTACT),
    **dict.fromkeys(["decided_through", "notice"], Category.CONTACT),
}

# Which columns a canonical field is read from: its category is the strictest of theirs.
ROLES_OF: dict[str, tuple[Role, ...]] = {
    "given_name": ("given_name", "full_name"),
    "middle_name": ("middle_name", "full_name"),
    "family_name": ("family_name", "full_name"),
    "gender": ("gender",),
    "birth_date": ("birth_date", "birth_year", "birth_month", "birth_day"),
    "birth_year": ("birth_date", "birth_year"),
    "street": ("address", "street", "house_number", "po_box"),
    "unit": ("unit",),
    "city": ("city", "address"),
    "postcode": ("postcode", "address"),
    "state": ("state",),
    "country": ("country",),
    "language": ("language",),
    "customer_since": ("customer_since",),
    "type": ("event_type",),
    "intent": ("intent",),
    "amount": ("amount",),
}

NEEDED: dict[str, frozenset[str]] = {
    "person": frozenset({"key"}),
    "event": frozenset({"event_time"}),
    "consent": frozenset({"identifier_kind", "identifier", "purpose", "decision", "decided_at"}),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column: the canonical field it `is`, and how to read it."""

    is_: Role = Field(alias="is", description="the canonical field that this column holds")
    kind: Slug | None = Field(None, description="identifier kind, for `external_id` and `key`")
    name: Slug | None = Field(None, description="name of the `attribute` or `property`")
    format: str | None = Field(None, description="strptime format, `iso` or `epoch_ms`, for dates")
    region: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="ISO 3166 country of phones without a prefix")
    values: dict[str, str] = Field({}, description="source value -> canonical value; others stay as they are")
    category: Category | None = Field(None, description="data category; only needed where the field has no default")
    required: bool = Field(False, description="a row without a readable value is quarantined")
    verified: bool = Field(
        False, description="the source checks it and a person has only one: two values never share a profile"
    )
    assurance: Assurance | None = Field(None, description="how well it is known, where it differs from the channel's")

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
        return self

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


class Event(_Strict):
    """What every row of an event channel has in common."""

    type: Slug | None = Field(None, description="event type of every row, unless a column is `event_type`")


class Channel(_Strict):
    """A channel contract, valid in itself."""

    channel: Slug = Field(description="the channel's name, as every record and event will carry it")
    files: str = Field(description="file name or glob under the source folder")
    format: Literal["csv", "jsonl", "parquet"]
    holds: list[Literal["person", "event", "consent"]] = Field(min_length=1, max_length=2)
    encoding: str = Field("utf-8", description="of csv and jsonl files")
    delimiter: str = Field(",", pattern=r'^[^"\r\n]$')
    region: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="default country of phones")
    assurance: Assurance = Field(
        Assurance.SOURCE, description="`claimed` where anyone could have written what it says; it then joins nobody"
    )
    trust: int = Field(50, ge=0, le=100, description="how far survivorship trusts this channel")
    trust_in: dict[str, Annotated[int, Field(ge=0, le=100)]] = Field({}, description="field -> trust, where it differs")
    nothing: list[str] = Field([], description="values that mean that there is none, in any case and accents")
    event: Event = Event()
    columns: dict[str, Column] = Field(min_length=1, description="every column of the file; dots reach into JSON")

    @field_validator("encoding")
    @classmethod
    def _keeps_ascii(cls, encoding: str) -> str:
        try:
            if codecs.decode(b'\n",', encoding) == '\n",':  # files are cut into lines before they are decoded
                return encoding
        except (LookupError, ValueError, TypeError):
            pass
        raise ValueError("expected a text encoding that contains ASCII (utf-8, cp1252, ...), found another; convert")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        roles = [column.is_ for column in self.columns.values() if not self.is_claimed(column)]
        claimed = [column.is_ for column in self.columns.values() if self.is_claimed(column)]
        for role in sorted({role for role in claimed if role not in REPEATABLE and claimed.count(role) > 1}):
            raise ValueError(f"expected at most one claimed column that is `{role}`, found {claimed.count(role)}")
        for role in sorted({role for role in roles if role not in REPEATABLE and roles.count(role) > 1}):
            raise ValueError(f"expected at most one column that is `{role}`, found {roles.count(role)}")
        for kind in self.holds:
            missing = sorted(NEEDED[kind] - set(roles))
            if missing:
                raise ValueError(f"expected a column that is `{missing[0]}` in a channel that holds {kind}, found none")
        if "consent" in self.holds and self.assurance is Assurance.CLAIMED:
            raise ValueError("expected a consent channel that knows whose decision it tells, found one that is claimed")
        if "consent" in self.holds and len(self.holds) > 1:
            raise ValueError("expected a consent channel to hold consent alone, found person or event beside it")
        if "event" in self.holds and "event_type" not in roles and not self.event.type:
            raise ValueError("expected `event: {type: ...}` or a column that is `event_type`, found neither")
        if "event" in self.holds and not {"key", "event_id"} & set(roles):
            raise ValueError("expected a column that is `event_id` or `key` in a channel that holds event, found none")
        return self

    def assurance_of(self, column: Column) -> Assurance:
        """How well what a column says is known."""
        return Assurance.VERIFIED if column.verified else column.assurance or self.assurance

    def is_claimed(self, column: Column) -> bool:
        """Whether anyone could have written what a column says of a person."""
        said = column.is_ not in PLAIN and "consent" not in self.holds
        return said and self.assurance_of(column) is Assurance.CLAIMED

    @cached_property
    def proves(self) -> bool:
        """Whether anything that it says is verified."""
        return any(self.assurance_of(column) is Assurance.VERIFIED for column in self.columns.values())

    @property
    def nothing_keys(self) -> frozenset[str]:
        return frozenset(nothing_key(value) for value in self.nothing)

    @cached_property
    def categories(self) -> dict[str, str]:
        """The data category of everything that a row of this channel can say.

        Keys are canonical fields, `identifier.KIND`, `attribute.NAME` and `property.NAME`.
        """
        found: dict[str, list[Category]] = {}
        columns = self.columns.values()
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
        return next((name for name, column in self.columns.items() if column.is_ == role), None)
