"""Who is responsible for the data, as stated in consent events, receipts, bundles and letters."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from consent.texts import Texts, Words

PUBLISHED = Path(__file__).parent / "controller.yml"
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Authority(_Told):
    """Where people complain (Art. 77)."""

    name: Texts
    address: Words


class Recipient(_Told):
    """An external recipient of data, for some purposes or for all of them."""

    name: Words
    country: Country
    does: Texts
    purposes: list[str] | Literal["all"]

    def serves(self, purpose: str) -> bool:
        """Whether it gets data for this purpose."""
        return self.purposes == "all" or purpose in self.purposes


class Controller(_Told):
    """The organisation that decides what the data is used for, and under whose law."""

    name: Words
    address: Words
    contact: Words
    officer: Words
    jurisdiction: Country
    language: Literal["fr", "en"]
    currency: Words
    consent_age: int = Field(ge=13, le=16)
    authority: Authority
    transfers: Texts
    recipients: list[Recipient]
    sources: dict[str, Texts]
    attributes: dict[str, Texts]
    measures: Texts


@lru_cache
def published_controller() -> Controller:
    """The controller of this installation."""
    return Controller.model_validate(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")))
