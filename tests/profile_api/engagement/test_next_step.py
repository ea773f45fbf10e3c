"""The next step through the API: the rules asked with what the gate lets out, and nothing of it kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select, text

from consent.model import Role
from contracts.settings import Settings
from engagement.zones.rule_file import SECTORS, BadRules
from profile_api.app import create_app
from stores.schema import audit, metadata, restrictions
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, CHLOE, FAMILY_PHONE, NOW, Features, decide_consent

ROUTE = "/v1/engagement/next-step"
ROUTINE = {"channel": "chat", "intents": ["order_status"]}


def ask(client: TestClient, sent: dict[str, str], of: str = ANA, **more: Any) -> Any:
    return client.post(ROUTE, json={"who": {"profile_id": of}, **ROUTINE, **more}, headers=sent)


def step(client: TestClient, headers: Headers, role: Role = Role.BOT, of: str = ANA, **more: Any) -> Any:
    answer = ask(client, headers(role, profile_id=of), of, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def suggested(data: Any) -> list[str]:
    return [one["source"]["rule"] for one in data["suggestions"]]


def banned(data: Any) -> set[str]:
    return {one["id"] for one in data["bans"]}


def test_a_routine_matter_is_the_machines_and_a_person_is_one_step_away(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    data = step(client, headers)
    assert (data["zone"], data["acts"], data["level"]) == ("efficiency", "bot", "rule")
    assert data["rule"] == data["matched"][0] and data["because"].keys() == data["level_because"].keys() == {"fr", "en"}
    person = data["a_person"]
    assert (person["comes"], person["skill"], person["intents"]) == ("not", "orders", ["speak_to_somebody"])
    assert person["reachable"] == {"now": "unknown", "median_seconds": None, "ninetieth_percentile_seconds": None}
    assert all(person["how"].values()) and data["next_promise"] is None
    with engine.connect() as connection:
        (act,) = connection.execute(select(audit)).all()
    assert (act.action, act.role, act.purpose, act.profile_id, act.outcome) == (
        "next-step",
        "bot",
        "service",
        ANA,
        "answered",
    )
    asked = step(client, headers, intents=person["intents"])
    assert (asked["acts"], asked["level"], asked["a_person"]["comes"]) == ("advisor", "request", "comes")


def test_who_acts_depends_on_who_is_there(client: TestClient, headers: Headers) -> None:
    acts = {role: step(client, headers, role)["acts"] for role in (Role.CUSTOMER, Role.BOT, Role.ADVISOR)}
    assert acts == {Role.CUSTOMER: "self_service", Role.BOT: "bot", Role.ADVISOR: "advisor"}
    assert {step(client, headers, role, intents=["product_injury"])["acts"] for role in acts} == {"advisor"}


def test_the_most_human_zone_of_several_intents_wins(client: TestClient, headers: Headers) -> None:
    data = step(client, headers, intents=["opening_hours", "wrong_item", "order_status"])
    assert (data["zone"], data["a_person"]["skill"], data["a_person"]["comes"]) == (
        "enhancement",
        "failures",
        "offered",
    )


def test_the_dial_and_a_wish_in_the_customers_words_count(client: TestClient, headers: Headers) -> None:
    wish = step(client, headers, text="Passez-moi un conseiller, s’il vous plaît. Je veux un humain.")
    assert (wish["level"], wish["acts"]) == ("request", "advisor")
    form = {"position": 10, "channel": "phone"}
    assert client.post(f"/v1/profiles/{ANA}/dial", json=form, headers=headers(Role.ADVISOR)).is_success
    data = step(client, headers)
    assert (data["level"], data["acts"], data["a_person"]["comes"]) == ("dial", "advisor", "comes")


@pytest.mark.parametrize(
    ("emotion", "seen"),
    [
        ({"noticed_by": "bot"}, "distressed"),
        ({"noticed_by": "advisor", "noticed_at": (NOW - timedelta(minutes=30)).isoformat()}, "distressed"),
        ({"noticed_by": "bot", "noticed_at": (NOW - timedelta(minutes=31)).isoformat()}, "unknown"),
        ({"noticed_by": "telephony"}, "unknown"),
    ],
)
def test_an_emotion_counts_where_it_is_fresh_and_permitted(
    client: TestClient, headers: Headers, emotion: dict[str, str], seen: str
) -> None:
    data = step(client, headers, emotion={"emotion": "distressed"} | emotion)
    assert data["emotion"] == seen
    assert (data["level"] == "safety_and_law") == (data["a_person"]["comes"] == "unasked") == (seen == "distressed")


def test_suggestions_are_cards_whose_reasons_are_facts_that_may_leave(client: TestClient, headers: Headers) -> None:
    data = step(client, headers, Role.ADVISOR, attempts=2, language="fr")
    assert suggested(data) == ["complaint_first", "start_where_it_stopped", "offer_a_person"]
    assert step(client, headers, Role.ADVISOR, attempts=2, language="fr")["suggestions"] == data["suggestions"]
    card = data["suggestions"][0]
    assert card.keys() == {"uuid", "summary", "indicator", "source", "detail", "reasons"}
    assert len(card["summary"]) <= 140 and "réclamation" in card["summary"] and card["indicator"] == "warning"
    assert card["reasons"] == [{"fact": "open_complaint", "value": True}]
    failed = step(client, headers, Role.ADVISOR, attempts=1)
    assert suggested(failed) == ["complaint_first", "start_where_it_stopped"]
    assert failed["suggestions"][0]["uuid"] == card["uuid"] and "complaint" in failed["suggestions"][0]["summary"]
    assert failed["suggestions"][1]["uuid"] != data["suggestions"][1]["uuid"], "its evidence has changed"


def test_where_a_person_has_to_act_nothing_is_suggested_to_a_machine(client: TestClient, headers: Headers) -> None:
    data = step(client, headers, Role.BOT, intents=["speak_to_somebody"], attempts=2)
    assert (data["acts"], data["suggestions"]) == ("advisor", [])
    assert "complaint_first" in suggested(step(client, headers, Role.ADVISOR, intents=["speak_to_somebody"]))
    assert step(client, headers, Role.CUSTOMER, attempts=2)["suggestions"] == [], "customers are served, not coached"


def test_without_the_online_store_the_rest_is_answered_and_says_so(
    client: TestClient, headers: Headers, features: Features
) -> None:
    features.broken = True
    data = step(client, headers, Role.ADVISOR, attempts=1)
    assert not data["features_available"] and suggested(data) == ["start_where_it_stopped"]


def test_offers_need_a_yes_that_holds_in_this_channel_and_no_no(
    client: TestClient, headers: Headers, engine: Engine, features: Features
) -> None:
    features.broken = True  # and with it the open complaint
    assert banned(step(client, headers)) == {"pass_for_a_person", "offers_not_permitted", "sensitive_matters"}
    decide_consent(engine, "personalisation", "granted")
    assert banned(step(client, headers, Role.ADVISOR)) == {"sensitive_matters"}
    assert "offers_not_permitted" in banned(step(client, headers, channel="post"))
    decide_consent(engine, "marketing_email", "refused")
    assert "offers_refused" in banned(step(client, headers, Role.ADVISOR))


def test_a_consent_that_has_expired_is_for_an_advisor_to_ask_about(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    decide_consent(engine, "personalisation", "granted", days_ago=4 * 365)
    assert "ask_for_consent_again" in suggested(step(client, headers, Role.ADVISOR))
    assert "ask_for_consent_again" not in suggested(step(client, headers, Role.BOT))


def test_of_a_restricted_person_nothing_is_used_and_people_serve(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    form = {"position": 100, "channel": "app"}
    assert client.post(f"/v1/profiles/{CHLOE}/dial", json=form, headers=headers(Role.BOT)).is_success
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="web:chloé", request_id="r_1", since=NOW))
    emotion = {"emotion": "distressed", "noticed_by": "bot"}
    data = step(client, headers, of=CHLOE, emotion=emotion)
    assert (data["emotion"], data["level"], data["acts"], data["suggestions"]) == (
        "unknown",
        "safety_and_law",
        "advisor",
        [],
    )
    assert banned(data) >= {"restricted_data", "offers_not_permitted", "earlier_conversations"}
    essential = step(client, headers, of=CHLOE, intents=["opening_hours"])
    assert (essential["zone"], essential["acts"]) == ("basic", "bot"), "what is essential needs none of it"


def test_nothing_of_a_request_is_kept_anywhere_but_who_asked_of_whom(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    mark = "canarywords"
    emotion = {"emotion": "distressed", "noticed_by": "bot"}
    step(client, headers, text=f"I feel awful {mark}", emotion=emotion, value=48151.5)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(text(f"select to_jsonb(t)::text from {table.name} t")).scalars():
                assert not [one for one in (mark, "distress", "48151") if one in row], table.name


def test_attacks_get_what_everywhere_else_they_get(client: TestClient, headers: Headers) -> None:
    ben = headers(Role.CUSTOMER, profile_id=BEN)
    unknown = ask(client, ben, "nobody")
    assert unknown.status_code == 404 and ask(client, ben, ANA).content == unknown.content
    by_email = {"who": {"identifier": {"kind": "email", "value": ANA_EMAIL}}}
    assert ask(client, ben, **by_email).content == unknown.content
    assert ask(client, headers(Role.BOT), **by_email).json()["profile_id"] == ANA
    shared = {"who": {"identifier": {"kind": "phone", "value": FAMILY_PHONE}}}
    assert ask(client, headers(Role.BOT), **shared).status_code == 409
    assert ask(client, headers(Role.BOT), "p-old").json()["profile_id"] == ANA
    for role, purpose, status in (
        (Role.BOT, None, 400),
        (Role.BOT, "advice", 403),
        (Role.BOT, "fraud_prevention", 403),
        (Role.STEWARD, "service", 403),
        (Role.PRIVACY_OFFICER, "privacy_rights", 403),
    ):
        answer = ask(client, headers(role, purpose))
        assert answer.status_code == status, (role, purpose)
        assert answer.headers["content-type"] == "application/problem+json"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"intents": ["order_status", "Ana-from-Lyon"]}, "intent-unknown"),
    ({"intents": ["card_arrival"]}, "intent-unknown"),
    ({"product": "castle"}, "product-unknown"),
    ({"intents": []}, "invalid-request"),
    ({"intents": ["order_status"] * 11}, "invalid-request"),
    ({"intents": ["with blanks"]}, "invalid-request"),
    ({"channel": "Ana's phone"}, "invalid-request"),
    ({"attempts": -1}, "invalid-request"),
    ({"attempts": "2"}, "invalid-request"),
    ({"attempts": True}, "invalid-request"),
    ({"risk": "extreme"}, "invalid-request"),
    ({"value": -1}, "invalid-request"),
    ({"text": ""}, "invalid-request"),
    ({"text": "x" * 4_001}, "invalid-request"),
    ({"emotion": {"emotion": "happy", "noticed_by": "bot"}}, "invalid-request"),
    ({"emotion": {"emotion": "calm", "noticed_by": "camera"}}, "invalid-request"),
    ({"emotion": {"emotion": "calm"}}, "invalid-request"),
    ({"emotion": {"emotion": "calm", "noticed_by": "bot", "of": "the advisor"}}, "invalid-request"),
    ({"language": "de"}, "invalid-request"),
    ({"who": {}}, "invalid-request"),
    ({"zone": "basic"}, "invalid-request"),
]


def test_what_the_rules_do_not_know_is_refused_without_being_repeated(client: TestClient, headers: Headers) -> None:
    sent = headers(Role.BOT)
    for wrong, kind in WRONG:
        answer = ask(client, sent, **wrong)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, kind), wrong
        assert "Ana" not in answer.text and "castle" not in answer.text
        if kind == "intent-unknown":
            at = "intents.1" if len(wrong["intents"]) == 2 else "intents.0"
            assert at in answer.json()["detail"] and "order_status" in answer.json()["valid"]


def test_an_installation_has_rules_of_its_own_and_does_not_start_with_wrong_ones(
    api_settings: Settings, database_url: str, client: TestClient, headers: Headers, tmp_path: Path
) -> None:
    def app_with(file: Path) -> TestClient:
        settings = api_settings.model_copy(update={"zones_file": file})
        return TestClient(create_app(settings, database_url, Features(), clock=lambda: NOW))

    bank = app_with(SECTORS / "banking.yml")
    assert step(bank, headers, intents=["loan"])["rule"] == "advice_by_people"
    assert ask(bank, headers(Role.BOT)).status_code == 422
    gap = tmp_path / "gap.yml"
    rules = (SECTORS / "retail.yml").read_text(encoding="utf-8")
    gap.write_text(rules.partition("  - id: essential")[0], encoding="utf-8")
    for file, wrong in ((gap, "expected a rule for every situation"), (tmp_path / "none.yml", "none.yml")):
        with pytest.raises(BadRules, match=wrong):
            app_with(file)
