"""A company whose customers have every kind of origin, id and name; some of them are erased, all at once."""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import insert, select, text

from contracts.events import visitor_key
from contracts.loading import load_channels
from contracts.settings import Settings
from contracts.sources import with_live
from erasure.erased_people import united
from identity.clustering.stable_ids import nth_id
from identity.matching.name_parts import NameFrequencies
from identity.stewarding.decisions import Plan
from lake.overlay import parts
from lake.tables import ASSIGNMENTS, COMPARABLES, EDGES, HISTORY, RECORDS, REVIEWS, read, write_changes
from profile_api.stewardship.queries.overrides import Word, write
from spark_jobs.inbox import land
from spark_jobs.ingest import ingest
from spark_jobs.resolve.comparables import comparables_of
from spark_jobs.standardise import standardise
from stores import schema
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine
from tests.erasure.erasing_home import NOW, Home
from tests.read_model.live.collecting import SOURCES, accept, project_all
from tests.spark_jobs.conftest import CONTRACTS, CRM_HEADER

NASTY = (
    ["messageId", "timestamp", "userId", "properties", "track", "truth", "1", "%", "_", "\\", '"', "'", "a:b", "x\ny"]
    + ["\N{GRINNING FACE}", "app", "app/events", "timeline", "identity/edges", "*", "É", '{"userId":"x"}', "[]", "$.**"]
    + ["bob-7", "b_b-77", "profile_id", "differently", "erased:1", "crm:A-1", "m-of-bob"]
)
"""Ids that are words of every message, wildcards, parts of other people's ids, names of channels, tables and keys."""

MARION = "crm:M-7000001"
CRM = [
    "M-7000001,Márion,Fontloup,05/03/1981,marion.fontloup@inbox.example,0170009999,2024-01-02T00:00:00Z",
    "H-7000002,Hélène,Fontloup,07/08/1979,helene@inbox.example,0170009999,2024-01-02T00:00:00Z",
    "N-7000003,Noor,Beltane,01/02/1990,noor@inbox.example,,2024-01-02T00:00:00Z",
    "N-7000004,Noor,Beltane,03/04/1991,noor.beltane@inbox.example,,2024-01-02T00:00:00Z",
    "A-7000005,Ada,Quastel,03/04/1992,ada@inbox.example,,2024-01-02T00:00:00Z",
    "B-7000006,Bruno,Quastel,03/04/1993,bruno@inbox.example,,2024-01-02T00:00:00Z",
    ",Marion,FONTLOUP,,,,",  # refused: no key
    ",Noor,Beltane,,,,",  # refused; one Noor Beltane stays
    ",Ada,Quastel,,,,",  # refused; she stays
]
HELENE, NOOR, OTHER_NOOR, ADA, BRUNO = (
    "crm:H-7000002", "crm:N-7000003", "crm:N-7000004", "crm:A-7000005", "crm:B-7000006",
)  # fmt: skip
WRITTEN = (
    "MARION FONTLOUP's husband rang",
    unicodedata.normalize("NFD", "said by Márion Fontloup herself"),
    "Марион Фонтлоуп, as she writes it",
    "mari&oacute;n fontloup",
    "of Fontloup-Marion, it says",
    "write to Marion.Fontloup@Inbox.example or call",
)
FRESH, KNOWN, KIOSK_FIRST, KIOSK_SECOND = "fresh-1", "known-2", "kiosk-3", "kiosk-4"
STAYS = ("bob-77", "stays-5")


