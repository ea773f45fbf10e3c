"""Settings come from the environment, and no demo secret serves in earnest."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.settings import DEMO_SECRET, Settings


def test_the_demo_secret_is_refused_outside_demo_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCV_AUDIT_KEY", DEMO_SECRET)
    with pytest.raises(ValidationError, match="OCV_AUDIT_KEY, found the demo secret outside demo mode"):
        Settings()
    monkeypatch.setenv("OCV_DEMO", "1")
    assert Settings().demo


def test_a_secret_is_shown_nowhere() -> None:
    assert "hidden-key" not in repr(Settings(audit_key="hidden-key"))


def test_the_environment_sets_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCV_LAKE", "s3://bucket.example/lake/")
    monkeypatch.setenv("OCV_SPARK_MASTER", "spark://cluster.example:7077")
    assert Settings().lake_uri == "s3://bucket.example/lake"
    assert Settings().spark_master == "spark://cluster.example:7077"


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().lake = "elsewhere"


def test_two_lakes_never_share_their_stores(tmp_path: Path) -> None:
    one, other = (Settings(local=tmp_path, lake=str(tmp_path / name)) for name in ("one", "other"))
    assert one.store_dir != other.store_dir
    assert one.store_dir == Settings(local=tmp_path, lake=f"{tmp_path}/./one").store_dir
