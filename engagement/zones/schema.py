"""Publishes the JSON Schema of rule files, for editors and for other languages."""

import json
from pathlib import Path

from engagement.zones.rule_file import SectorRules

PUBLISHED = Path(__file__).parent / "rules.schema.json"


def rules_schema() -> str:
    """The schema of a sector's file as the text that the repository publishes."""
    return json.dumps(SectorRules.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(rules_schema(), encoding="utf-8")