@dataclass
class Company:
    """A home, and what it held before and after the erasure."""

    home: Home
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    after: dict[str, dict[str, Any]] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    erased_records: set[str] = field(default_factory=set)
    erased_profiles: set[str] = field(default_factory=set)

    def fill(self) -> None:
        """Everybody comes in, live and by file, and staff write of them."""
        engine = self.home.engine
        for number, user in enumerate([*NASTY, *STAYS]):
            traits = {"email": f"u{number:02}x@live.example", "firstName": f"Given{number}"}
            accept(engine, NOW - timedelta(hours=5), {"type": "identify", "userId": user, "traits": traits})
            accept(engine, NOW - timedelta(hours=4), {"userId": user, "event": "Seen", "properties": {"path": "/"}})
        bobs = {"userId": "bob-77", "messageId": "m-of-bob", "event": "Seen", "properties": {"product_id": "messageId"}}
        accept(engine, NOW - timedelta(hours=4), bobs)
        # An event whose id is what a customer is called.
        accept(engine, NOW - timedelta(hours=4), {"userId": "1", "messageId": "bob-77", "event": "Seen"})
        accept(engine, NOW - timedelta(hours=3), {"anonymousId": "device-of-known", "event": "Seen"})
        for user, device in (
            (FRESH, "device-of-fresh"),
            (KNOWN, "device-of-known"),
            (KIOSK_FIRST, "device-of-kiosk"),
            (KIOSK_SECOND, "device-of-kiosk"),
        ):
            accept(engine, NOW - timedelta(hours=2), {"type": "identify", "userId": user, "anonymousId": device})
        project_all(engine, NOW - timedelta(hours=1))
        broken = b'{"type":"identify","userId":"q","traits":{"name":"Marion Fontloup"'
        whose = {"by name": broken, "by id": b'{"type":7,"userId":"messageId"}', "nobody's": b'{"type":7,"userId":"w"}'}
        rows = [{"source": "app", "received_at": NOW, "reason": why, "raw": raw} for why, raw in whose.items()]
        with engine.begin() as connection:
            connection.execute(insert(schema.inbox_quarantine), rows)
        self.home.batch()
        self._decide()
        self._beside()

    def _decide(self) -> None:
        """A steward decides about others and about her, and writes of her each time."""
        with self.home.engine.begin() as connection:
            for number, reason in enumerate(WRITTEN):
                pair = (f"crm:other-{number}", f"crm:other-{number}b")
                write(connection, Word.given("steward", reason, NOW), Plan(different=frozenset({pair})))
            write(connection, Word.given("steward", "no word of her", NOW), Plan(different=frozenset({(ADA, BRUNO)})))
            history = {"at": NOW, "kind": "moved", "actor": "steward", "records": [ADA], "profile_id": "p-x"}
            lines = [history | {"history_id": f"h{n}", "reason": reason} for n, reason in enumerate(WRITTEN)]
            own = {"history_id": "own", "reason": "she is the one who rang", "records": [MARION]}
            connection.execute(insert(schema.identity_history), [*lines, history | own])
            request = {"request_id": "r-ada", "kind": "access", "profile_id": self.home.owner(ADA), "state": "done"}
            request |= {"received_at": NOW, "due_on": NOW.date(), "details": {}}
            connection.execute(insert(schema.privacy_requests).values(request))
            step = {"request_id": "r-ada", "at": NOW, "actor": "officer", "step": "receive", "state": "received"}
            event = schema.privacy_request_events
            made = connection.execute(insert(event).values(step).returning(event.c.event_id)).scalar_one()
            note = {"event_id": made, "note": "brought by Marion Fontloup, her neighbour"}
            connection.execute(insert(schema.privacy_request_notes).values(note))
        spark, lake = self.home.spark, self.home.lake
        written = [
            (f"l{n}", NOW, "live:steward", "moved", "p-x", None, [ADA], said, None) for n, said in enumerate(WRITTEN)
        ]
        write_changes(spark, lake, HISTORY, spark.createDataFrame(written, HISTORY.struct))

    def _beside(self) -> None:
        """The small tables beside the large ones hold rows of them, which then changed once more."""
        spark, lake = self.home.spark, self.home.lake
        left, right = sorted((MARION, HELENE))
        for weight in (1.0, 2.0):
            edges = [(left, right, "model", "model", weight, '{"said": "marion.fontloup@inbox.example"}', False)]
            write_changes(spark, lake, parts(EDGES)[1], spark.createDataFrame(edges, parts(EDGES)[1].struct))
            reviews = [(left, right, weight, "near", '{"said": "marion.fontloup@inbox.example"}', False)]
            write_changes(spark, lake, parts(REVIEWS)[1], spark.createDataFrame(reviews, parts(REVIEWS)[1].struct))
        rows = read(spark, lake, COMPARABLES).selectExpr("*", "false AS gone")
        write_changes(spark, lake, parts(COMPARABLES)[1], rows)

    def erase(self, live: Iterable[str], records: Iterable[str]) -> None:
        """Erases these live users and records of files, and everything that leads to them."""
        asked = [*(f"app:{' '.join(user.split())}" for user in live), *records]
        owners = {record: self.home.owner(record) for record in asked}
        requests = [self.home.request(f"r{n}", owners[record]) for n, record in enumerate(asked)]
        self.before = self.everything()
        self.erased_profiles = set(owners.values())
        with self.home.engine.connect() as connection:
            of = schema.records.c
            held = connection.scalars(select(of.record_id).where(of.profile_id.in_(self.erased_profiles)))
            self.erased_records = set(held) | {
                f"app:{visitor_key(one)}" for one in ("device-of-fresh", "device-of-kiosk")
            }
        self.certificate = self.home.erase(*requests)["certificate"]
        self.after = self.everything()

    def everything(self) -> dict[str, dict[str, Any]]:
        """Every row of every table of PostgreSQL as JSON, by table and place."""
        found = {}
        with self.home.engine.connect() as connection:
            for table in schema.metadata.sorted_tables:
                key = ", ".join(f'"{column.name}"' for column in table.primary_key)
                rows = connection.execute(text(f"SELECT concat_ws('|', {key}), to_jsonb(t) FROM {table.name} t"))
                found[table.name] = {name: row for name, row in rows}
        return found

    def is_theirs(self, row: dict[str, Any]) -> bool:
        """Whether a row names an erased record or profile by its key."""
        names = {row.get(name) for name in ("record_id", "left_id", "right_id", "profile_id", "old_id")}
        return bool(names & (self.erased_records | self.erased_profiles))


