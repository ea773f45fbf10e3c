"""Files that hold a list of entries, each checked by its model."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

Entry = TypeVar("Entry", bound=BaseModel)


def read_list(path: Path, of: type[Entry], what: str, invalid: type[ValueError]) -> list[Entry]:
    """The entries of a YAML file; raises `invalid` where it is no list of `what`."""
    try:
        return TypeAdapter(list[of]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))  # type: ignore[valid-type]
    except (yaml.YAMLError, ValidationError) as error:
        raise invalid(f"{path}: expected a list of {what}, found: {error}") from error
