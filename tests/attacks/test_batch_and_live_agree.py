"""Who says so? Batch and live agree: after a batch, PostgreSQL shows what the lake says and nothing else of anybody."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from pyspark.sql import SparkSession
from sqlalchemy import Engine, insert, select, text, update

from consent.model import Role
from contracts.settings import Settings
from contracts.standard import person_record
from stores import schema
from stores.embedded import Stores
from tests.attacks.agreement import differences, ghosts, store_of
from tests.attacks.busy_days import BusyDays, identify
from tests.attacks.company import DAWN, Company, ManyKept
from tests.attacks.days import Days
from tests.read_model.live.collecting import APP, SOURCES
from tests.spark_jobs.resolve.lake_in_memory import LakeInMemory
from tests.spark_jobs.silver import person_channel, record

HERS = {"email": "anna.roux@mail.example", "phone": "0699000123", "address": {"street": "12 rue des Lilas"}}
HERS |= {"firstName": "Anna", "lastName": "Roux", "birthday": "1980-03-02"}
ANNA = {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02", "street": "12 rue des Lilas"}
ANNA |= {"mail": "anna.roux@mail.example", "phone": "0699000123"}
ZOE = {"id": "6", "given": "Zoé", "family": "Martin", "born": "1990-09-09", "mail": "zoe.martin@mail.example"}
NEW = "new@mail.example"


@pytest.fixture
def company(stores: Stores, api_settings: Settings) -> Iterator[Company]:
    made = Company(stores, api_settings)
    yield made
    made.close()


def owner(company: Company, record_id: str) -> str:
    return company.store().owners[record_id]


def test_a_live_record_that_the_batch_merges_leaves_no_ghost(company: Company) -> None:
    company.file(**ANNA)
    assert company.batch() == []
    anna = owner(company, "crm:1")
    company.live(identify("u1", "a1", NEW, "Anna"), {"userId": "u1", "anonymousId": "a1"})
    ghost = owner(company, "app:u1")
    assert ghost != anna
    assert company.batch([{"crm:1", "app:u1", *visitors(company)}]) == []
    assert company.store().redirects[ghost] == anna
    read = company.ask("GET", f"/v1/profiles/{ghost}", Role.ADVISOR, "service").json()
    assert (read["profile_id"], read["requested_id"]) == (anna, ghost)
    found = company.ask("POST", "/v1/profiles/lookup", Role.ADVISOR, "service", json={"kind": "email", "value": NEW})
    assert found.status_code == 200 and found.json()["profile_id"] == anna, "and no 409 between her and her ghost"
    assert set(company.features.rows) == {anna}


def visitors(company: Company) -> list[str]:
    return [one for one in company.records() if one.startswith("app:") and one != "app:u1"]


def test_what_comes_while_a_batch_runs_goes_where_its_record_goes(company: Company) -> None:
    company.file(**ANNA)
    company.live(identify("u1", None, NEW, "Anna"))
    together = [{"crm:1", "app:u1"}]
    assert company.batch(together, before_publish=lambda: company.live({"userId": "u1", "event": "Late"})) == []
    late = [who for who, *_ in company.store().timeline.values()]
    assert late == [owner(company, "crm:1")] * 2


def test_what_a_live_record_says_while_a_batch_runs_is_shown_on_top(company: Company) -> None:
    company.file(**ANNA)
    company.live(identify("u1", None, NEW, "Anna"))
    company.batch([{"crm:1", "app:u1"}])
    company.file(**ANNA | {"given": "Annah"})

    def meanwhile() -> None:
        company.live(identify("u1", None, "newer@mail.example", None))

    assert company.batch([{"crm:1", "app:u1"}], before_publish=meanwhile) == []
    shown = company.store().documents[owner(company, "crm:1")]
    assert {"Annah"} <= {one["value"] for one in shown["fields"]}
    assert "newer@mail.example" in {one["value"] for one in shown["identifiers"]}


def test_an_id_that_stands_again_draws_no_other_id_to_where_it_led(company: Company) -> None:
    for key in ("1", "2"):
        company.file(id=key, given="Ana")
    company.batch()
    one, two = owner(company, "crm:1"), owner(company, "crm:2")
    company.decide("overrides", left="crm:1", right="crm:2", kind="same")
    assert company.batch() == []
    assert company.store().redirects in ({two: one}, {one: two})
    company.decide(f"decisions/{company.decisions[0]}/undo")
    company.file(id="3", given="Ana")
    assert company.batch() == [] and company.store().redirects == {}
    three = owner(company, "crm:3")
    assert company.batch([{"crm:2", "crm:3"}]) == []
    assert company.store().redirects == {three: two}, "and not to one, with whom three has nothing in common"


def test_who_was_merged_in_goes_along_with_the_records_that_leave(company: Company) -> None:
    for key in ("1", "2", "3"):
        company.file(id=key, given="Ana")
    company.batch()
    one, three = owner(company, "crm:1"), owner(company, "crm:3")
    company.batch([{"crm:1", "crm:2", "crm:3"}])
    assert company.store().redirects[three] == one
    assert company.batch([{"crm:1", "crm:2"}]) == []
    assert company.store().redirects[three] == owner(company, "crm:3") != one


def test_redirects_of_what_merged_live_while_a_batch_ran_lead_to_who_is_there(company: Company) -> None:
    company.file(**ANNA)
    company.batch()
    company.live(identify("u1", None, NEW, "Anna"), {"anonymousId": "a1"})
    user = owner(company, "app:u1")
    (visitor,) = {owner(company, one) for one in visitors(company)}
    together, signs_in = [{"crm:1", "app:u1"}], lambda: company.live(identify("u1", "a1", None, None))
    assert company.batch(together, before_publish=signs_in) == []
    assert company.store().redirects.keys() <= {user, visitor} and company.problems() == []
    assert company.batch([{"crm:1", "app:u1", *visitors(company)}]) == []
    assert company.store().redirects == dict.fromkeys({user, visitor}, owner(company, "crm:1"))


# A second login.

MAIL = {"email": HERS["email"]}
SECOND = [
    ("her e-mail, then all that she is known by", MAIL, HERS),
    ("her e-mail and name, then all that she is known by", MAIL | {"firstName": "Anna"}, HERS),
    ("her e-mail, then the same with another name", MAIL, MAIL | {"firstName": "Ben"}),
    ("all that she is known by, then her e-mail", HERS, MAIL),
]


@pytest.mark.parametrize(("first", "second"), [case[1:] for case in SECOND], ids=[case[0] for case in SECOND])
def test_a_second_login_never_moves_the_first_one_out(first: dict[str, Any], second: dict[str, Any]) -> None:
    def login(user: str, traits: dict[str, Any]) -> dict[str, Any]:
        said = {"key": user, "at": DAWN.isoformat(), "user_id": user, "devices": {}, "visitors": {}, "external": {}}
        return person_record(APP.records, said | {"traits": traits}, DAWN).as_row() | {"content_hash": "x"}

    lake = LakeInMemory()
    lake.run([record(ANNA, person_channel())])
    lake.run([login("u2", first)])
    hers = frozenset({"crm:1", "app:u2"})
    assert lake.clusters == {hers}
    lake.run([login("u1", second)])
    assert lake.clusters == {hers, frozenset({"app:u1"})}
    assert ("app:u1", "crm:1", "person_model") in lake.edges, "it waits for a review"
    lake.run([login("u1", second | {"lastName": "Roux"})])
    assert lake.clusters == {hers, frozenset({"app:u1"})}, "whatever it says next"
    lake.run(cannot_link={("app:u2", "crm:1")})
    assert frozenset({"crm:1", "app:u1"}) in lake.clusters, "until a steward says who is who"


# Decisions that contradict each other.


def test_a_different_over_a_same_is_refused_and_names_what_stands_against_it(company: Company) -> None:
    for key in ("1", "2", "3"):
        company.file(id=key, given="Ana")
    company.batch()
    said = {"left": "crm:2", "right": "crm:1", "reason": "they called"}
    assert company.decide("overrides", kind="same", **said) == 200
    assert company.decide("overrides", left="crm:3", right="crm:2", kind="same") == 200
    before = company.store()
    for left, right in (("crm:1", "crm:2"), ("crm:1", "crm:3")):
        form = said | {"left": left, "right": right, "kind": "different"}
        answer = company.ask("POST", "/v1/identity/overrides", Role.STEWARD, "identity_resolution", json=form)
        assert answer.status_code == 409
        assert any(one in answer.json()["detail"] for one in company.decisions)
    assert company.store() == before, "nothing was swapped"
    assert company.decide(f"decisions/{company.decisions[1]}/undo") == 200
    assert company.decide(f"decisions/{company.decisions[0]}/undo") == 200
    assert company.decide("overrides", left="crm:1", right="crm:2", kind="different") == 200
    form = said | {"kind": "same"}
    answer = company.ask("POST", "/v1/identity/overrides", Role.STEWARD, "identity_resolution", json=form)
    assert answer.status_code == 409 and company.decisions[-1] in answer.json()["detail"]


def test_of_two_parts_the_larger_and_then_the_older_keeps_the_id(company: Company) -> None:
    company.file(id="2", given="Ana")
    company.batch()
    ana = owner(company, "crm:2")
    company.file(id="1", given="Ana")
    company.batch([{"crm:1", "crm:2"}])
    assert owner(company, "crm:1") == ana
    assert company.decide("overrides", left="crm:1", right="crm:2", kind="different") == 200
    assert owner(company, "crm:2") == ana != owner(company, "crm:1"), "it began with her"
    assert company.batch([{"crm:1", "crm:2"}]) == [] and owner(company, "crm:2") == ana
    company.file(id="4", given="Eva")
    company.batch()
    eva = owner(company, "crm:4")
    company.file(id="3", given="Eva")
    company.batch([{"crm:3", "crm:4"}])
    assert company.batch() == [] and owner(company, "crm:4") == eva, "a batch keeps it so as well"


# Everything else.


def test_the_check_finds_whatever_does_not_agree(company: Company) -> None:
    company.file(**ANNA)
    company.file_event("shop:1", str(HERS["email"]))
    company.batch()
    company.live(identify("u1", None, NEW, "Ana"))
    assert company.batch([{"crm:1", "app:u1"}]) == []
    anna, since = owner(company, "crm:1"), {"profile_id": "p_ghost", "version": 1, "updated_at": DAWN}
    document = {"records": ["crm:1"], "identifiers": [], "fields": []}
    wrong: dict[str, Any] = {
        "no record is its": insert(schema.profiles).values(since | {"document": document}),
        "of p_ghost, which is gone": insert(schema.identifiers).values(kind="email", value=NEW, profile_id="p_ghost"),
        "leads away": insert(schema.redirects).values(old_id=anna, profile_id=anna),
        "leads to p_ghost": insert(schema.redirects).values(old_id="p_old", profile_id="p_ghost"),
        "nobody answers": text("DELETE FROM redirects"),
        "event shop:1": text("UPDATE timeline SET profile_id = NULL WHERE event_id = 'shop:1'"),
        "event app:": update(schema.timeline).where(schema.timeline.c.record_id == "app:u1").values(profile_id="p_x"),
        "the lake has seen it": insert(schema.live_assignments).values(record_id="app:u1", profile_id=anna, at=DAWN),
        "record crm:1": text("UPDATE records SET profile_id = 'p_x' WHERE record_id = 'crm:1'"),
        "its records have no profile": text("DELETE FROM profiles"),
        "another document": text('UPDATE profiles SET document = document || \'{"first_seen": "2001"}\''),
        "keys: of crm:9": insert(schema.record_keys).values(key="given:anna", record_id="crm:9"),
    }
    for words, change in wrong.items():
        with company.engine.connect() as connection:
            connection.execute(change)
            connection.commit()
        found = differences(company.said, company.store())
        assert any(words in one for one in found), (words, found)
        company.batch([{"crm:1", "app:u1"}], whole=True)
        with company.engine.begin() as connection:  # what no batch could know of
            for table in ("profiles", "identifiers", "redirects", "record_keys"):
                connection.execute(text(f"DELETE FROM {table} WHERE {table}::text ~ 'p_ghost|p_x|crm:9'"))
            connection.execute(text("DELETE FROM redirects WHERE old_id = profile_id"))
            connection.execute(text("DELETE FROM live_assignments"))
        company.batch([{"crm:1", "app:u1"}], whole=True)
        assert differences(company.said, company.store()) == [], words
    company.features.rows["p_gone"] = {}
    assert company.problems() == ["features: of p_gone, which is gone"]


def test_whatever_happens_on_however_many_days_batch_and_live_agree(stores: Stores, api_settings: Settings) -> None:
    run_state_machine_as_test(
        lambda: BusyDays(stores, api_settings),
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_on_the_real_pipeline_a_merged_live_record_is_one_person_and_the_first_login_stays(
    spark: SparkSession, lake: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spark_jobs.publish.load_sources", lambda config: SOURCES)
    days = Days(spark, lake, engine, ManyKept())

    def agree(since: set[str] = frozenset(), came: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        assert differences(days.said(), store_of(engine, set(days.features.rows)), since, came) == []

    days.file(ANNA, ZOE)
    days.batch()
    agree()
    anna = days.owner("crm:1")
    # A new e-mail, and everything else that she is known by; her device's visits were there before.
    anew = {name: said for name, said in HERS.items() if name != "phone"} | {"email": NEW}
    days.live({"anonymousId": "a1"})
    days.live({"type": "identify", "userId": "u2", "anonymousId": "a1", "traits": anew})
    days.file_events({"id": "e1", "at": "2026-02-01T00:00:00Z", "mail": NEW})
    ghost = days.owner("app:u2")
    assert ghost != anna

    def meanwhile() -> None:
        days.live({"userId": "u2", "event": "Late", "messageId": "late"})

    days.batch(meanwhile)
    agree(came={"app:late"})
    with engine.connect() as connection:
        led = dict(connection.execute(select(schema.redirects.c["old_id", "profile_id"])).all())
        late = connection.scalar(select(schema.timeline.c.profile_id).where(schema.timeline.c.event_id == "app:late"))
    ((gone, hers),) = led.items()
    assert {gone, hers} == {ghost, anna}, "the id of whom more records were there"
    assert days.owner("app:u2") == days.owner("crm:1") == late == hers
    # A second login says all that she is known by, her old e-mail too.
    days.live({"type": "identify", "userId": "u1", "traits": HERS})
    days.batch()
    agree()
    assert days.owner("app:u2") == hers != days.owner("app:u1")
    with engine.connect() as connection:
        waiting = connection.execute(select(schema.reviews.c["left_id", "right_id"])).all()
    assert ("app:u1", "crm:1") in waiting
    assert ghosts(store_of(engine)) == []
