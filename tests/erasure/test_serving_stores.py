"""PostgreSQL and the online store without their lake: rows, pages on disk, write-ahead log, append-only file."""

from dataclasses import replace
from pathlib import Path

from redis import Redis
from sqlalchemy import insert, select

from consent import ledger
from consent.chain import check, consent_link
from consent.model import ConsentState, Method
from contracts.identifiers import Identifier
from contracts.settings import Settings
from erasure.lake.rows import without_names
from erasure.operational import compaction, live
from erasure.operational import rows as operational
from erasure.people.personal_values import PersonalValues
from erasure.people.refused import Theirs
from erasure.people.subject import Subject
from erasure.scan import Stock, scan
from read_model.rebuild import rebuild
from stores import schema
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import batch_record

EVE, FRED, LANDLINE = "crm:EV-70001", "crm:FR-70002", "+33170009999"
KEY = b"key"


def test_no_byte_of_an_erased_person_stays_in_the_servers_and_the_household_does(store_folder: Path) -> None:
    config = Settings(local=store_folder, lake=str(store_folder / "lake"), database_url=None, redis_url=None)
    with open_stores(config) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        client = Redis.from_url(stores.redis_url)
        batch_record(engine, EVE, "p-eve", given="Evelynka", email="evelynka@inbox.example", phone=LANDLINE)
        batch_record(engine, FRED, "p-fred", given="Fredrik", email="fredrik@inbox.example", phone=LANDLINE)
        line = {"history_id": "h", "at": NOW, "kind": "merged", "profile_id": "p-eve", "reason": "r", "actor": "a"}
        names = {"given": {"evelynka": 0.1, "fredrik": 0.1}, "family": {}}
        with engine.begin() as connection:
            rebuild(connection, ["p-eve", "p-fred"], NOW)
            email = Identifier("email", "evelynka@inbox.example")
            yes = ledger.Entry(email, "advice", ConsentState.GIVEN, NOW, "web", "web", Method.FORM, "web")
            ledger.append(connection, [yes, replace(yes, identifier=Identifier("record", EVE))], NOW)
            refused = {"source": "app", "received_at": NOW, "reason": "odd", "raw": b'{"e": "EVELYNKA@inbox.example"}'}
            connection.execute(insert(schema.inbox_quarantine).values(refused))
            item = {"userId": "u", "traits": {"email": "Evelynka@inbox.example"}}
            message = {"source": "app", "message_id": "1", "record_id": "app:u", "received_at": NOW, "gpc": False}
            connection.execute(insert(schema.inbox).values(message | {"item": item}))
            connection.execute(insert(schema.identity_history).values(line | {"records": [EVE, FRED]}))
            connection.execute(insert(schema.models).values(version="m", trained_at=NOW, parameters={}, names=names))
        client.set("cache", "evelynka@inbox.example")
        client.set("cache", "something else")

        subject = Subject(people=1, records={EVE, "app:u"}, profiles={"p-eve"}, words={"evelynka"})
        stock = Stock(config.lake_uri, engine, client, config.store_dir)
        with engine.begin() as connection:
            personal = PersonalValues()
            live.complete(connection, subject, personal, {}, NOW)
            assert operational.complete(connection, subject, personal.identifiers) == {Identifier("phone", LANDLINE)}
        subject.identifiers -= {Identifier("phone", LANDLINE)}
        subject.values = {"evelynka@inbox.example", EVE}
        assert Subject.unsealed(subject.sealed(KEY), KEY) == subject
        before = scan(stock, subject).findings
        assert {one.place.store for one in before if one.hits} == {"postgresql", "online store"}

        with engine.begin() as connection:
            connection.execute(insert(schema.erasures).values(erasure_id="e", started_at=NOW, requests=[]))
            operational.erase(connection, subject, Theirs(subject), {}, without_names, rebuild, NOW, "e")
        assert compaction.compact_tables(engine)["log"] and compaction.compact_keys(client)["append_only_file"]
        findings = scan(stock, subject).findings
        assert [one.as_line() for one in findings if one.hits] == []
        assert all(one.read for one in findings)
        with engine.connect() as connection:
            assert connection.scalars(select(schema.profiles.c.profile_id)).all() == ["p-fred"]
            held = connection.scalars(select(schema.identifiers.c.value).order_by(schema.identifiers.c.value)).all()
            assert held == [LANDLINE, "fredrik@inbox.example"]
            assert connection.scalars(select(schema.identity_history.c.records)).all() == [[FRED]]
            assert connection.scalar(select(schema.models.c.names)) == {"given": {"fredrik": 0.1}, "family": {}}
            assert connection.scalars(select(schema.inbox_quarantine)).all() == []
            rows = [dict(row) for row in connection.execute(select(schema.consent_events)).mappings()]
            assert check([consent_link(row) for row in rows]).whole
            assert [row["identifier"].partition(":")[0] for row in rows] == ["pseudonym", "pseudonym"]
        engine.dispose()
