"""A certificate says complete, and its check ends well, only where nothing is left."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from erasure import verify
from erasure.certificate import signed, stated
from erasure.people.subject import Subject
from erasure.scan import KeptFind, Scan, ScanResult
from erasure.scan_targets import LAKE_FILES, TABLES

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEY = ECKey.generate_key("P-256")
OTHERS = KeptFind("values", "other people's rows say the same", 3, {"a"}, {"profiles"})


def certificate(*findings: ScanResult, unanswered: tuple[str, ...] = ()) -> dict[str, Any]:
    scan = Scan(list(findings), [OTHERS])
    return stated("e_1", ["r_1"], Subject(people=1), {}, scan, unanswered, NOW, NOW)


def check(statement: dict[str, Any], folder: Path) -> None:
    (folder / "key.pem").write_bytes(KEY.as_pem(private=False))
    (folder / "certificate.json").write_text(json.dumps(signed(statement, KEY)))
    verify.main([str(folder / "certificate.json"), "--key", str(folder / "key.pem")])


READ = ScanResult(TABLES, parts=9, bytes=900)


def test_what_is_named_as_anothers_leaves_an_erasure_complete(tmp_path: Path) -> None:
    said = certificate(READ, ScanResult(LAKE_FILES, parts=1, bytes=9))
    assert (said["complete"], said["kept"][0]["found"]) == (True, 1)
    check(said, tmp_path)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (certificate(READ, ScanResult(LAKE_FILES, hits=25, where={"gold/x"})), "found 25 hits"),
        (certificate(READ, ScanResult(LAKE_FILES, read=False)), "every store to be read"),
        (certificate(READ, unanswered=("new_table",)), "without an answer"),
        (certificate(READ, ScanResult(LAKE_FILES, hits=25)) | {"complete": True}, "found 25 hits"),
    ],
    ids=["hits", "not read", "without answer", "hits that were called complete"],
)
def test_what_is_left_is_not_complete_and_the_check_ends_with_1(said: dict[str, Any], why: str, tmp_path: Path) -> None:
    assert said["hits"] or not said["complete"]
    with pytest.raises(SystemExit, match=why):
        check(said, tmp_path)


def test_only_what_was_found_by_nobody_is_complete() -> None:
    assert not certificate(ScanResult(TABLES, hits=1))["complete"]


def test_a_retention_that_left_something_due_ends_with_1(tmp_path: Path) -> None:
    of = {
        "certificate_of": "retention",
        "run_id": "t_1",
        "as_of": "2026-05-01",
        "people": 1,
        "held": 0,
        "rows_gone": {},
    }
    check(of | {"still_due": 0}, tmp_path)
    with pytest.raises(SystemExit, match="nothing left that is due"):
        check(of | {"still_due": 2}, tmp_path)
