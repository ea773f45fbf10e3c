"""Attacks on "Erasure": whatever an outsider sends, before, meanwhile or after, it ends, and his browsers stay."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import insert, select

from contracts.live_keys import visitor_key
from erasure.run import Erasure
from lake.tables import BRONZE, EVENTS, PROFILES, RECORDS, read
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from stores import schema
from tests.attacks.erased_world import LiveHome, live_home
from tests.erasure.erasing_home import NOW
from tests.read_model.live.collecting import accept, project_all

MAIL, CARD, STREET = "zed.quincour@inbox.example", "9250569525106", "12 rue des Quincours"
ZED: dict[str, Any] = {
    "type": "identify",
    "userId": "u-183264753",
    "traits": {"email": MAIL, "firstName": "Zed", "lastName": "Quincour", "address": {"street": STREET}},
    "context": {"externalIds": [{"type": "loyalty_card", "id": CARD}]},
}
BEFORE = [
    {"type": "page", "anonymousId": MAIL, "name": MAIL},
    {"type": "page", "anonymousId": "v", "name": "Shoes"},
    {"type": "identify", "anonymousId": "v", "traits": {"email": MAIL}},
    {"type": "page", "anonymousId": "v", "name": f"carte {CARD} svp"},
    {"type": "group", "anonymousId": "v", "groupId": CARD},
    {"type": "page", "anonymousId": "w", "name": f"she lives in {STREET}"},
]
MEANWHILE = [{"type": "page", "anonymousId": "late", "name": said} for said in (f"at {STREET}", f"card {CARD}", MAIL)]
V = f"app:{visitor_key('v')}"


@pytest.fixture(scope="module")
def home(spark: SparkSession) -> Iterator[LiveHome]:
    """A customer, and browsers that named them."""
    with live_home(spark, ["F-7000002,Fredrik,Zarwell,07/08/1979,fredrik@inbox.example,,2024-01-02T00:00:00Z"]) as made:
        accept(made.engine, NOW - timedelta(hours=4), ZED)
        accept(made.engine, NOW - timedelta(hours=3), *BEFORE, server=False)
        project_all(made.engine, NOW)
        made.batch()
        yield made


def test_an_outsider_holds_no_erasure_up_and_keeps_nothing_of_the_person(home: LiveHome) -> None:
    owner = home.owner(V)

    def after(step: str) -> None:
        if step in ("subject", "serving", "compaction"):  # as if the door had not yet heard of the person
            accept(home.engine, NOW, *MEANWHILE, server=False)
            project_all(home.engine, NOW)
            refused = {"source": "app", "received_at": NOW, "reason": "no event", "raw": f"her, in {STREET}".encode()}
            with home.engine.begin() as connection:
                connection.execute(insert(schema.inbox_quarantine).values(refused))

    request = home.request("r1", home.owner("app:u-183264753"))
    made = Erasure(home.config, home.stores, home.engine, home.channels, lambda: home.spark, lambda: NOW, after)
    said = made.run([request])["certificate"]
    assert (said["hits"], said["complete"]) == (0, True), [line for line in said["scanned"] if line["hits"]]
    with home.engine.connect() as connection:
        states = select(schema.privacy_requests.c.state).where(schema.privacy_requests.c.request_id == request)
        assert connection.scalar(states) == "done"
    (kept,) = [line for line in said["kept"] if line["what"] == "values"]
    assert set(kept["where"]) >= {"public.inbox", "public.timeline"}, "what came after is named as others'"
    assert home.owner(V) == owner
    with home.engine.connect() as connection:
        left = [str(one) for one in connection.scalars(select(schema.inbox.c.item))]
    assert sum(MAIL in one or CARD in one for one in left) == 4, "what came before the tombstones stood is gone"
    for table in (EVENTS, RECORDS, BRONZE["event"], BRONZE["person"], PROFILES):
        text = str([row.asDict(recursive=True) for row in read(home.spark, home.lake, table).collect()])
        assert not [one for one in (MAIL, CARD) if one in text], table.name
    # The next run takes the browser's record in as it is now.
    home.take_in()
    build(home.spark, home.lake, home.channels)
    publish(home.spark, home.engine, home.lake, NOW)
    held = {row.record_id: str(row) for row in read(home.spark, home.lake, RECORDS).collect()}
    assert V in held and MAIL not in held[V]
    assert home.owner(V) == owner and owner in home.people()
