"""Publishes the JSON Schema of the milestone file, for editors and for other languages."""

import json
from pathlib import Path

from engagement.milestones.rule_file import MilestoneRules

PUBLISHED = Path(__file__).parent / "milestones.schema.json"


def milestones_schema() -> str:
    """The schema of the file as the text that the repository publishes."""
    return json.dumps(MilestoneRules.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(milestones_schema(), encoding="utf-8")
