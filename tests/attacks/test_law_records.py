"""The law's list: what is processed is on record, and whose data got into wrong hands can be told."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pyspark.sql import SparkSession
from sqlalchemy import Engine, insert, select

from consent import processing
from consent.controller import published_controller
from consent.model import Role
from consent.processing import WORDS, main, record
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.loading import load_channels
from contracts.settings import Settings
from contracts.sources import DEMO_SOURCE, EVENTS, load_sources, with_live
from lake.tables import ASSIGNMENTS, BRONZE, TIMELINE, Table, write_changes
from spark_jobs import breach
from spark_jobs.breach import affected, seen_by_reader, sent_by_source, told_to_system, write_down
from spark_jobs.breach_lake import arrived
from stores.embedded import Stores
from stores.schema import (
    audit,
    profiles,
    timeline,
    webhook_deliveries,
    webhook_outbox,
    webhook_subscriptions,
)
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN, CHLOE, NOW

SAMPLE = Path(__file__).parents[2] / "examples" / "sample"
DAY = timedelta(days=1)


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_record_of_processing_says_what_article_30_asks_for(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "settings", lambda: Settings(demo=True))
    main(["--language", language, "--contracts", str(SAMPLE)])
    said = capsys.readouterr().out
    channels = with_live(load_channels(SAMPLE), load_sources(Settings(demo=True)))
    of, say = published_controller(), WORDS[language]
    assert said == record(published_purposes(), of, channels, language)
    for text in (of.name, of.contact, of.officer, of.transfers.in_(language), of.measures.in_(language)):
        assert text in said
    lines = said.splitlines()
    for purpose in published_purposes().values():
        [line] = [one for one in lines if f"(`{purpose.id}`" in one]
        assert purpose.name[language] in line
        assert purpose.refused or all(say["category"][category] in line for category in purpose.categories), purpose.id
        assert purpose.refused or all(say["role"][role] in line for role in purpose.roles), purpose.id
        assert purpose.refused or say["bases"][purpose.legal_basis] in line
        assert purpose.refused or purpose.retention[1:-1] in line, "and until when"
    for recipient in of.recipients:
        assert recipient.name in said
    [crm] = [one for one in lines if "(`crm`)" in one]
    assert f"{say['category']['identity']}, {say['category']['contact']}" in crm
    assert all(f"(`{name.removesuffix(EVENTS)}`)" in said for name in channels)
    [app] = [one for one in lines if f"(`{DEMO_SOURCE}`)" in one]
    assert of.sources[DEMO_SOURCE].in_(language) in app
    assert all(say["category"][one] in app for one in ("identity", "contact", "transaction", "behaviour"))


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_record_speaks_to_the_authority_and_quotes_what_it_says_to_people(language: str) -> None:
    said = record(published_purposes(), published_controller(), load_channels(SAMPLE), language)
    own_words = re.sub(r"[“«][^”»]*[”»]", "", said)
    assert not re.search(r"\b(you|your|yours|vous|votre|vos)\b", own_words, re.IGNORECASE)


def test_the_record_speaks_of_nothing_in_codes_or_in_another_language() -> None:
    of, channels = published_controller(), load_channels(SAMPLE)
    french = record(published_purposes(), of, channels, "fr")
    plain = re.sub(r"`[^`]*`|dpv:\w+", "", french)
    for section in ("bases", "category", "role"):
        assert WORDS["fr"][section].keys() == WORDS["en"][section].keys()
        for code, word in WORDS["fr"][section].items():
            assert not {code, WORDS["en"][section][code]} - {word} & set(re.split(r"[|,;:()\n]\s*", plain)), code
    assert "years" not in plain and "marketing_" not in plain
    assert set(WORDS["fr"]) == set(WORDS["en"])
    assert {one.value for one in Category} == WORDS["en"]["category"].keys()
    assert {one.value for one in Role} == WORDS["en"]["role"].keys()


def test_a_breach_list_names_everybody_whom_a_reader_saw_and_nobody_else(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    client.get(f"/v1/profiles/{ANA}", headers=headers())
    client.get("/v1/profiles/p-old/timeline", headers=headers(purpose="advice"))
    client.get(f"/v1/profiles/{BEN}", headers=headers(purpose="advice"))
    client.get(f"/v1/profiles/{CHLOE}", headers=headers(purpose="resale"))  # refused: nothing left
    client.get("/v1/profiles/nobody", headers=headers())
    client.get(f"/v1/profiles/{CHLOE}", headers=headers(Role.BOT, "service"))
    with engine.begin() as connection:
        connection.execute(profiles.delete().where(profiles.c.profile_id == BEN))
        found = affected(connection, seen_by_reader(connection, "demo-advisor", NOW - DAY, NOW))
        assert [(one.profile_id, one.times, one.held) for one in found] == [(ANA, 2, True), (BEN, 1, False)]
        assert found[0].purposes == {"service", "advice"}
        assert "contact" in found[0].categories and "sensitive" not in found[0].categories
        assert affected(connection, seen_by_reader(connection, "demo-advisor", NOW + DAY, NOW + 2 * DAY)) == []
        assert set(found[0].line()) >= {"profile_id", "first_at", "last_at", "purposes", "categories", "held"}


def test_a_breach_list_names_whoever_was_in_a_request_an_intake_or_a_hold_that_was_read(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    holding = headers(Role.PRIVACY_OFFICER, "legal_obligation")

    def send(path: str, sent: dict[str, str] = officer, **body: object) -> dict[str, Any]:
        answer = client.post(path, json=body, headers=sent)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    request = send("/v1/requests", kind="erasure", profile_id="p-old")["request_id"]
    send("/v1/requests", kind="access", profile_id=BEN)
    letter = {"kind": "access", "channel": "letter", "name": "Gustave Otherman"}
    unknown, known = (send("/v1/intakes", **letter)["intake_id"] for _ in range(2))
    send(f"/v1/intakes/{known}/match", profile_id=CHLOE)
    send("/v1/holds", holding, profile_id=ANA, reason="lawsuit")
    with engine.begin() as connection:
        [reader] = set(connection.scalars(select(audit.c.actor)))
    for path, sent, people in (
        (f"/v1/requests/{request}", officer, {ANA}),
        (f"/v1/requests/{request}/erasure", officer, {ANA}),
        (f"/v1/requests/{request}/letter", officer, {ANA}),
        ("/v1/requests", officer, {ANA, BEN, CHLOE}),
        ("/v1/requests/due", officer, {ANA, BEN, CHLOE, unknown}),
        ("/v1/intakes", officer, {CHLOE, unknown}),
        (f"/v1/intakes/{unknown}/letter", officer, {unknown}),
        ("/v1/holds", holding, {ANA}),
        (f"/v1/audit/readers/{reader}", officer, {ANA, BEN, CHLOE, unknown}),
    ):
        with engine.connect() as connection:
            before = len(list(seen_by_reader(connection, reader, NOW - DAY, NOW)))
        assert client.get(path, headers=sent).status_code == 200, path
        with engine.connect() as connection:
            seen = list(seen_by_reader(connection, reader, NOW - DAY, NOW))[before:]
            assert {one.profile_id for one in affected(connection, seen)} == people, path


def test_a_breach_list_names_the_caller_whom_a_reader_identified(engine: Engine) -> None:
    row = {"at": NOW, "actor": "bot-1", "role": "bot", "purpose": "service", "action": "identify", "decision": {}}
    rows = [
        row | {"profile_id": ANA, "outcome": "identified"},
        row | {"profile_id": BEN, "outcome": "profile-not-found"},
    ]
    with engine.begin() as connection:
        connection.execute(insert(audit), rows)
        found = affected(connection, seen_by_reader(connection, "bot-1", NOW - DAY, NOW))
    assert [one.profile_id for one in found] == [ANA]


def test_a_breach_list_knows_a_subscription_and_a_source(client: TestClient, engine: Engine) -> None:
    one = {"subscription_id": "s", "url": "https://crm.example/hook", "kinds": ["profile.updated"], "secret": "x"}
    one |= {"purpose": "service", "role": "advisor", "created_by": "o", "created_at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(webhook_subscriptions).values(one))
        for number, (person, state) in enumerate([(ANA, "delivered"), (BEN, "pending"), ("p-old", "delivered")]):
            event = {"event_id": str(number), "kind": "profile.updated", "profile_id": person, "at": NOW, "data": {}}
            asked = insert(webhook_outbox).values(event).returning(webhook_outbox.c.sequence)
            sequence = connection.execute(asked).scalar_one()
            sent = {"subscription_id": "s", "sequence": sequence, "state": state, "attempts": 1, "due_at": NOW}
            connection.execute(insert(webhook_deliveries).values(sent))
        [told] = affected(connection, told_to_system(connection, "s", NOW, NOW))
        assert (told.profile_id, told.times, told.purposes) == (ANA, 2, {"service"})
        document = {"channel": "web_app", "type": "visit", "categories": {"type": "behaviour"}}
        event = {"event_id": "web_app:1", "profile_id": CHLOE, "occurred_at": NOW, "document": document}
        connection.execute(insert(timeline).values(event))
        [forged] = affected(connection, sent_by_source(connection, "web_app", NOW - DAY, NOW))
        assert (forged.profile_id, forged.categories) == (CHLOE, {"behaviour"})


def test_a_breach_list_of_a_source_knows_what_the_lake_alone_has_kept_by_when_it_came(
    spark: SparkSession, lake: str, client: TestClient, engine: Engine
) -> None:
    raw = {"content_hash": "x", "payload": "{}", "file": "inbox", "row_number": 1, "batch_id": "b"}
    rows = [
        ("web_app/events", "shown", NOW),  # in the timeline as well: once
        ("web_app/events", "dated otherwise", NOW),
        ("web_app/events", "before", NOW - 2 * DAY),
        ("shop/events", "of another", NOW),
    ]

    def write(table: Table, *found: dict[str, Any]) -> None:
        names = table.struct.names
        given = [tuple(one.get(name) for name in names) for one in found]
        write_changes(spark, lake, table, spark.createDataFrame(given, table.struct))

    write(BRONZE["event"], *[raw | {"channel": c, "source_key": key, "received_at": at} for c, key, at in rows])
    write(BRONZE["person"], raw | {"channel": "web_app", "source_key": "u-1", "received_at": NOW})
    write(ASSIGNMENTS, {"record_id": "web_app:u-1", "profile_id": BEN, "since": NOW})
    of = {"channel": "web_app", "type": "visit", "categories": {"type": "behaviour"}, "properties": {}}
    dated = [("shown", CHLOE, NOW), ("dated otherwise", ANA, NOW - 900 * DAY), ("before", BEN, NOW)]
    write(
        TIMELINE, *[of | {"event_id": f"web_app:{key}", "profile_id": who, "occurred_at": at} for key, who, at in dated]
    )
    event = {"event_id": "web_app:shown", "profile_id": CHLOE, "occurred_at": NOW, "document": of}
    with engine.begin() as connection:
        connection.execute(insert(timeline).values(event))
        shown = [*sent_by_source(connection, "web_app", NOW - DAY, NOW)]
        found = affected(connection, [*shown, *arrived(spark, lake, "web_app", NOW - DAY, NOW)])
    assert {(one.profile_id, one.times) for one in found} == {(CHLOE, 1), (ANA, 1), (BEN, 1)}


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """What the command said; the service's log lines come before it."""
    return "{" + capsys.readouterr().out.rpartition("\n{")[2]


