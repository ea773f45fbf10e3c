from pathlib import Path

import pytest

from identity.matching.comparisons import BY_NAME
from identity.matching.model import load
from spark_jobs.resolve import model_card


def test_every_comparison_is_explained_in_words() -> None:
    assert set(model_card.COMPARED) == set(BY_NAME)


def test_the_card_tells_training_prior_thresholds_levels_limits_and_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_card, "save_charts", lambda model, out: [out / "match_weights.html"])
    figures = dict.fromkeys(("precision", "recall", "f1", "bcubed_precision", "bcubed_recall", "bcubed_f1"), 0.9876)
    peer = {"f1": 0.6667}
    measured = [("<town>", {"records": 25_283, "people": 11_088, **figures, "splink": peer})]
    model = load()
    page = model_card.write_card(model, tmp_path, measured).read_text(encoding="utf-8")
    for text in (
        model.version,
        model.trained_at,
        "98,960 records",
        "one in 20,000",
        "from 0.5 bits",
        "twins who share",
        "two birth dates that differ",
    ):
        assert text in page
    assert "&lt;town&gt;" in page and "25,283" in page and "0.988" in page and "(0.667)" in page
    assert all(level.label.replace("'", "&#39;") in page for levels in model.comparisons.values() for level in levels)
    assert 'src="match_weights.html"' in page
