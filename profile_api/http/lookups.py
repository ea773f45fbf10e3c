"""How a person is named in a request: by the id of a profile, or by one of their identifiers."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from profile_api.access.gate import Find, by_id, by_identifier
from profile_api.responses.errors import Problem

ProfileId = Annotated[str, Path(max_length=200, description="id of a profile, also one that was merged away")]


class Lookup(BaseModel):
    """An identifier as it was heard or typed; it is normalised here as it was at ingestion."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    value: Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^[^\x00]+$")]
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None


def normalised(lookup: Lookup) -> Identifier:
    """The identifier as the store keeps it; a 422 where the value can be none of its kind."""
    try:
        return normalise(lookup.kind, lookup.value, lookup.region)
    except InvalidIdentifier as error:
        raise Problem(422, "invalid-identifier", str(error)) from error


class Whom(BaseModel):
    """A person, by an identifier or by the id of the profile: exactly one of the two."""

    model_config = ConfigDict(extra="forbid", strict=True)

    identifier: Lookup | None = None
    profile_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Whom":
        if (self.identifier is None) == (self.profile_id is None):
            raise ValueError("expected either `identifier` or `profile_id`, found both or neither")
        return self


def found_by(whom: Whom) -> Find:
    """How the gate finds that person; a 422 where the identifier's value can be none of its kind."""
    return by_identifier(normalised(whom.identifier)) if whom.identifier else by_id(whom.profile_id or "")