def test_the_command_prints_the_figures_writes_the_list_and_is_recorded(
    client: TestClient,
    headers: Headers,
    engine: Engine,
    database_url: str,
    stores: Stores,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.get(f"/v1/profiles/{ANA}", headers=headers())
    chosen = breach.settings().model_copy(update={"database_url": database_url, "redis_url": stores.redis_url})
    monkeypatch.setattr(breach, "settings", lambda: chosen)
    period = ["--since", "2024-01-01T00:00:00Z", "--until", "2024-12-31T00:00:00Z", "--case", "breach-2024-1"]
    out = tmp_path / "people.jsonl"
    breach.main(["--reader", "demo-advisor", *period, "--out", str(out)])
    said = json.loads(printed(capsys))
    assert (said["people"], said["reads"], said["no_longer_held"]) == (1, 1, 0)
    [line] = out.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["profile_id"] == ANA and "Durand" not in line
    with engine.connect() as connection:
        row = connection.execute(select(audit).order_by(audit.c.audit_id.desc()).limit(1)).one()
    assert (row.action, row.decision["reference"], row.decision["people"]) == ("breach-list-reader", "breach-2024-1", 1)
    page = client.get("/v1/audit/readers/consent.breach", headers=headers(Role.PRIVACY_OFFICER, "privacy_rights"))
    assert page.json()["entries"][0]["reference"] == "breach-2024-1"


def test_that_a_list_was_made_can_not_be_hidden(engine: Engine) -> None:
    with engine.begin() as connection:
        write_down(connection, "breach-list-reader", "case-1", 3, NOW)
        assert connection.scalar(select(audit.c.actor)) == "consent.breach"
