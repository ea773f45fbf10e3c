"""What a source has deleted leaves every store: silver, identity, profiles, features, and what is served."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import select

from contracts.settings import Settings, settings
from spark_jobs import pipeline
from stores import schema
from stores.embedded import open_stores
from stores.postgres import open_engine

ROOT = Path(__file__).parents[2]
CRM = """channel: crm
files: crm.csv
format: csv
holds: [person]
delivery: full
may_go: 0.6
region: FR
columns:
  id: {is: key, kind: customer_number}
  given: {is: given_name}
  family: {is: family_name}
  mail: {is: email}
"""
CARDS = """channel: cards
files: cards*.csv
format: csv
holds: [person]
region: FR
columns:
  card: {is: key, kind: loyalty_card}
  name: {is: full_name}
  mail: {is: email}
  gone: {is: deleted}
"""
ORDERS = """channel: orders
files: orders.csv
format: csv
holds: [event]
event: {type: order}
columns:
  no: {is: event_id}
  card: {is: external_id, kind: loyalty_card}
  on: {is: event_time, format: iso}
  total: {is: amount}
"""


@pytest.fixture
def home(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with its contracts and no files yet; its pipelines share the session of all tests."""
    monkeypatch.setattr(pipeline, "spark_session", lambda _: spark)
    monkeypatch.setattr(SparkSession, "stop", lambda _: None)
    with TemporaryDirectory(prefix="ocv-") as folder:
        (Path(folder) / "jars").symlink_to(ROOT / ".local/jars")
        for name, text in {"crm": CRM, "cards": CARDS, "orders": ORDERS}.items():
            path = Path(folder) / "contracts" / f"{name}.yml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        (Path(folder) / "sources").mkdir()
        monkeypatch.setenv("OCV_LOCAL", folder)
        monkeypatch.setenv("OCV_LAKE", f"{folder}/lake")
        settings.cache_clear()
        yield Path(folder)
    settings.cache_clear()


def run(home: Path, **files: str) -> dict[str, Any]:
    for name, text in files.items():
        (home / "sources" / f"{name}.csv").write_text(text)
    arguments = ["--sources", home / "sources", "--contracts", home / "contracts", "--report", home / "report.json"]
    pipeline.main([str(one) for one in arguments])
    found: dict[str, Any] = json.loads((home / "report.json").read_text())
    return found


def served(home: Path) -> tuple[set[str], set[tuple[str, str]], dict[str, set[str]]]:
    """Records, identifiers and the records of each profile, as PostgreSQL has them."""
    chosen = Settings(local=home, lake=str(home / "lake"), database_url=None, redis_url=None)
    with open_stores(chosen) as stores:
        engine = open_engine(stores.database_url)
        with engine.connect() as connection:
            records = {row.record_id: row.profile_id for row in connection.execute(select(schema.records))}
            held = {(row.kind, row.value) for row in connection.execute(select(schema.identifiers))}
            profiles = {row.profile_id for row in connection.execute(select(schema.profiles))}
        engine.dispose()
    of = {one: {record for record, profile in records.items() if profile == one} for one in profiles}
    return set(records), held, of


def test_who_was_joined_by_a_deleted_record_is_two_again_and_who_has_none_left_is_gone(home: Path) -> None:
    crm = "id,given,family,mail\n"
    ana, bob = "1,Ana,Roux,ana@mail.example\n", "2,Bob,Petit,bob@mail.example\n"
    cards = "card,name,mail,gone\n9001,Ana Roux,ana@mail.example,\n9002,Zoe Blanc,zoe@mail.example,\n"
    orders = "no,card,on,total\nA,9001,2025-01-01,10\nB,9002,2025-01-02,20\n"
    first = run(home, crm=crm + ana + bob, cards=cards, orders=orders)
    assert (first["records"], first["profiles"]) == (4, 3)
    _, _, before = served(home)
    assert {"cards:9001", "crm:1"} in before.values()

    second = run(home, crm=crm + bob)
    assert second["channels"]["crm"]["deleted"] == 1
    assert (second["records"], second["profiles"]) == (3, 3)
    records, held, profiles = served(home)
    assert "crm:1" not in records and ("customer_number", "1") not in held
    assert {"cards:9001"} in profiles.values()

    third = run(home, cards="card,name,mail,gone\n9001,,,Y\n9002,Zoe Blanc,zoe@mail.example,\n")
    assert third["channels"]["cards"]["deleted"] == 1
    assert (third["records"], third["profiles"], third["unattributed_events"]) == (2, 2, 1)
    records, held, profiles = served(home)
    assert records == {"crm:2", "cards:9002"} == {one for own in profiles.values() for one in own}
    assert ("email", "ana@mail.example") not in held

    again = run(home)
    assert again["rows_changed"] == 0
