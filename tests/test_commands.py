"""A command that lacks something says so in one sentence, before it starts anything."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.settings import Settings, settings
from erasure import run as erasing
from lake import jars
from spark_jobs import breach, extract, ingest, pipeline, standardise
from spark_jobs import retention as retaining

FOLDERS = ["--sources", "examples/sample", "--contracts", "examples/sample"]
KEYED: dict[str, Callable[[], None]] = {
    "erase": lambda: erasing.main(["--request", "r_1"]),
    "retention": lambda: retaining.main([]),
    "pipeline": lambda: pipeline.main(FOLDERS),
    "ingest": lambda: ingest.main(FOLDERS),
    "standardise": lambda: standardise.main(FOLDERS[2:]),
    "extract": lambda: extract.main(["--purpose", "analytics", "--as-of", "now", "--out", "table.parquet"]),
}


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One where somebody was erased, with no key at hand and no store that could be opened."""
    monkeypatch.setenv("OCV_LOCAL", str(tmp_path))
    monkeypatch.setenv("OCV_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("OCV_INSTALLATION_KEY", "k" * 32)
    for name in ("OCV_DEMO", "OCV_AUDIT_KEY"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    kept = Settings().kept_tombstones
    kept.parent.mkdir(parents=True)
    kept.write_text('{"tombstone": "t", "erasure_id": "e", "at": "2026-01-01T00:00:00+00:00"}\n')
    yield tmp_path
    settings.cache_clear()


@pytest.mark.parametrize("command", KEYED)
def test_a_command_that_lacks_its_key_says_what_to_do_and_starts_nothing(installation: Path, command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        KEYED[command]()
    said = str(ended.value.code)
    assert "OCV_AUDIT_KEY" in said and "OCV_DEMO=1 for this command" in said and "\n" not in said


@pytest.mark.parametrize(
    ("since", "until", "case"),
    [("", "2026-05-02", "c-1"), ("yesterday", "2026-05-02", "c-1"), ("2026-05-03", "2026-05-02", "c-1")]
    + [("2026-05-01", "", "c-1"), ("2026-05-01", "2026-05-02", " ")],
)
def test_a_breach_list_without_its_dates_or_case_ends_with_2(
    since: str, until: str, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        breach.main(["--reader", "advisor-7", "--since", since, "--until", until, "--case", case])
    assert ended.value.code == 2
    assert "usage: " not in (said := capsys.readouterr().err) and said.count("\n") == 1
    assert all(name in said for name in ("make breach-list", "READER=", "SINCE=", "UNTIL=", "CASE="))
    assert "error: " in said and "expected " in said and "Traceback" not in said


def test_a_breach_list_of_nothing_says_what_make_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        breach.main(["--since", "", "--until", "", "--case", ""])
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "`make breach-list` needs READER=SUB, SUBSCRIPTION=ID or SOURCE=NAME" in said


def test_retention_says_its_figures_in_a_line() -> None:
    gone = {"rows_gone": {"timeline": 3, "bronze/events": 4}, "rows_with_values_gone": {"bronze/records": 6}}
    said = retaining.in_short({"people": 2, **gone, "held": 1, "still_due": 0})
    assert said == "Deleted: 2 people, 7 rows; ended values of 6 rows. On hold: 1. Still due: 0."
    events: dict[str, dict[str, int]] = {"timeline": {"behaviour": 3}, "silver/events": {}}
    plan = {"people": 2, "held": 1, "events": events, "papers": {"audit": 5}, "values": {"live_records": 1}}
    due = "2 people, 3 events in timeline, 0 events in silver/events, ended values of 1 rows, 5 rows of papers"
    assert retaining.in_short(plan) == f"Due: {due}. On hold: 1. Nothing was deleted."


def test_the_jars_of_set_up_serve_other_stores(installation: Path, tmp_path: Path, monkeypatch: Any) -> None:
    there = tmp_path / "checkout"
    monkeypatch.setattr(jars, "CHECKOUT", there)
    assert jars.jar_folder() == installation.resolve() / "jars", "where set-up would put them"
    there.mkdir()
    (there / "delta.jar").touch()
    assert jars.jar_folder() == there
    (installation / "jars").mkdir()
    (installation / "jars" / "delta.jar").touch()
    assert jars.jar_folder() == installation.resolve() / "jars"
