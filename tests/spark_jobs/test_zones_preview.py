"""A changed rule file is tried on past interactions before it counts, and nothing is shown but counts by intent."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from engagement.zones.rule_file import SECTORS
from lake.local_tables import append
from lake.tables import TIMELINE, arrow_schema
from spark_jobs.zones_preview import main

BANK = (SECTORS / "banking.yml").read_text(encoding="utf-8")
CHANGED = BANK.replace("when: {topic: [danger]}", "when: {topic: [danger, access]}")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "changed.yml"
    path.write_text(CHANGED, encoding="utf-8")
    return path


def messages(tmp_path: Path, *lines: object) -> str:
    path = tmp_path / "messages.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def test_interactions_that_would_go_elsewhere_are_counted_by_intents_and_zones(rules: Path, tmp_path: Path) -> None:
    file = messages(
        tmp_path,
        {"intent": "change_pin", "text": "zoe@inbox.example"},
        {"intents": ["change_pin", "atm_support"]},
        {"intent": "change_pin", "risk": "high"},
        *({"intent": "zoe@inbox.example"} for _ in range(3)),
        *({"intent": "weather"} for _ in range(10)),
    )
    main(["--rules", str(rules), "--messages", file, "--json", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert found["interactions"] == 16 and found["zones"]["traditional"] == 3
    assert sorted(row["intents"] for row in found["elsewhere"]) == ["change_pin", "change_pin, atm_support"]
    assert {(row["from"], row["to"], row["interactions"]) for row in found["elsewhere"]} == {
        ("efficiency", "traditional", 1)
    }
    assert (found["unknown"], found["unknown_intents"]) == (13, {"weather": 10})


def test_without_a_file_the_timeline_of_the_lake_is_tried(
    spark: SparkSession, rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = arrow_schema(TIMELINE.schema)
    rows = [{field.name: None for field in schema} | {"event_id": str(n), "intent": "pin_blocked"} for n in range(4)]
    append(str(tmp_path / "lake"), TIMELINE, pa.Table.from_pylist(rows, schema=schema))
    main(["--rules", str(rules), "--lake", str(tmp_path / "lake")])
    assert "4 interactions: 0 basic, 0 efficiency, 0 enhancement, 4 traditional" in capsys.readouterr().out
    main(["--rules", str(rules), "--lake", str(tmp_path / "none")])
    assert "None would go elsewhere." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rules_text", "line", "said"),
    [
        (BANK.replace("priority: 20", "priority: 91").replace("routine\n", "always\n", 1), {}, "expected one zone of"),
        (BANK.replace("sector: banking", "sector: farming"), {}, "sector: expected one of banking, health_care"),
        (BANK.replace("zone: basic", "zone: simple"), {}, r"rules.9.zone"),
        (BANK, {"intent": "change_pin", "risk": "enormous"}, r"messages.jsonl:1: expected a JSON object with"),
        (BANK, {"text": "zoe@inbox.example"}, r"messages.jsonl:1: expected a JSON object with"),
        (BANK, ["change_pin"], r"messages.jsonl:1: expected a JSON object with"),
    ],
)
def test_what_is_wrong_with_rules_or_messages_ends_it_and_repeats_no_message(
    tmp_path: Path, rules_text: str, line: object, said: str
) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(
        rules_text.replace("when: {topic: [cards, access, fees, payments, conversation]}", "when: {}"), encoding="utf-8"
    )
    with pytest.raises(SystemExit, match=said) as error:
        main(["--rules", str(path), "--messages", messages(tmp_path, line)])
    assert "zoe" not in str(error.value)
