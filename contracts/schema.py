"""Publishes the JSON Schema of the channel contract format, for editors and for other languages."""

import json
from pathlib import Path

from contracts.channel import Channel

PUBLISHED = Path(__file__).parent / "channel.schema.json"


def channel_schema() -> str:
    """The schema as the text that the repository publishes."""
    return json.dumps(Channel.model_json_schema(by_alias=True), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(channel_schema(), encoding="utf-8")
