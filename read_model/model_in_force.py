"""The person model that was published last, read once per version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, select, text

from identity.callers.score import Scorer
from identity.matching.model import PersonModel, from_json, load
from identity.matching.name_parts import NameFrequencies
from stores.schema import models


@dataclass(frozen=True)
class ModelInForce:
    """The frozen parameters and name frequencies; without `parameters` those that are shipped."""

    names: NameFrequencies
    parameters: Mapping[str, Any] | None = None

    @cached_property
    def person(self) -> PersonModel:
        """The model; ValueError where it was trained for other levels than this code's."""
        return from_json(json.dumps(self.parameters)) if self.parameters else load()

    @cached_property
    def bars(self) -> str:
        """The model's condition for two different people; birth dates, until the lake was trained for this code's
        levels."""
        try:
            return self.person.bars
        except ValueError:
            return "dates"

    @cached_property
    def scorer(self) -> Scorer:
        """Scores callers."""
        return Scorer(self.person)


_NONE_YET = ModelInForce(NameFrequencies())
_read: dict[str, ModelInForce] = {}


def model_in_force(connection: Connection) -> ModelInForce:
    """The newest model of this database."""
    # xmin changes whenever the row does: the model that is known already is not read again.
    stamp = text("current_database() || ' ' || xmin || ' ' || version")
    row = connection.execute(
        select(models.c.version, stamp).order_by(models.c.trained_at.desc(), models.c.version).limit(1)
    ).first()
    if row is None:
        return _NONE_YET
    version, known = row
    if known not in _read:
        found = connection.execute(select(models.c.names, models.c.parameters).where(models.c.version == version)).one()
        _read.clear()
        names = NameFrequencies(**found.names)
        _read[known] = ModelInForce(names, found.parameters)
    return _read[known]
