"""What the customer is told of a hand-off, in words."""

from functools import lru_cache
from pathlib import Path

import yaml

PUBLISHED = Path(__file__).parent / "told.yml"
OTHERWISE = "en"
"""The language for whoever speaks none of ours."""


@lru_cache
def texts() -> dict[str, dict[str, str]]:
    """Every text, by key and language."""
    found: dict[str, dict[str, str]] = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    return found


def told(key: str, language: str) -> str:
    """The text of a key in a language, or in English."""
    said = texts()[key]
    return said.get(language, said[OTHERWISE])
