"""Consent: retention is decoration. What ends before its person is taken out of every store, and nobody's identity."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import func, insert, select

from consent.purposes import published_purposes
from contracts.loading import load_channels
from contracts.settings import Settings
from contracts.sources import with_live
from erasure.journal import NotErasable
from erasure.operational import holds
from erasure.retention.run import Retention
from lake.tables import BRONZE
from spark_jobs.ingest import ingest
from spark_jobs.retention import follow
from stores import schema
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from tests.erasure.erasing_home import Home, killed_after_each
from tests.read_model.live.collecting import SOURCES, accept, project_all

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
THEN = datetime(2020, 6, 1, 12, tzinfo=UTC)
"""Five years and nine months before: sensitive data and behaviour have ended, names and addresses have not."""

PURPOSES = {name: one for name, one in published_purposes().items() if not one.refused}
STEPS = ("links", "raw")
PERSON = """
  id: {is: key, kind: customer_number}
  given: {is: given_name}
  family: {is: family_name}
  born: {is: birth_date, format: iso}
  mail: {is: email}
  nir: {is: external_id, kind: national_id, verified: true}
  diet: {is: attribute, name: diet, category: sensitive}
  changed: {is: version, format: iso}
"""
CONTRACTS = {
    name: f"channel: {name}\nfiles: {name}*.csv\nformat: csv\nholds: [person]\nregion: FR\ncolumns:{PERSON}"
    for name in ("crm", "store")
}
HEADER = "id,given,family,born,mail,nir,diet,changed,remark\n"
ADA_NIR, BO_NIR, CY_NIR, ED_NIR = "284051234567890", "285061234567891", "290071234567892", "27712345678"
CRM = [
    # One with a record in the store that only her national id and the name tell to be hers.
    f"A-1,Adalinde,Quastel,1984-05-03,ada@inbox.example,{ADA_NIR},vegan-7100001,2020-06-01T00:00:00Z,remark-7100001",
    # Two with one name, birth date and address book, whom two checked national ids tell apart.
    f"B-1,Bodo,Zarwell,1985-06-04,zarwell@inbox.example,{BO_NIR},,2020-06-01T00:00:00Z,",
    # Still a customer, and one whose data a court wants.
    f"C-1,Cyrille,Neuhof,1990-07-05,cy@inbox.example,{CY_NIR},vegan-7100003,2026-01-01T00:00:00Z,remark-7100003",
    f"E-1,Edda,Altmark,1977-01-01,edda@inbox.example,{ED_NIR},,2020-06-01T00:00:00Z,",
]
STORE = [
    f"A-2,Adalinde,Quastel,,quastel@post.example,{ADA_NIR},,2020-06-01T00:00:00Z,",
    "B-2,Bodo,Zarwell,1985-06-04,zarwell@inbox.example,286071234567899,,2020-06-01T00:00:00Z,",
]
GONE = (ADA_NIR, BO_NIR, "286071234567899", "vegan-7100001", "remark-7100001", "device-7200001", "plan-7200001")


@dataclass
class House(Home):
    """With the real batch."""

    def batch(self) -> dict[str, Any]:
        ingest(self.spark, self.lake, str(self.sources), self.channels, NOW)
        follow(self.config, self.spark, self.engine, self.channels, NOW)
        return {}

    def groups(self) -> set[frozenset[str]]:
        """The records of each profile."""
        with self.engine.connect() as connection:
            ids = func.array_agg(schema.records.c.record_id)
            return {frozenset(one) for one in connection.scalars(select(ids).group_by(schema.records.c.profile_id))}


@pytest.fixture
def home(spark: SparkSession, store_folder: Path) -> Iterator[House]:
    folder = store_folder / "of-files"
    for part in ("contracts", "sources"):
        (folder / part).mkdir(parents=True)
    for name, text in CONTRACTS.items():
        (folder / "contracts" / f"{name}.yml").write_text(text, encoding="utf-8")
    for name, lines in {"crm": CRM, "store": STORE}.items():
        text = HEADER + "".join(f"{line}\n" for line in lines)
        (folder / "sources" / f"{name}.csv").write_text(text, encoding="utf-8")
    said = json.dumps(
        {"sources": [one.model_dump(mode="json", exclude={"user_secret"}) for one in SOURCES.by_name.values()]}
    )
    (folder / "sources.yml").write_text(said, encoding="utf-8")
    config = Settings(
        local=store_folder,
        lake=str(store_folder / "lake"),
        demo=True,
        sources_file=folder / "sources.yml",
        database_url=None,
        redis_url=None,
    )
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        with Redis.from_url(stores.redis_url) as client:
            channels = load_channels(folder / "contracts")
            yield House(config, spark, stores, engine, client, folder / "sources", channels)
        engine.dispose()


def retention(home: House, after: Callable[[str], None] = lambda step: None) -> Retention:
    of = (home.config, home.stores, home.engine, with_live(home.channels, SOURCES))
    again = lambda now: follow(home.config, home.spark, home.engine, home.channels, now)  # noqa: E731
    return Retention(*of, lambda: home.spark, lambda: NOW, after, purposes=PURPOSES, follow=again)


def killed_at_every_step(home: House) -> dict[str, Any]:
    killed: set[str] = set()
    document = killed_after_each(STEPS, killed, lambda after: retention(home, after).run())
    assert killed == set(STEPS)
    certificate: dict[str, Any] = document["certificate"]
    return certificate


def came_live(home: House) -> None:
    """A user on a device, and a visitor of whom nothing but a device is known."""
    who = {"userId": "u-7200001", "anonymousId": "device-7200001"}
    traits = {"email": "lena@live.example", "firstName": "Lenore", "unlabelled": "plan-7200001"}
    accept(home.engine, THEN, {"type": "identify", **who, "traits": traits, "timestamp": str(THEN)})
    accept(home.engine, THEN, {"anonymousId": "device-7200002", "event": "Seen", "timestamp": str(THEN)})
    project_all(home.engine, THEN)


def test_what_ends_before_its_person_leaves_every_store_and_nobody_becomes_somebody_else(home: House) -> None:
    came_live(home)
    home.batch()
    groups, profiles = home.groups(), set(home.people())
    assert {"crm:A-1", "store:A-2"} in groups and {"crm:B-1"} in groups and {"store:B-2"} in groups, groups
    ada, cy, edda = (home.owner(one) for one in ("crm:A-1", "crm:C-1", "crm:E-1"))
    put_right = {"record_id": "crm:A-1", "field": "diet", "value": "vegan-7100001", "category": "sensitive"}
    with home.engine.begin() as connection:
        holds.place(connection, ["crm:E-1"], "lawsuit 24/1234", "officer", NOW)
        request = {"request_id": "r-1", "kind": "rectification", "profile_id": ada, "state": "done", "details": {}}
        request |= {"received_at": NOW, "due_on": NOW.date()}
        connection.execute(insert(schema.privacy_requests).values(request))
        connection.execute(insert(schema.rectifications).values(put_right | {"decided_at": THEN, "request_id": "r-1"}))

    # 1. A dry run says how many rows say something that has ended.
    plan = retention(home).plan(NOW)
    assert plan["values"] == {BRONZE["person"].name: 5, "live_records": 2, "rectifications": 1}
    assert (plan["people"], plan["held"]) == (1, 1), "the visitor goes whole; who is on hold stays as they are"

    # 2. The run, killed after each step: nothing of it is anywhere, and everybody is who they were.
    said = killed_at_every_step(home)
    assert (said["people"], said["still_due"]) == (1, 0)
    assert said["rows_with_values_gone"] == plan["values"]
    for value in (*GONE, "device-7200002"):
        assert home.seen(value) == set(), value
    assert {one for one in home.groups() if not any("visitor" in record for record in one)} == {
        one for one in groups if not any("visitor" in record for record in one)
    }
    people = home.people()
    assert set(people) < profiles and len(people) == len(profiles) - 1
    fields, identifiers = people[ada]
    assert (fields["given_name"], fields["family_name"]) == ("Adalinde", "Quastel")
    assert identifiers == ["a-1", "a-2", "ada@inbox.example", "quastel@post.example"]
    assert CY_NIR in people[cy][1] and people[cy][0]["diet"] == "vegan-7100003", "still a customer"
    assert ED_NIR in people[edda][1], "on hold"

    # 3. The same file brings nothing of it back; who comes back is known by what stayed, and says it anew.
    back = CRM[0].replace("2020-06-01T00", "2026-02-20T00")
    (home.sources / "crm-again.csv").write_text((home.sources / "crm.csv").read_text(), encoding="utf-8")
    (home.sources / "crm-back.csv").write_text(HEADER + back + "\n", encoding="utf-8")
    home.batch()
    assert home.seen(BO_NIR) == set()
    assert home.owner("crm:A-1") == home.owner("store:A-2") == ada and ADA_NIR in home.people()[ada][1]
    assert retention(home).plan(NOW)["values"] == {}

    # 4. Without the contract of a channel nobody knows what of it has ended.
    home.channels.pop("store")
    with pytest.raises(NotErasable, match="expected the contracts of all channels, found none of store"):
        retention(home).plan(NOW)
