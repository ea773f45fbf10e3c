"""Attacks on "Ledger, service, outgoing": decisions that were not made, and proof that is changed, by the service's own
role, by the owner of the database, and by whoever calls its functions."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from consent.ledger import Entry, append, as_row, read
from consent.macs import NotWhatWasTold, make_nobodys
from consent.model import ConsentState, Method
from consent.verify import LEDGER, verify
from contracts import keyed as keyed_module
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from contracts.settings import Settings
from profile_api.http.service_stores import NotTheService, service_stores
from stores.embedded import Stores
from stores.postgres import migrate, open_engine
from stores.roles import as_service
from stores.schema import consent_events, consent_macs, erasures, metadata

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVE = Identifier("email", "eve@inbox.example")
NO = Entry(EVE, "analytics", ConsentState.REFUSED, NOW, "web", "web", Method.FORM, "web")
YES = replace(NO, state=ConsentState.GIVEN, decided_at=NOW - timedelta(days=900))
PROOF = (
    "audit",
    "audit_cuts",
    "audit_seals",
    "consent_events",
    "consent_macs",
    "dial_statements",
    "handoff_events",
    "identity_history",
    "privacy_request_events",
    "suggestion_feedback",
)

# What writes a decision; and what counts a profile's changes, which reads and writes nothing.
BY_NAME = ["append_consent(jsonb)", "category_part(jsonb,text)", "changed_categories(jsonb,jsonb)"]
BY_NAME += ["counted_changes(jsonb,text[])"]


@pytest.fixture
def service(database_url: str, engine: Engine) -> Iterator[Engine]:
    """The database as the service reaches it; its ledger holds one refusal."""
    with engine.begin() as connection:
        append(connection, [NO], NOW)
        connection.execute(insert(erasures).values(erasure_id="e_1", started_at=NOW, requests=[]))
    opened = open_engine(as_service(database_url))
    yield opened
    opened.dispose()


def found(engine: Engine) -> list[tuple[str, int]]:
    return [(one.kind, one.sequence) for one in verify(engine, None, None, NOW)[LEDGER].findings]


def told(entry: Entry, received_at: datetime) -> dict[str, str]:
    return {"event": json.dumps(as_row(entry, received_at))}


def call_append(connection: Connection, entry: Entry, received_at: datetime) -> None:
    connection.execute(text("select append_consent(cast(:event as jsonb))"), told(entry, received_at))


def test_a_backdated_yes_that_is_appended_past_this_code_is_found(service: Engine, engine: Engine) -> None:
    assert found(engine) == []
    with service.begin() as connection:
        call_append(connection, YES, NOW - timedelta(days=900))
    assert found(engine) == [("forged", 2)]


@pytest.mark.parametrize("mac", ["0" * 64, keyed("ledger", "another event", "")])
def test_a_signature_that_was_made_up_or_copied_signs_nothing(service: Engine, engine: Engine, mac: str) -> None:
    with service.begin() as connection:
        call_append(connection, YES, NOW)
        connection.execute(insert(consent_macs).values(sequence=2, mac=mac))
    assert found(engine) == [("forged", 2)]


def test_the_key_of_another_installation_signs_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.begin() as connection:
        append(connection, [NO], NOW)
    with monkeypatch.context() as patched:
        patched.setattr(keyed_module, "_key", lambda: b"somebody else's")
        with engine.begin() as connection:
            append(connection, [YES], NOW)
    assert found(engine) == [("forged", 2)]


def test_the_time_of_arrival_never_goes_back(engine: Engine) -> None:
    with engine.begin() as connection:
        append(connection, [NO], NOW)
        append(connection, [YES], NOW - timedelta(days=900))
        arrived = [one.received_at for one in read(connection, [EVE])]
    assert arrived == [NOW, NOW]
    assert found(engine) == []
    with engine.begin() as connection:
        connection.execute(text("alter table consent_events disable trigger append_only"))
        connection.execute(
            text("update consent_events set received_at = received_at - interval '1 day' where sequence = 2")
        )
    assert ("backdated", 2) in found(engine)


def test_an_objection_is_not_cancelled_by_the_function_of_erasure(service: Engine, engine: Engine) -> None:
    for erasure in ("e_1", "e_none"):
        with pytest.raises(ProgrammingError, match="permission denied"), service.begin() as connection:
            make_nobodys(connection, [EVE], erasure)
    with pytest.raises(ProgrammingError, match="expected the id of an erasure"), engine.begin() as connection:
        make_nobodys(connection, [EVE], "e_none")
    with engine.connect() as connection:
        assert [one.state for one in read(connection, [EVE])] == [ConsentState.REFUSED]


@pytest.mark.parametrize("erasure", ["e_1", "e_none"])
def test_whoever_owns_the_database_and_makes_a_decision_nobodys_without_an_erasure_is_found(
    service: Engine, engine: Engine, erasure: str
) -> None:
    with engine.begin() as connection:
        if erasure == "e_none":
            connection.execute(text("insert into tombstones values ('t', 'e_none', now())"))
        forget = text("select * from pseudonymise_consents('email', :who, :by)")
        changed = connection.execute(forget, {"who": EVE.value, "by": erasure})
        assert [row.number for row in changed] == [1]
        connection.execute(insert(consent_macs).values(sequence=1, erasure_id=erasure, mac="0" * 64))
    assert found(engine) == [("forged", 1)]


def test_an_erasure_that_ran_is_tied_to_what_it_made_nobodys_and_replaces_the_id(
    service: Engine, engine: Engine
) -> None:
    with engine.begin() as connection:
        assert make_nobodys(connection, [EVE], "e_1") == 1
        [row] = connection.execute(consent_events.select()).mappings()
    assert found(engine) == []
    assert row["consent_id"] == f"pseudonym:{row['commitment']}" and row["salt"] is None
    assert NO.consent_id not in str(dict(row)), "who holds the key cannot try values on it either"
    with engine.begin() as connection:  # an erasure that is unknown, also to the tombstones, ties nothing
        connection.execute(text("delete from erasures"))
    assert found(engine) == [("forged", 1)]


def test_a_function_that_was_changed_gets_no_signature(service: Engine, engine: Engine) -> None:
    with engine.begin() as connection:
        body = connection.scalar(text("select pg_get_functiondef('append_consent(jsonb)'::regprocedure)"))
        before = "new_event.schema_version :="
        changed = str(body).replace(before, f"new_event.state := 'ConsentGiven'; {before}")
        connection.exec_driver_sql(changed)
    with pytest.raises(NotWhatWasTold), service.begin() as connection:
        append(connection, [replace(NO, purpose="personalisation")], NOW)
    assert found(engine) == []


BY_THE_SERVICE = [
    *[f"update {table} set {column} = {column}" for table, column in
      [("audit", "actor"), ("audit_seals", "mac"), ("consent_events", "state"), ("consent_macs", "mac"),
       ("dial_statements", "position"), ("handoff_events", "actor"), ("identity_history", "reason"),
       ("privacy_request_events", "step"), ("suggestion_feedback", "outcome"), ("tombstones", "erasure_id"),
       ("erasures", "erasure_id"), ("installation", "key_check")]],
    *[f"{do} {table}" for table in (*PROOF, "tombstones", "erasures") for do in ("delete from", "truncate")],
    *[f"alter table {table} disable trigger all" for table in PROOF],
    *[f"drop table {table}" for table in PROOF],
    *[f"alter table {table} rename to gone" for table in PROOF],
    "insert into consent_events select * from consent_events where false",
    "insert into tombstones values ('t', 'e', now())",
    "insert into erasures (erasure_id, started_at, requests) values ('e', now(), '[]')",
    "create or replace function append_consent(event jsonb) returns consent_events language sql as 'select null'",
    "alter function append_consent(jsonb) owner to ocv_service",
    "drop function guard_consents() cascade",
    "create table public.consent_events_2 (a int)",
    "create trigger t before insert on consent_events for each statement execute function refuse_change()",
    "set session_replication_role = replica",
    "set role postgres",
    "set session authorization postgres",
    "alter role ocv_service superuser",
    "grant ocv_service to postgres",
    "copy audit from program 'true'",
    "select pg_read_file('postgresql.conf')",
    "merge into audit as old using (values (1)) as new(n) on true when matched then delete",
    "select sha256_hex('x')",
    "select consent_content(e) from consent_events e",
]  # fmt: skip


@pytest.mark.parametrize("statement", BY_THE_SERVICE)
def test_the_services_role_changes_no_proof_and_none_of_what_guards_it(service: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError) as refused, service.begin() as connection:
        connection.execute(text(statement))
    assert getattr(refused.value.orig, "sqlstate", "") in ("42501", "0A000"), refused.value


def test_the_services_role_gives_itself_no_right(service: Engine) -> None:
    with service.begin() as connection:  # of what one has not, PostgreSQL gives nothing, and only warns
        connection.execute(text("grant all on consent_events, audit to ocv_service"))
        mine = "select has_table_privilege('consent_events', 'update') or has_table_privilege('audit', 'update')"
        assert connection.scalar(text(mine)) is False


def test_a_table_of_the_callers_own_does_not_catch_what_the_ledger_is_told(service: Engine, engine: Engine) -> None:
    shadows = [
        "create temp table consent_events (like public.consent_events)",
        "create temp table erasures (like public.erasures)",
        "set local search_path = pg_temp, public",
    ]
    with service.begin() as connection:
        for statement in shadows:
            connection.execute(text(statement))
        call_append(connection, YES, NOW)
    with engine.connect() as connection:
        assert [one.state for one in read(connection, [EVE])] == [ConsentState.REFUSED, ConsentState.GIVEN]


def test_nobody_may_execute_what_was_not_granted_by_name(service: Engine, engine: Engine) -> None:
    everybody = text(
        "select p.oid::regprocedure::text from pg_proc p where pronamespace = 'public'::regnamespace"
        " and has_function_privilege(:role, p.oid, 'execute')"
    )
    with engine.begin() as connection:
        connection.execute(text("create role nobody_in_particular"))
        try:
            assert list(connection.scalars(everybody, {"role": "nobody_in_particular"})) == []
            assert sorted(connection.scalars(everybody, {"role": "ocv_service"})) == BY_NAME
        finally:
            connection.execute(text("drop role nobody_in_particular"))


def test_every_table_is_given_to_the_service_as_what_it_is(service: Engine, engine: Engine) -> None:
    may = text(
        "select " + ", ".join(f"has_table_privilege('ocv_service', :table, '{do}')" for do in ("update", "delete"))
    )
    append_only = text("select tgrelid::regclass::text from pg_trigger where tgname = 'append_only'")
    with engine.connect() as connection:
        proof = set(connection.scalars(append_only))
        assert proof == set(PROOF)
        for table in metadata.tables:
            updates, deletes = connection.execute(may, {"table": table}).one()
            kept = table in {*proof, "tombstones", "erasures", "erasure_steps", "installation"}
            assert (updates, deletes) == (not kept, not kept), table


def test_a_service_that_is_started_as_the_owner_says_so_and_does_not_serve(database_url: str, stores: Stores) -> None:
    own = Stores(database_url, stores.redis_url)
    earnest = Settings(database_url=database_url, audit_key="a", demo=False)
    with pytest.raises(NotTheService, match=r"expected the role ocv_service in OCV_DATABASE_URL, found the owner"):
        service_stores(earnest, own)
    as_it_should = Stores(as_service(database_url), stores.redis_url)
    chosen, embedded = service_stores(Settings(database_url=None), own)
    assert embedded.database_url == as_it_should.database_url
    assert chosen.owner_url and chosen.owner_url.get_secret_value() == database_url
    assert service_stores(earnest, as_it_should) == (earnest, as_it_should), "it knows of no owner"


def test_the_services_role_migrates_nothing(service: Engine, engine: Engine) -> None:
    migrate(service)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0013'"))
    with pytest.raises(RuntimeError, match="expected the tables of this version, found others"):
        migrate(service)


def test_migrating_by_itself_wants_the_owners_address() -> None:
    done = subprocess.run([sys.executable, "-m", "stores.postgres"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("expected the owner's URL in OCV_DATABASE_URL")
