"""The published JSON Schema is the format that the code reads."""

import json

from contracts.schema import PUBLISHED, channel_schema


def test_the_published_schema_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == channel_schema(), "run `python -m contracts.schema`"


def test_the_schema_refuses_unknown_keys() -> None:
    schema = json.loads(channel_schema())
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Column"]["additionalProperties"] is False
    assert "is" in schema["$defs"]["Column"]["required"]
