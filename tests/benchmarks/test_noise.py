"""Heavier noise: whoever writes is wrong more often, and never always."""

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate.noise import Hand
from benchmarks.generate.run import generate

share = st.floats(0, 0.3)


@given(share, share, share, share, st.floats(0.1, 100))
def test_shares_grow_with_noise_and_stay_shares(typed: float, scanned: float, heard: float, gone: float, noise: float):
    usual = Hand(typed=typed, scanned=scanned, heard=heard, missing=gone)
    hand = usual.times(noise)
    assert hand.typed + hand.scanned + hand.heard <= 0.9 + 1e-9 and hand.missing <= 0.9
    if noise >= 1:
        assert hand.missing >= usual.missing and hand.typed >= usual.typed - 1e-9
    assert usual.times(1) == usual or usual.typed + usual.scanned + usual.heard > 0


def test_a_set_of_more_noise_has_more_empty_values(tmp_path: Path) -> None:
    empty = {}
    for noise in (1.0, 3.0):
        folder = tmp_path / str(noise)
        folder.mkdir()
        generate(300, 1, folder, noise=noise)
        with (folder / "crm.csv").open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(csv.reader(file))
        empty[noise] = sum(not cell for row in rows for cell in row) / sum(map(len, rows))
    assert empty[3.0] > 1.2 * empty[1.0]
