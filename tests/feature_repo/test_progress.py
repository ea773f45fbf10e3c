import json
from pathlib import Path

from redis import Redis

from feature_repo.progress import ReadPosition, position_in_log, reached, remember
from stores.embedded import Stores


def commit(table: Path, version: int, *actions: object) -> None:
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020}.json").write_text("\n".join(json.dumps(action) for action in actions))


def test_the_log_tells_the_table_and_its_newest_version_without_a_jvm(tmp_path: Path) -> None:
    commit(tmp_path, 0, {"commitInfo": {}}, {"metaData": {"id": "one"}})
    commit(tmp_path, 1, {"commitInfo": {}})
    (tmp_path / "_delta_log" / f"{1:020}.checkpoint.parquet").touch()
    assert position_in_log(str(tmp_path), "d") == ReadPosition("one", 1, "d")


def test_a_log_that_is_missing_shortened_or_remote_tells_nothing(tmp_path: Path) -> None:
    assert position_in_log(str(tmp_path / "none"), "d") is None
    assert position_in_log("s3://bucket.example/lake", "d") is None
    commit(tmp_path, 7, {"commitInfo": {}})
    assert position_in_log(str(tmp_path), "d") is None


def test_progress_is_kept_for_each_view_in_the_store_that_it_speaks_of(online: Stores) -> None:
    with Redis.from_url(online.redis_url) as client:
        remember(client, "features_value", ReadPosition("one", 3, "d"))
        assert reached(client, "features_value") == ReadPosition("one", 3, "d")
        assert reached(client, "features_interactions") is None
        client.flushdb()
        assert reached(client, "features_value") is None
