"""What the service compares by, whatever model was published last."""

import json

import pytest

from identity.matching.model import as_json, load
from identity.matching.name_parts import NameFrequencies
from read_model.model_in_force import ModelInForce


def test_a_model_of_other_levels_scores_nobody_and_still_tells_two_people_apart() -> None:
    old = json.loads(as_json(load()))
    del old["comparisons"]["given_name"][2], old["learned"]
    in_force = ModelInForce(NameFrequencies(), old)
    with pytest.raises(ValueError, match="given_name"):
        _ = in_force.person
    assert in_force.bars == "dates"
