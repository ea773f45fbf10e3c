"""Retention: what a source has deleted has an end in the raw rows, too, and no file that lies there brings it back."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from channel_files.versions import GONE
from contracts.channel import Channel
from contracts.loading import load_channels
from erasure.retention import deleted
from erasure.retention.people import OnHold
from lake.tables import BRONZE, RECORDS, read
from spark_jobs.ingest import ingest
from spark_jobs.standardise import standardise
from tests.erasure.erasing_home import NOW
from tests.spark_jobs.conftest import channels, contracts_folder, lake, sources, write_crm  # noqa: F401 -- fixtures

NOBODY = OnHold(frozenset(), frozenset())
DAY = timedelta(days=1)
EVE, FRED, GUS = "1,Evelynka,Zarwell,,eve@inbox.example,,", "2,Fredrik,Roux,,fred@inbox.example,,", "3,Gus,Blanc,,,,"
Write = Callable[..., None]


class Lake:
    def __init__(self, spark: SparkSession, root: str, sources: Path, channels: dict[str, Channel]) -> None:  # noqa: F811
        self.spark, self.root, self.sources, self.channels = spark, root, sources, channels

    def run(self, day: int) -> None:
        ingest(self.spark, self.root, str(self.sources), self.channels, NOW + day * DAY)
        standardise(self.spark, self.root, self.channels)

    def raw(self, key: str) -> list[Row]:
        return read(self.spark, self.root, BRONZE["person"]).where(F.col("source_key") == key).collect()

    def due(self, day: int, held: OnHold = NOBODY) -> int:
        return deleted.count(self.spark, self.root, self.channels, held, NOW + day * DAY)

    def forget(self, day: int, held: OnHold = NOBODY) -> dict[str, int]:
        return deleted.forget(self.spark, self.root, self.channels, held, NOW + day * DAY)

    def known(self) -> set[str]:
        return {row.record_id for row in read(self.spark, self.root, RECORDS).collect()}


@pytest.fixture(params=["left out", "told by a row"])
def house(
    request: pytest.FixtureRequest,
    spark: SparkSession,
    lake: str,  # noqa: F811 -- the fixture
    sources: Path,  # noqa: F811 -- the fixture
    contracts_folder: Path,  # noqa: F811 -- the fixture
    write_crm: Write,  # noqa: F811 -- the fixture
) -> Lake:
    """Three people, of whom the source deletes the first on the second day, in either way."""
    crm, by_row = contracts_folder / "crm.yml", request.param == "told by a row"
    old, new = ("phone: {is: phone}", "phone: {is: deleted}") if by_row else ("csv", "csv\ndelivery: full\nmay_go: 0.9")
    crm.write_text(crm.read_text().replace(old, new, 1))
    found = Lake(spark, lake, sources, load_channels(contracts_folder))
    write_crm(EVE, FRED, GUS)
    found.run(0)
    if by_row:
        write_crm("1,Evelynka,Zarwell,,,Y,", file="crm-2.csv")
    else:
        write_crm(FRED, GUS)
    found.run(1)
    assert found.known() == {"crm:2", "crm:3"}
    return found


def test_raw_rows_of_what_a_source_deleted_go_and_only_a_mark_stays(house: Lake) -> None:
    assert (house.due(0), house.forget(0)) == (0, {}), "deleted since"
    rows = len([one for one in house.raw("1") if one.content_hash != GONE])
    assert house.due(2) == rows > 0
    assert house.forget(2) == {deleted.NAME: rows}
    (mark,) = house.raw("1")
    assert (mark.content_hash, mark.payload) == (GONE, "{}")
    assert house.due(2) == 0 and house.forget(2) == {}
    assert len(house.raw("2")) == 1 and house.known() == {"crm:2", "crm:3"}


def test_files_that_lie_there_still_bring_nothing_back_and_a_new_delivery_does(
    house: Lake,
    write_crm: Write,  # noqa: F811 -- the fixture
) -> None:
    house.forget(2)
    house.run(3)
    assert len(house.raw("1")) == 1 and house.known() == {"crm:2", "crm:3"}
    write_crm(EVE, FRED, GUS, file="crm-9.csv")
    house.run(4)
    assert house.known() == {"crm:1", "crm:2", "crm:3"} and house.due(9) == 0


def test_what_is_held_stays(house: Lake) -> None:
    assert house.forget(2, OnHold(frozenset({"crm:1"}), frozenset())) == {}


def test_rows_that_tell_decisions_stay_as_their_proof(house: Lake, contracts_folder: Path) -> None:  # noqa: F811
    crm = contracts_folder / "crm.yml"
    column = "born: {is: decision, purpose: marketing_email, of: email}"
    text = crm.read_text().replace('born: {is: birth_date, format: "%d/%m/%Y"}', column)
    crm.write_text(text.replace("holds: [person]", "holds: [person, consent]"))
    house.channels = load_channels(contracts_folder)
    assert (house.due(2), house.forget(2)) == (0, {})
