"""What the privacy benchmark counts and looks for; its long runs are not repeated here."""

import base64
import hashlib
from pathlib import Path
from urllib.parse import quote

import pytest

from benchmarks.generate.run import generate
from benchmarks.privacy import decisions
from benchmarks.privacy.origins import NASTY_IDS, STAYING
from benchmarks.privacy.second_search import _forms, _grep, needles_of
from contracts.identifiers import normalise


def test_cells_are_counted_as_the_matrix_prints_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Done:
        returncode = 0
        stdout = "\nmatrix: 12 cells decided (role x purpose)\n.\nmatrix: 30 cells asked over 9 routes\n. [100%]\n"

    monkeypatch.setattr(decisions.subprocess, "run", lambda *_, **__: Done)
    found = decisions.matrix()
    assert (found["cells"], found["holds"]) == (42, True)


def test_the_second_search_looks_for_what_is_one_persons_alone_and_finds_it_in_every_form(tmp_path: Path) -> None:
    generate(60, 3, tmp_path / "sources")
    crm = (tmp_path / "sources/crm.csv").read_text(encoding="utf-8").splitlines()
    first, rest = crm[1], "\n".join(crm[2:])
    key = first.partition(",")[0]
    needles = needles_of(tmp_path / "sources", {f"crm:{key}"})
    assert key in needles and all(value.startswith("+33") or value in first for value in needles)
    assert not any(value in rest for value in needles)
    stores = tmp_path / "stores"
    stores.mkdir()
    for value in needles:
        plain = value.lower().encode()
        hidden = (plain, base64.b64encode(plain), hashlib.sha256(plain).hexdigest().encode(), quote(value).encode())
        for number, form in enumerate(hidden):
            (stores / "file").write_bytes(b"\0\xff." + form + b".\n" + bytes([number]))
            assert _grep(set(_forms(value)), tmp_path / "patterns", stores), (value, number)
    (stores / "file").write_bytes(rest.encode())
    assert not _grep({form for value in needles for form in _forms(value)}, tmp_path / "patterns", stores)


@pytest.mark.parametrize("user", [*NASTY_IDS, *STAYING])
def test_a_nasty_id_is_one_that_collection_takes_as_somebodys(user: str) -> None:
    assert normalise("user_id", user).kind == "user_id"
