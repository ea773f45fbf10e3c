"""A backup brings everybody back but those who were erased, before it or since."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import insert, select, text, update

from consent.tombstones.kept import UnreadableTombstones, kept
from contracts.channel import Channel
from contracts.live_keys import visitor_key
from contracts.settings import Settings
from contracts.sources import with_live
from erasure.journal import NotErasable
from erasure.operational import holds
from identity.stewarding.decisions import Plan
from lake.tables import MODELS, read, write_changes
from profile_api.stewardship.queries.overrides import Word, write
from recovery.archive import MANIFEST, BrokenBackup
from recovery.backup import NotEmpty, back_up
from recovery.restore import NotRestorable, restore
from spark_jobs.publish import publish
from stores import schema
from stores.embedded import open_stores
from stores.postgres import RestoreUnfinished, migrate, open_engine, restoring
from tests.attacks.erased_world import LiveHome
from tests.conversations import handed_over
from tests.erasure.erasing_home import CRM, EMAIL, EVELYNKA, FREDRIK, GUNDULA, HANNELORE, NOW, STEPS
from tests.read_model.live.collecting import SOURCES, accept, project_all

Opened = Callable[[str], LiveHome]


@pytest.fixture
def opened(
    spark: SparkSession,
    store_folder: Path,
    sources: Path,
    channels: dict[str, Channel],
    write_crm: Callable[..., None],
) -> Iterator[Opened]:
    """Homes with stores of their own, by name; what is kept outside of the stores they share."""
    write_crm(*CRM)
    (sources / "web.jsonl").write_text(
        json.dumps({"id": "w-1", "at": "2024-02-01T10:00:00Z", "who": {"mail": EMAIL}}) + "\n", encoding="utf-8"
    )
    with ExitStack() as stack:

        @contextmanager
        def home(name: str) -> Iterator[LiveHome]:
            local = store_folder / name
            config = Settings(
                local=local,
                lake=str(local / "lake"),
                demo=True,
                database_url=None,
                redis_url=None,
                tombstones_file=store_folder / "outside" / "tombstones.jsonl",
            )
            with open_stores(config) as stores:
                engine = open_engine(stores.database_url)
                with Redis.from_url(stores.redis_url) as client:
                    yield LiveHome(config, spark, stores, engine, client, sources, with_live(channels, SOURCES))
                engine.dispose()

        yield lambda name: stack.enter_context(home(name))


def filled(home: LiveHome) -> LiveHome:
    migrate(home.engine)
    home.batch()
    return home


def restored(home: LiveHome, folder: Path) -> dict[str, Any]:
    return restore(home.config, home.stores, home.engine, folder, home.channels, lambda: home.spark, lambda: None, NOW)


def backup_of(home: LiveHome, folder: Path) -> Path:
    back_up(home.config, home.stores.database_url, home.engine, folder, NOW)
    return folder


def test_who_was_erased_after_a_backup_stays_erased_when_it_is_restored_and_everybody_else_is_back(
    opened: Opened, store_folder: Path
) -> None:
    first = filled(opened("first"))
    before = first.people()
    gone = first.owner(EVELYNKA)
    said = {"position": 10, "stated_at": NOW, "received_at": NOW, "channel": "chat"}
    said |= {"stated_through": "bot", "recorded_by": "bot-1"}
    both = (EVELYNKA, FREDRIK)
    with first.engine.begin() as connection:
        hold_id = holds.place(connection, [EVELYNKA, FREDRIK], "a court asks", "an officer", NOW)
        connection.execute(insert(schema.dial_statements), [said | {"record_id": one} for one in both])
        became = {"suggestion": "5a4c", "rule": "offer_a_person", "outcome": "rejected", "reason": "better_way"}
        became |= {"given_on": NOW.date()}
        connection.execute(insert(schema.suggestion_feedback), [became | {"record_id": one} for one in both])
        seen = {"milestone": "anniversary", "years": 5, "day": NOW.date(), "seen_at": NOW, "seen_by": "advisor-1"}
        connection.execute(insert(schema.milestones_seen), [seen | {"record_id": one} for one in both])
        for record_id in both:
            handed_over(connection, record_id, f"of-{record_id}", NOW)
    folder = backup_of(first, store_folder / "backup")
    with first.engine.begin() as connection:
        holds.lift(connection, hold_id, "the court has decided", "an officer", NOW)
    first.killed = set(STEPS)  # erased in one go
    first.erase(first.request("r1", gone))

    second = opened("second")
    done = restored(second, folder)

    assert done["tombstones_since"] > 0
    assert second.people() == {one: said for one, said in before.items() if one != gone}
    with second.engine.begin() as connection:  # hers ended before she was erased, whatever the backup says
        assert holds.in_force(connection) == {hold_id: {FREDRIK}}
    for home in (first, second):  # where it was erased, and where it came back
        with home.engine.connect() as connection:
            said_of = schema.dial_statements, schema.suggestion_feedback, schema.milestones_seen, schema.conversations
            for table in said_of:
                assert connection.scalars(select(table.c.record_id)).all() == [FREDRIK]
            of = set(connection.scalars(select(schema.conversation_entries.c.conversation_id)))
            assert of == {f"of-{FREDRIK}"}
    assert second.seen(EMAIL) == set() and second.seen("E-7000001") == set()
    # The batch goes on where it was: her rows in the file are refused, the one without a key too.
    assert second.take_in()["reasons"].get("erased") == 2
    assert second.owner(FREDRIK) and second.owner(GUNDULA)


VISITOR = f"app:{visitor_key('her-neighbours')}"
NAMING = f"Evelynka Zarwell rang, write to {EMAIL}"
ASKED = {
    "r-whole": ("erasure", EVELYNKA, "in_progress", {}),
    "r-part": ("erasure", HANNELORE, "received", {"records": [HANNELORE]}),
    "r-right": ("rectification", EVELYNKA, "done", {"given_name": "Evelynka-Maria"}),
    "r-other": ("access", FREDRIK, "done", {}),
}


def say_of_her(home: LiveHome) -> None:
    """What stands of Evelynka in rows of her own requests, of other people, of staff and of the system."""
    said = {"anonymousId": "her-neighbours", "type": "identify"}
    own = {"email": "vera@inbox.example", "firstName": "Vera"}
    accept(home.engine, NOW - timedelta(hours=3), said | {"traits": own}, server=False)
    accept(home.engine, NOW - timedelta(hours=2), said | {"traits": {"lastName": EMAIL}}, server=False)
    project_all(home.engine, NOW - timedelta(hours=1))
    home.batch()
    accept(home.engine, NOW, {"anonymousId": "somebodys", "name": NAMING, "type": "page"}, server=False)
    names = {"given": {"evelynka": 0.1, "fredrik": 0.2}, "family": {"zarwell": 0.1}}
    model = [("v1", NOW, "{}", json.dumps(names))]
    write_changes(home.spark, home.lake, MODELS, home.spark.createDataFrame(model, MODELS.struct))
    publish(home.spark, home.engine, home.lake, NOW)
    intake = {"kind": "access", "channel": "web", "language": "fr", "state": "open", "received_at": NOW}
    intake |= {"due_on": NOW.date(), "recorded_by": "o", "name": None, "contact_kind": "email"}
    with home.engine.begin() as connection:
        for intake_id, contact in (("i-hers", EMAIL.lower()), ("i-his", "paul@inbox.example")):
            row = intake | {"intake_id": intake_id, "contact": contact, "said": NAMING}
            connection.execute(insert(schema.intakes).values(row))
        write(connection, Word.given("steward", NAMING, NOW), Plan(different=frozenset({(FREDRIK, GUNDULA)})))
        for request_id, (kind, record, state, details) in ASKED.items():
            row = {"request_id": request_id, "kind": kind, "state": state, "details": details, "received_at": NOW}
            row |= {"due_on": NOW.date(), "profile_id": home.owner(record)}
            connection.execute(insert(schema.privacy_requests).values(row))
            step = {"request_id": request_id, "at": NOW, "actor": "officer", "step": "receive", "state": "received"}
            event = schema.privacy_request_events
            event_id = connection.execute(insert(event).values(step).returning(event.c.event_id)).scalar_one()
            connection.execute(insert(schema.privacy_request_notes).values(event_id=event_id, note=NAMING))


def left(home: LiveHome) -> dict[str, list[Any]]:
    """What is in the tables in which something of an erased person may stand, but for when it was written."""
    tables = "intakes overrides privacy_requests privacy_request_notes models inbox live_records records profiles"
    tables += " identifiers timeline redirects identity_history inbox_quarantine consent_events rectifications"
    since = ("sequence", "updated_at", "version", "changed", "counts", "state", "salt", "number", "names")
    with home.engine.connect() as connection:
        rows = {
            table: [row for (row,) in connection.execute(text(f"SELECT to_jsonb(t) FROM {table} t"))]
            for table in tables.split()
        }
    found = {
        table: sorted(json.dumps({name: one for name, one in row.items() if name not in since}) for row in of)
        for table, of in rows.items()
    }
    of_lake = [json.loads(row.names) for row in read(home.spark, home.lake, MODELS).collect()]
    return found | {"names": [*(row["names"] for row in rows["models"]), *of_lake]}


def test_what_an_erasure_took_out_of_any_table_a_restore_takes_out_again_and_its_request_can_be_certified(
    opened: Opened, store_folder: Path
) -> None:
    first = opened("first")
    migrate(first.engine)
    say_of_her(first)
    folder = backup_of(first, store_folder / "backup")
    with first.engine.begin() as connection:  # the officer goes on, and it is carried out
        of = schema.privacy_requests
        connection.execute(update(of).where(of.c.request_id == "r-part").values(state="in_progress"))
    first.killed = set(STEPS)
    assert first.erase("r-whole", "r-part")["certificate"]["complete"]
    expected = left(first)

    second = opened("second")
    assert restored(second, folder)["requests_to_complete"] == ["r-part", "r-whole"]

    # 1. As after the erasure, in every table.
    found = left(second)
    for table, rows in expected.items():
        assert found[table] == rows, table
    assert [json.loads(row)["said"] for row in found["intakes"]] == ["[erased] rang, write to [erased]"]
    assert [json.loads(row)["reason"] for row in found["overrides"]] == ["[erased] rang, write to [erased]"]
    assert [json.loads(row)["note"] for row in found["privacy_request_notes"]] == ["[erased] rang, write to [erased]"]
    assert [json.loads(row)["details"] for row in found["privacy_requests"]] == [{}] * len(ASKED)
    assert found["names"] == [{"given": {"fredrik": 0.2}, "family": {"zarwell": 0.1}}] * 2
    assert not [row for row in found["inbox"] if "somebodys" in row]
    [visitor] = [json.loads(row) for row in found["live_records"]]
    assert visitor["record_id"] == VISITOR and visitor["payload"]["claims"]["traits"] == {
        "email": "vera@inbox.example",
        "first_name": "Vera",
    }
    for value in (EMAIL, "Evelynka", EVELYNKA, HANNELORE):
        assert second.seen(value) == set(), value

    # 2. The requests that were carried out are under way again, with nothing left to erase; both get one certificate.
    with second.engine.connect() as connection:
        of_id = select(of.c.request_id, of.c.state).order_by(of.c.request_id)
        assert [tuple(row) for row in connection.execute(of_id)] == [
            ("r-other", "done"), ("r-part", "in_progress"), ("r-right", "done"), ("r-whole", "in_progress"),
        ]  # fmt: skip
    second.killed = set(STEPS)
    said = second.erase("r-whole")["certificate"]
    assert (said["requests"], said["hits"], said["complete"]) == (["r-part", "r-whole"], 0, True)
    assert (said["people"], said["profiles_erased"]) == (2, 2)
    with second.engine.connect() as connection:
        assert set(connection.scalars(select(of.c.state))) == {"done"}
    # 3. One that names nobody is refused, as ever.
    with pytest.raises(NotErasable, match="expected a person with records, found none"):
        second.erase(second.request("r-typo", "p_nobody"))


def test_what_a_restore_needs_is_asked_for_before_anything_is_written(opened: Opened, store_folder: Path) -> None:
    home = filled(opened("first"))
    folder = backup_of(home, store_folder / "backup")
    second = opened("second")
    # 1. The tombstones that are kept outside the stores.
    with pytest.raises(NotRestorable, match="make an empty one"):
        restored(second, folder)
    home.config.kept_tombstones.parent.mkdir(parents=True, exist_ok=True)
    home.config.kept_tombstones.touch()
    # 2. Empty stores; and an empty folder for a backup.
    with pytest.raises(NotRestorable, match="empty lake"):
        restored(home, folder)
    with pytest.raises(NotEmpty):
        backup_of(home, folder)
    # 3. A backup that is whole.
    file = next(one for one in (folder / "lake").rglob("*.parquet"))
    said = file.read_bytes()
    file.write_bytes(said + b"x")
    with pytest.raises(BrokenBackup, match="1 missing, changed or new"):
        restored(second, folder)
    file.write_bytes(said)
    assert not Path(second.lake).exists()
    migrate(second.engine)
    with pytest.raises(NotRestorable, match="empty database"):
        restored(second, folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(BrokenBackup, match=MANIFEST):
        restored(second, folder)


def test_while_a_restore_has_not_ended_nobody_opens_the_database(opened: Opened, store_folder: Path) -> None:
    home = opened("first")

    def die() -> None:
        with restoring(home.engine):
            with pytest.raises(RestoreUnfinished):
                migrate(home.engine)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die()
    with pytest.raises(RestoreUnfinished):
        migrate(home.engine)


def test_tombstones_outside_that_cannot_be_read_are_named_by_line_and_never_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "tombstones.jsonl"
    file.write_text('{"tombstone": "a", "erasure_id": "e", "at": "2026-01-01T00:00:00+00:00"}\n{"tombst\n')
    with pytest.raises(UnreadableTombstones, match="line 2"):
        kept(file)
