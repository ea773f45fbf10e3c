"""What counts as a hit, and what is part of somebody else's value or a word of the system's own."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from erasure import scan_targets
from erasure.people.subject import Subject
from erasure.scan import Stock, scan
from erasure.scan_targets import Content
from stores import server_folders

FILE = "/silver/records/part-0.parquet"
COMPRESSED = b"\x15stays-0\x07guest-1\x01\x0e0\x15\x04"
"""What a page may look like that says `guest-10`, or `guest-1` and another word: compressed, nobody can tell."""

Found = Callable[..., dict[str, int]]


def _read(content: dict[str, bytes], _: Any) -> Content:
    return iter(content.items())


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Found:
    """Scans stores that hold what each place is said to hold, for the user `guest-1`; hits by where they stand."""

    def run(**content: Any) -> dict[str, int]:
        for place in ("lake_values", "tables", "keys", "lake_files"):
            monkeypatch.setattr(scan_targets, place, partial(_read, content.get(place, {})))
        monkeypatch.setattr(server_folders, "data_folder", lambda _: Path("data"))
        monkeypatch.setattr(server_folders, "key_folder", lambda _: Path("keys"))
        folders = {Path("data"): content.get("table_files", {}), Path("keys"): content.get("key_files", {})}
        monkeypatch.setattr(scan_targets, "folder_files", lambda folder, **_: iter(folders.get(folder, {}).items()))
        nothing: Any = None
        findings = scan(Stock("lake", nothing, nothing, Path("nowhere")), Subject(values={"guest-1"})).findings
        return {f"{one.place.store}: {name}": one.hits for one in findings for name in one.where}

    return run


def test_a_value_is_a_hit_wherever_it_stands(found: Found) -> None:
    plain = {"a": b"guest-1\n\x1f\nother"}
    assert found(lake_values=plain, tables=plain, keys=plain) == {
        "lake: a": 1,
        "postgresql: a": 1,
        "online store: a": 1,
    }
    assert found(lake_files={FILE: COMPRESSED}) == {f"lake: {FILE}": 1}
    assert found(table_files={"base/1": COMPRESSED}) == {"postgresql: base/1": 1}


def test_compressed_bytes_of_a_longer_value_are_no_hit_where_the_decoded_text_says_so(found: Found) -> None:
    decoded = {FILE: b"stays-0\n\x1f\nguest-10"}
    assert found(lake_values=decoded, lake_files={FILE: COMPRESSED}) == {}
    assert found(tables={"public.profiles": b"(guest-10)"}, table_files={"base/1": COMPRESSED}) == {}


def test_another_file_is_not_excused_by_it(found: Found) -> None:
    decoded = {FILE: b"guest-10"}
    other = FILE.replace("part-0", "part-1")
    assert found(lake_values=decoded, lake_files={other: COMPRESSED}) == {f"lake: {other}": 1}
    assert found(lake_values=decoded, lake_files={"/_delta_log/0.json": b'{"path":"guest-1"}'}) != {}
    assert found(keys={"keys": b"guest-10"}, key_files={"appendonly": b"$7\r\nguest-1\r\n"}) != {}
    assert found(lake_values=decoded, table_files={"base/1": COMPRESSED}) != {}, "another store's"