class LiveHome(Home):
    """A home whose batch takes live events in as well."""

    def take_in(self) -> dict[str, Any]:
        land(self.spark, self.lake, self.engine, SOURCES, NOW)
        with self.engine.begin() as connection:
            erased = united(self.spark, self.lake, connection, self.config, self.channels, NOW)
        files = {name: contract for name, contract in self.channels.items() if name in CONTRACTS}
        taken = ingest(self.spark, self.lake, str(self.sources), files, NOW, erased)
        standardise(self.spark, self.lake, self.channels, erased)
        return dict(taken["channels"]["crm"])

    def resolve_wrongly(self) -> None:
        """Each record is a person, but where live events say otherwise."""
        found = read(self.spark, self.lake, RECORDS)
        ids = {row.record_id: nth_id(row.record_id, 0) for row in found.select("record_id").collect()}
        with self.engine.connect() as connection:
            live = select(schema.records.c.record_id, schema.records.c.profile_id)
            ids |= {record: profile for record, profile in connection.execute(live) if record in ids}
        owned = [(record, profile, NOW) for record, profile in ids.items()]
        write_changes(self.spark, self.lake, ASSIGNMENTS, self.spark.createDataFrame(owned, ASSIGNMENTS.struct))
        write_changes(self.spark, self.lake, COMPARABLES, comparables_of(found, NameFrequencies()))


@contextmanager
def live_home(spark: SparkSession, crm: Iterable[str]) -> Iterator[LiveHome]:
    """A home of its own with this file of customers, and a source of live events."""
    with TemporaryDirectory(prefix="ocv-") as folder:
        home = Path(folder)
        for name, said in CONTRACTS.items():
            (home / "contracts").mkdir(exist_ok=True)
            (home / "contracts" / f"{name}.yml").write_text(said, encoding="utf-8")
        (home / "sources").mkdir()
        rows = CRM_HEADER + "".join(f"{line}\n" for line in crm)
        (home / "sources" / "crm.csv").write_text(rows, encoding="utf-8")
        config = Settings(local=home, lake=str(home / "lake"), demo=True, database_url=None, redis_url=None)
        channels = with_live(load_channels(home / "contracts"), SOURCES)
        with open_stores(config) as stores:
            engine = open_engine(stores.database_url)
            migrate(engine)
            with Redis.from_url(stores.redis_url) as client:
                yield LiveHome(config, spark, stores, engine, client, home / "sources", channels)
            engine.dispose()


def text_of(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False)
