"""Rules are one file, checked, and a preview tells what other ones would do."""

from pathlib import Path

import pytest

from identity.matching.rules import SHIPPED, SHIPPED_FILE, load_rules
from spark_jobs.resolve.preview import differences


def test_a_changed_threshold_makes_other_rules(tmp_path: Path) -> None:
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    (tmp_path / "rules.yml").write_text(text.replace("merge_at: 0.5", "merge_at: 6"), encoding="utf-8")
    changed = load_rules(tmp_path / "rules.yml")
    assert (changed.merge_at, SHIPPED.merge_at) == (6, 0.5)
    assert changed.digest != SHIPPED.digest == load_rules(SHIPPED_FILE).digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("best_pair: 0.4", "best_pair: 4", "best_pair: Input should be less than or equal to 1"),
        ("  street: 20\n", "", r"expected a cap for every blocking rule, found these to differ: \['street'\]"),
        ("review_from: -3.0", "review_from: 3.0", "review_from: expected at most merge_at"),
        ("unproposed", "unproposd", "unproposd: Extra inputs are not permitted"),
    ],
)
def test_rules_that_make_no_sense_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = SHIPPED_FILE.read_text(encoding="utf-8")
    (tmp_path / "rules.yml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_rules(tmp_path / "rules.yml")


def test_a_preview_lists_merges_and_splits_by_ids_alone() -> None:
    now = {"a": "p1", "b": "p1", "c": "p2", "d": "p3"}
    assert differences(now, [["a"], ["b", "c"], ["d"]]) == {
        "profiles_now": 3,
        "profiles_then": 3,
        "merges": [{"profiles": ["p1", "p2"], "records": ["b", "c"]}],
        "splits": [{"profile_id": "p1", "parts": [["a"], ["b"]]}],
    }
    assert differences(now, [["a", "b"], ["c"], ["d"]]) | {"merges": [], "splits": []} == differences(
        now, [["a", "b"], ["c"], ["d"]]
    )
