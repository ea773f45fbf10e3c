"""Who answers for the data, as every consent event and receipt names them."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints

PUBLISHED = Path(__file__).parent / "controller.yml"
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Controller(BaseModel):
    """The organisation that decides what the data is used for, and under whose law."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words
    contact: Words
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]


@lru_cache
def published_controller() -> Controller:
    """The controller of this installation."""
    return Controller.model_validate(yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")))
