"""Reads the purposes from their file, once, and refuses an inconsistent file."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from consent.durations import DURATION
from consent.listed import read_list
from consent.model import LegalBasis, Purpose, Role
from consent.notices import published_notices
from consent.texts import Texts, Words
from contracts.categories import Category

PUBLISHED = Path(__file__).parent / "purposes.yml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,62}$")]
    name: Texts
    text: Texts
    dpv: Annotated[str, StringConstraints(pattern=r"^dpv:[A-Z][A-Za-z]+$")]
    legal_basis: LegalBasis
    categories: frozenset[Category]
    roles: frozenset[Role]
    retention: Annotated[str, StringConstraints(pattern=DURATION)]
    notice_version: Words
    refused: bool = False
    contact: Literal["email", "phone", "post"] | None = None
    channels: frozenset[Literal["web", "app", "chat", "phone", "email", "post", "shop", "office"]]
    validity: Annotated[str, StringConstraints(pattern=DURATION)] | None = None
    new_notice_voids: bool
    notice_since: date
    gpc: bool = False
    retention_of: dict[Category, Annotated[str, StringConstraints(pattern=DURATION)]] = {}
    all_held: bool = False
    needs_reference: bool = False

    @model_validator(mode="after")
    def _is_refused_or_founded(self) -> Self:
        if self.refused != (self.legal_basis is LegalBasis.NONE):
            raise ValueError("expected `legal_basis: none` for refused purposes, and for them alone")
        if self.validity and self.legal_basis is not LegalBasis.CONSENT:
            raise ValueError(
                "expected `validity` in purposes that rest on consent alone: nothing else is given for a time"
            )
        if not self.categories >= self.retention_of.keys():
            raise ValueError("expected in `retention_of` categories that the purpose covers, found another")
        if not self.refused and not (self.categories and self.roles and self.channels):
            raise ValueError(
                "expected at least one category, role and channel in a purpose that is not refused, found none"
            )
        return self


class InvalidPurposes(ValueError):
    """The file of purposes is invalid; the message names the entry and the key."""


def read_purposes(path: Path) -> Mapping[str, Purpose]:
    """The purposes of a file by their id; raises InvalidPurposes."""
    entries = read_list(path, _Entry, "purposes", InvalidPurposes)
    found: dict[str, Purpose] = {}
    for entry in entries:
        if entry.id in found:
            raise InvalidPurposes(f"{path}: expected each id once, found {entry.id} twice; rename one")
        fields = {**dict(entry), "name": entry.name.model_dump(), "text": entry.text.model_dump()}
        found[entry.id] = Purpose(**fields, earlier_notices=published_notices().versions_of(entry.id))
    return found


@lru_cache
def published_purposes() -> Mapping[str, Purpose]:
    """The project's own purposes."""
    return read_purposes(PUBLISHED)
