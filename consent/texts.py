"""Texts in every language that people are addressed in."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Texts(BaseModel):
    """A text in every language that people are addressed in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fr: Words
    en: Words

    def in_(self, language: str) -> str:
        """The text in one of these languages."""
        return str(getattr(self, language))
