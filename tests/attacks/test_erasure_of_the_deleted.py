"""Erasure: whom every source has deleted has no profile left, and is erased by a key or an identifier all the same."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import insert, select

from contracts.loading import load_channels
from contracts.settings import Settings
from erasure.journal import NotErasable
from erasure.operational import holds
from erasure.run import Erasure
from lake.tables import BRONZE, RECORDS, read
from spark_jobs.ingest import ingest
from spark_jobs.standardise import standardise
from stores import schema
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from tests.erasure.erasing_home import EMAIL, EVE, EVELYNKA, NOW, Home, Killed
from tests.spark_jobs.conftest import contracts_folder, sources, write_crm  # noqa: F401 -- fixtures

GUS = "G-7000003,Gundula,Quastel,01/02/1990,gundula@inbox.example,,2024-01-02T00:00:00Z"
FRED = "F-7000002,Fredrik,Ostrander,07/08/1979,fredrik@inbox.example,,2024-01-02T00:00:00Z"


@pytest.fixture
def home(
    spark: SparkSession,
    store_folder: Path,
    sources: Path,  # noqa: F811 -- the fixture
    contracts_folder: Path,  # noqa: F811 -- the fixture
    write_crm: Callable[..., None],  # noqa: F811 -- the fixture
) -> Iterator[Home]:
    """Evelynka was a customer, and logged in; her source has deleted her since."""
    crm = contracts_folder / "crm.yml"
    crm.write_text(crm.read_text().replace("format: csv", "format: csv\ndelivery: full\nmay_go: 0.9", 1))
    config = Settings(local=store_folder, lake=str(store_folder / "lake"), demo=True, database_url=None, redis_url=None)
    login = {"id": "w-1", "at": "2024-02-01T10:00:00Z", "who": {"mail": EMAIL}}
    (sources / "web.jsonl").write_text(json.dumps(login) + "\n", encoding="utf-8")
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with Redis.from_url(stores.redis_url) as client:
            found = Home(config, spark, stores, engine, client, sources, load_channels(contracts_folder))
            for day, lines in enumerate(([EVE, FRED, GUS], [FRED, GUS])):
                write_crm(*lines)
                ingest(spark, found.lake, str(sources), found.channels, NOW - timedelta(days=9 - day))
                standardise(spark, found.lake, found.channels)
            yield found
        engine.dispose()


def filed(home: Home, **details: Any) -> str:
    row = {"request_id": "r_key", "kind": "erasure", "profile_id": "i_intake", "state": "in_progress"}
    with home.engine.begin() as connection:
        row |= {"received_at": NOW, "due_on": NOW.date(), "details": details}
        connection.execute(insert(schema.privacy_requests).values(row))
    return "r_key"


@pytest.mark.parametrize(
    "asked",
    [{"records": [EVELYNKA]}, {"identifiers": [{"kind": "email", "value": EMAIL.lower()}]}],
    ids=["by a key", "by an identifier"],
)
def test_who_was_deleted_by_every_source_is_erased_with_proof_and_stays_away(
    home: Home,
    write_crm: Callable[..., None],  # noqa: F811 -- the fixture
    asked: dict[str, Any],
) -> None:
    assert read(home.spark, home.lake, RECORDS).where("record_id = 'crm:E-7000001'").count() == 0
    assert home.seen(EMAIL), "in the raw rows, and in the login"
    home.subscribe("profile.erased")
    said = home.erase(filed(home, **asked))["certificate"]
    assert (said["hits"], said["complete"], said["people"]) == (0, True, 1)
    for value in (EMAIL, EVELYNKA, "Evelynka"):
        assert home.seen(value) == set(), value
    assert home.told() == [], "nobody heard of an intake as of a profile"
    with home.engine.connect() as connection:
        kept = connection.execute(select(schema.privacy_requests)).one()
    assert (kept.state, kept.details, kept.profile_id.startswith("erased:")) == ("done", {}, True)
    assert read(home.spark, home.lake, BRONZE["person"]).where("source_key = 'F-7000002'").count() == 1
    write_crm(EVE, FRED, GUS, file="crm-old.csv")
    assert home.take_in()["reasons"] == {"erased": 1}


def test_a_hold_stops_the_erasure_of_a_record_that_its_source_deleted_whenever_it_was_placed(home: Home) -> None:
    def hold() -> str:
        with home.engine.begin() as connection:
            return holds.place(connection, [EVELYNKA], "lawsuit 24/1234", "officer", NOW)

    def lift(hold_id: str) -> None:
        with home.engine.begin() as connection:
            assert holds.lift(connection, hold_id, "it has ended", "officer", NOW), "it was not deleted"

    request, placed = filed(home, identifiers=[{"kind": "email", "value": EMAIL.lower()}]), hold()
    with pytest.raises(NotErasable, match=placed):
        home.erase(request)
    with home.engine.connect() as connection:
        assert connection.execute(select(schema.erasures)).all() == [], "it has not begun"
    lift(placed)

    meanwhile = dict[str, str]()

    def after(step: str) -> None:
        if step == "subject":
            raise Killed(step)
        if step in ("tombstones", "serving"):
            meanwhile[step] = hold()

    made = Erasure(home.config, home.stores, home.engine, home.channels, lambda: home.spark, lambda: NOW, after)
    with pytest.raises(Killed):
        made.run([request])
    placed = hold()
    with pytest.raises(NotErasable, match=placed):  # started again
        made.run([request])
    lift(placed)
    for step in ("tombstones", "serving"):  # placed after it was started again
        with pytest.raises(NotErasable) as stopped:
            made.run([request])
        assert meanwhile[step] in str(stopped.value)
        assert read(home.spark, home.lake, BRONZE["person"]).where("source_key = 'E-7000001'").count() > 0
        lift(meanwhile[step])
    assert made.run([request])["certificate"]["hits"] == 0
    with home.engine.connect() as connection:
        assert connection.execute(select(schema.legal_holds)).all() == [], "the lifted ones went with her"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"records": [EVELYNKA, "crm:E-9"]}, "none under 1 of 2"),
        ({"identifiers": [{"kind": "email", "value": "nobody@inbox.example"}]}, "nothing that is theirs alone"),
        ({"identifiers": [{"kind": "email", "value": "fredrik@inbox.example"}]}, "nothing that is theirs alone"),
    ],
    ids=["a key of nobody", "an address of nobody", "an address of a customer"],
)
def test_a_wrong_key_erases_and_buries_nobody(home: Home, asked: dict[str, Any], why: str) -> None:
    with pytest.raises(NotErasable, match=why):
        home.erase(filed(home, **asked))
    with home.engine.connect() as connection:
        assert connection.execute(select(schema.tombstones)).all() == []
