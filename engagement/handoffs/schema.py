"""Publishes the JSON Schema of the packet, for consoles and for other languages."""

import json
from pathlib import Path

from engagement.handoffs.packet import Packet

PUBLISHED = Path(__file__).parent / "packet.schema.json"


def packet_schema() -> str:
    """The schema of a packet as the text that the repository publishes."""
    return json.dumps(Packet.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(packet_schema(), encoding="utf-8")
