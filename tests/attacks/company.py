"""A company in a database of its own: live events, stewards and batches, one after the other, without Spark."""

from collections.abc import Collection
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from consent.model import Role
from contracts.identifiers import Identifier
from contracts.pseudonyms import reference_key
from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.http.keys import demo_issuer
from read_model.features_due import write_due
from stores import schema
from stores.embedded import Stores
from stores.postgres import open_engine
from tests.attacks.agreement import Lake, Store, differences, ghosts, store_of
from tests.attacks.quick_lake import QuickLake
from tests.conftest import new_database
from tests.profile_api.stewardship.lake import KeptFeatures
from tests.read_model.live.collecting import SOURCES, accept, project_all

DAWN = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ManyKept(KeptFeatures):
    """The online store, for the projector as well."""

    def write_many(self, rows: Any) -> None:
        for profile_id, said, at in rows:
            self.write(profile_id, said, at)


class Company:
    """What happens is shown at once; `problems` says where what is shown is wrong."""

    def __init__(self, stores: Stores, settings: Settings) -> None:
        self._open = ExitStack()
        url = self._open.enter_context(new_database(stores))
        self.engine = open_engine(url)
        self._open.callback(self.engine.dispose)
        self.now = DAWN
        self.features = ManyKept()
        self.lake = QuickLake(self.engine, SOURCES)
        self.said = Lake({}, {}, {}, {})
        self.since: set[str] = set()
        self.decisions: list[str] = []
        app = create_app(settings, url, self.features, clock=lambda: self.now)
        self._client = TestClient(app, raise_server_exceptions=False)
        self._issuer = demo_issuer(settings)
        self.key = reference_key(settings)

    def close(self) -> None:
        self._open.close()

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def live(self, *messages: dict[str, Any], server: bool = True, gpc: bool = False) -> None:
        """Messages of a server, or else of a browser, are accepted and shown."""
        accept(self.engine, self.tick(), *messages, server=server, gpc=gpc)
        project_all(self.engine, self.tick(), key=self.key)
        write_due(self.engine, self.features, lambda: self.now)

    def file(self, **row: str) -> None:
        self.lake.file(self.tick(), row)

    def file_event(self, name: str, email: str) -> None:
        self.lake.file_event(name, self.tick(), Identifier("email", email))

    def ask(self, method: str, path: str, role: Role, purpose: str, who: Identifier | None = None, **sent: Any) -> Any:
        """A request, as a person of this role (a customer: who carries `who`) would make it."""
        token = self._issuer.token(role, self.tick(), identifier=who)
        headers = {"Authorization": f"Bearer {token}", "Purpose": purpose}
        return self._client.request(method, path, headers=headers, **sent)

    def decide(self, path: str, **form: Any) -> int:
        """A steward decides; remembers the decision, and says how it was answered."""
        sent = {"reason": "they showed their cards", **form}
        answer = self.ask("POST", f"/v1/identity/{path}", Role.STEWARD, "identity_resolution", json=sent)
        assert answer.status_code < 500, answer.text
        if answer.status_code == 200:
            self.decisions.append(answer.json()["decision_id"])
            write_due(self.engine, self.features, lambda: self.now)
        return int(answer.status_code)

    def batch(
        self, groups: Collection[Collection[str]] | None = (), whole: bool = False, before_publish: Any = None
    ) -> list[str]:
        """A batch; returns what is wrong after it."""
        with self.engine.connect() as connection:
            placed = select(schema.live_assignments.c.record_id, schema.live_assignments.c.at)
            seen = set(connection.execute(placed))
        before = self.said

        def meanwhile() -> None:
            # Features reach the online store beside the publication.
            for profile in before.documents.keys() - self.lake.said.keys():
                self.features.forget(profile)
            for profile in self.lake.said:
                self.features.write(profile, {"features_value": {}}, self.now)
            if before_publish:
                before_publish()
            with self.engine.connect() as connection:
                newer = select(schema.live_records.c.record_id).where(schema.live_records.c.sequence > self.lake.landed)
                rows = connection.execute(placed)
                self.since = {record for record, at in rows if (record, at) not in seen}
                self.since |= set(connection.scalars(newer))

        self.said = self.lake.batch(self.tick(), groups, whole, before_publish=meanwhile)
        write_due(self.engine, self.features, lambda: self.now)
        with self.engine.connect() as connection:
            of = schema.inbox.c
            waiting = select(of.source + ":" + of.message_id).where(of.sequence > self.lake.landed)
            came = set(connection.scalars(waiting))
        return differences(self.said, self.store(), self.since, came)

    def store(self) -> Store:
        return store_of(self.engine, set(self.features.rows))

    def problems(self) -> list[str]:
        """What PostgreSQL shows that is nobody's."""
        return ghosts(self.store())

    def records(self) -> list[str]:
        with self.engine.connect() as connection:
            return sorted(connection.scalars(select(schema.records.c.record_id)))
