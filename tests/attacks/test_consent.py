"""Consent: a no holds whatever a clock, a page's default, a bad neighbour or a shared address says; a yes ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select

from channel_files.rows import RawRow
from consent.eligibility import people
from consent.ledger import Entry, append
from consent.model import ConsentState, Method, Role
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from contracts.loading import load_channels
from profile_api.access.gate import Reading
from read_model.features_due import computed_rows
from spark_jobs.ingest import parsed_row
from stores.schema import consent_events, features_due, records, restrictions
from tests.attacks.household import EVE, FRED, OWN, take
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, CHLOE, NOW, decide_consent
from tests.profile_api.stewardship.conftest import Ask

OFFICER = (Role.PRIVACY_OFFICER, "privacy_rights")
PURPOSES = published_purposes()
CONSENTS = load_channels(Path("examples/sample"))["consents"]


def told(engine: Engine, state: ConsentState, decided_at: datetime, received_at: datetime, **more: Any) -> None:
    """A decision about personalisation as a channel tells it."""
    entry = {"purpose": "personalisation", "identifier": Identifier("email", ANA_EMAIL), "notice_version": "2020-1"}
    entry |= {"channel": "consents", "decided_through": "web", "method": Method.IMPORT, "recorded_by": "consents"}
    with engine.begin() as connection:
        append(connection, [Entry(**entry | more, state=state, decided_at=decided_at)], received_at)


def permitted(client: TestClient, headers: Headers, purpose: str = "personalisation", of: str = ANA) -> bool:
    """Whether the next read shows anything; every place that tells so has to agree."""
    answer = client.get(f"/v1/profiles/{of}", headers=headers(purpose=purpose)).json()
    status = client.get(f"/v1/profiles/{of}/consents", headers=headers(*OWN, of)).json()["data"]["purposes"]
    shown = bool(answer["data"]["fields"])
    assert shown == answer["consent"][purpose]["permits"] == status[purpose]["permits"]
    return shown


# Two clocks.


def test_a_yes_dated_2099_does_not_outlive_a_withdrawal_today(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    told(engine, ConsentState.GIVEN, NOW - timedelta(days=1), NOW - timedelta(days=1))
    assert permitted(client, headers)
    told(engine, ConsentState.GIVEN, datetime(2099, 1, 1, tzinfo=UTC), NOW - timedelta(hours=1))
    assert take(client, headers, "withdraw", {"purpose": "personalisation"}).json()["permits"] is False
    assert not permitted(client, headers)


def test_a_withdrawal_by_a_clock_that_is_behind_or_far_ahead_stops_an_earlier_yes(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    for days in (-900, 9_000):
        told(engine, ConsentState.GIVEN, NOW - timedelta(days=2), NOW - timedelta(days=2))
        told(engine, ConsentState.WITHDRAWN, NOW + timedelta(days=days), NOW - timedelta(days=1))
        assert not permitted(client, headers)


# A yes ends, is about a notice that there was, and is told only where there is somewhere to write to.


def test_a_yes_that_names_no_end_ends_with_the_purposes_validity_also_an_imported_one(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    told(engine, ConsentState.GIVEN, NOW - timedelta(days=3 * 366), NOW)
    assert not permitted(client, headers)
    told(engine, ConsentState.GIVEN, NOW - timedelta(days=2 * 366), NOW)
    assert permitted(client, headers)
    with engine.connect() as connection:
        ends = list(connection.scalars(select(consent_events.c.expires_at).order_by(consent_events.c.decided_at)))
    assert [one.year for one in ends] == [2024, 2025], "the ledger and its receipts say so, too"


def test_a_notice_that_never_existed_is_refused_and_counts_as_no_yes(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    for choice in ("give", "renew"):
        answer = take(client, headers, choice, {"purpose": "personalisation", "notice_version": "1999-9"})
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "notice-unknown")
        assert "2024-1" in answer.json()["valid"]
    told(engine, ConsentState.GIVEN, NOW - timedelta(days=1), NOW, notice_version="1999-9")
    assert not permitted(client, headers)
    assert take(client, headers, "give", {"purpose": "personalisation", "notice_version": "2020-1"}).status_code == 201


@pytest.mark.parametrize(
    ("decision", "notice", "kept"),
    [("granted", "2020-1", True), ("granted", "1999-9", False), ("renewed", "", True), ("withdrawn", "1999-9", True)],
)
def test_a_file_with_a_yes_to_a_notice_that_never_existed_is_quarantined_and_its_no_is_not(
    decision: str, notice: str, kept: bool
) -> None:
    said = ("email", ANA_EMAIL, "personalisation", decision, "2020-02-03T10:00:00Z", "web", notice)
    row = RawRow(1, b"raw", dict(zip(CONSENTS.columns, said, strict=True)))
    found = parsed_row(CONSENTS, row, NOW)
    assert (found["reason"] is None, found["payload"] is None) == (kept, not kept)
    if not kept:
        assert found["reason"].startswith("notice: expected") and notice not in found["reason"]


def test_it_is_not_told_that_somebody_may_be_written_to_who_has_no_address(
    client: TestClient, headers: Headers
) -> None:
    for purpose in ("marketing_email", "marketing_post"):
        given = take(client, headers, "give", {"purpose": purpose}, of=CHLOE).json()
        assert (given["state"], given["permits"]) == ("ConsentGiven", False), purpose
        assert not permitted(client, headers, purpose, CHLOE)
        withheld = client.get(f"/v1/profiles/{CHLOE}", headers=headers(purpose=purpose)).json()
        assert {one["policy"] for one in withheld["withheld"]} == {"nobody-to-reach", "category-outside-purpose"}
    assert take(client, headers, "give", {"purpose": "marketing_email"}).json()["permits"]
    assert permitted(client, headers, "marketing_email")
    for of, mail in ((ANA, True), (CHLOE, False)):
        bot = headers(Role.BOT, "service")
        told_bot = client.post("/v1/bot/context", json={"profile_id": of}, headers=bot).json()["consent"]
        assert {name: one["permits"] for name, one in told_bot.items() if name.startswith("marketing")} == {
            "marketing_email": mail,
            "marketing_phone": False,
            "marketing_post": False,
        }


# Objections and restrictions.


def test_an_objection_with_only_shared_identifiers_binds_who_objected_and_not_the_housemate(
    household: TestClient, headers: Headers
) -> None:
    form = {"kind": "objection", "purposes": ["advice"]}
    assert household.post("/v1/requests", json=form, headers=headers(*OWN, EVE)).status_code == 201

    def shown(of: str) -> bool:
        return bool(household.get(f"/v1/profiles/{of}", headers=headers(purpose="advice")).json()["data"]["fields"])

    assert (shown(EVE), shown(FRED)) == (False, True)


def test_an_objection_under_a_record_binds_tables_for_training_as_it_binds_the_gate(
    household: TestClient, headers: Headers, engine: Engine
) -> None:
    form = {"kind": "objection", "purposes": ["advice"]}
    household.post("/v1/requests", json=form, headers=headers(*OWN, EVE))
    with engine.connect() as connection:
        eligible = people(connection, [EVE, FRED], NOW)
        reading = Reading(connection, False, NOW)
        for profile_id in (EVE, FRED):
            profile = reading.profile(profile_id)
            assert profile is not None
            parts = reading.parts(profile)
            assert set(eligible[profile_id].parts) == set(parts.values()), "one rule for what a person's parts are"
            decided = reading.consents({*profile.identifiers, *frozenset().union(*parts.values())})
            assert set(eligible[profile_id].events) == set(decided)
        assert [one.state for one in eligible[EVE].events] == [ConsentState.REFUSED]
        assert not eligible[FRED].events


def test_a_restricted_person_has_no_features_from_then_on_until_it_is_lifted(
    household: TestClient, headers: Headers, engine: Engine
) -> None:
    def due_and_computed() -> tuple[set[str], set[str]]:
        with engine.begin() as connection:
            due = set(connection.scalars(select(features_due.c.profile_id)))
            connection.execute(features_due.delete())
            return due, set(computed_rows(connection, [EVE, FRED], NOW))

    due_and_computed()
    filed = household.post("/v1/requests", json={"kind": "restriction"}, headers=headers(*OWN, EVE)).json()
    assert due_and_computed() == ({EVE}, {FRED})
    lifted = household.post(
        f"/v1/requests/{filed['request_id']}/lift", json={"note": "told"}, headers=headers(*OFFICER)
    )
    assert lifted.status_code == 200
    assert due_and_computed() == ({EVE}, {EVE, FRED})


@pytest.mark.parametrize("stands", ["objection", "restriction"])
def test_neither_an_objection_nor_a_restriction_keeps_a_steward_from_undoing_a_merge(
    ask: Ask, engine: Engine, owners: dict[str, str], stands: str
) -> None:
    why = {"reason": "one household"}
    merged = ask("POST", "/v1/identity/overrides", {"left": "crm:1", "right": "crm:6", "kind": "same", **why})
    if stands == "objection":
        for purpose in ("identity_resolution", "fraud_prevention"):
            decide_consent(engine, purpose, "withdrawn", "zoe@post.example")
    else:
        with engine.begin() as connection:
            connection.execute(insert(restrictions).values(record_id="crm:6", request_id="r", since=NOW))
    with engine.connect() as connection:
        now = connection.scalar(select(records.c.profile_id).where(records.c.record_id == "crm:6"))
    assert len(ask("GET", f"/v1/profiles/{now}/identity")["data"]["records"]) == 4
    ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:6"}, 404)
    ask("POST", "/v1/identity/overrides", {"left": "crm:4", "right": "crm:6", "kind": "same", **why}, 404)
    assert not ask("GET", f"/v1/profiles/{now}", status=200)["data"]["fields"], "any other use is stopped"
    ask("POST", f"/v1/identity/decisions/{merged['decision_id']}/undo", why)
    with engine.connect() as connection:
        apart = connection.scalar(select(records.c.profile_id).where(records.c.record_id == "crm:6"))
    assert apart == owners["crm:6"]
