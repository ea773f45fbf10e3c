"""What somebody decided under an identifier goes on holding, and a kept event stays its person's."""

from datetime import UTC, datetime

from sqlalchemy import Engine, insert

from consent import ledger
from consent.ledger import Entry
from consent.model import ConsentState, Method
from contracts.categories import Category
from contracts.identifiers import Identifier
from erasure.retention.needed import without_needed
from stores.schema import records

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ENDED = frozenset({Category.SENSITIVE, Category.BEHAVIOUR})


def record(engine: Engine, record_id: str, *devices: str) -> None:
    carried = [{"kind": "device_id", "value": one} for one in devices] + [{"kind": "email", "value": "a@x.example"}]
    categories = {"identifier.device_id": "behaviour", "identifier.email": "contact"}
    row = {"record_id": record_id, "profile_id": "p", "document": {"identifiers": carried, "categories": categories}}
    with engine.begin() as connection:
        connection.execute(insert(records).values(row))


def decide(engine: Engine, who: Identifier, state: ConsentState) -> None:
    said = Entry(who, "personalisation", state, NOW, "web", "web", Method.FORM, "web", notice_version="2024-1")
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        ledger.append(connection, [said], NOW)


def test_an_identifier_under_which_somebody_decided_stays_and_what_else_has_ended_goes(engine: Engine) -> None:
    record(engine, "app:1", "d-1", "d-2")
    record(engine, "app:2", "d-3")
    record(engine, "app:3", "d-4")
    decide(engine, Identifier("device_id", "d-2"), ConsentState.REFUSED)
    decide(engine, Identifier("device_id", "d-3"), ConsentState.GIVEN)
    decide(engine, Identifier("email", "a@x.example"), ConsentState.REFUSED)
    of = dict.fromkeys(("app:1", "app:2", "app:3"), ENDED) | {"app:unknown": ENDED}
    with engine.connect() as connection:
        left = without_needed(connection, of)
        alone = without_needed(connection, {"app:1": frozenset({Category.BEHAVIOUR})})
    sensitive = frozenset({Category.SENSITIVE})
    assert left == of | {"app:1": sensitive, "app:2": sensitive}
    assert alone == {}, "nothing is left that goes"
