"""The law's list: odd reading raises an alert that the privacy officer sees."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update

from consent.model import Role
from consent.oddities import Night, OddityRules, Read, Rule, odd, published_oddities
from consent.watching import alerts_since, watch
from stores.schema import profiles, reading_alerts
from tests.profile_api.conftest import CASE, Headers
from tests.profile_api.people import ANA, BEN, CHLOE, NOW

NIGHT = Night.model_validate({"from": 22, "until": 6, "people": 2})
RULES = OddityRules(time_zone="Europe/Paris", many=4, night=NIGHT, neighbours=3, namesakes=1, case=3)
NOON = datetime(2024, 5, 1, 10, tzinfo=UTC)


def reads(count: int, at: datetime = NOON, every: int = 1, actor: str = "claire", **of: str) -> list[Read]:
    return [Read(at + timedelta(minutes=every * n), actor, "advisor", f"p{n}", **of) for n in range(count)]


def rules_of(some: list[Read]) -> set[Rule]:
    return {one.rule for one in odd(some, RULES)}


def test_each_rule_sees_what_is_odd_and_nothing_else() -> None:
    assert rules_of(reads(4)) == {Rule.MANY}
    assert rules_of(reads(4, every=30)) == set(), "within an hour"
    assert rules_of([*reads(3), *reads(3), *reads(3)]) == set(), "the same people again"
    assert rules_of([*reads(2), *reads(3, actor="marc")]) == set(), "each reader for themselves"
    night = datetime(2024, 5, 1, 21, 30, tzinfo=UTC)  # 23:30 in Paris
    assert rules_of(reads(2, night)) == {Rule.NIGHT}
    assert rules_of(reads(2, night, every=60)) == {Rule.NIGHT}, "one night, over midnight"
    assert rules_of(reads(2, datetime(2024, 5, 1, 19, 30, tzinfo=UTC))) == set(), "21:30 is no night"
    assert rules_of(reads(3, every=30, place="rue des lilas 69001")) == {Rule.NEIGHBOURS}
    assert rules_of(reads(2, every=30, place="rue des lilas 69001")) == set()
    assert rules_of(reads(1, actor="claire.Dupré@desk", family_name="DUPRE")) == {Rule.NAMESAKES}
    assert rules_of(reads(1, actor="auth0-71", family_name="Durand")) == set()
    assert rules_of(reads(3, every=30, reference="case-1")) == {Rule.CASE}
    assert rules_of(reads(3, every=30)) == set()


def test_the_published_rules_can_be_read() -> None:
    assert published_oddities().many >= 1 and published_oddities().night.holds(23)


@pytest.fixture
def raised(client: TestClient, headers: Headers, engine: Engine) -> TestClient:
    """An advisor reads three people for one case, one of whom bears a word of the reader's name."""
    with engine.begin() as connection:
        for profile_id in (ANA, BEN):
            document = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == profile_id))
            said = {"field": "family_name", "value": "Advisor", "category": "identity", "channel": "crm", "losing": []}
            document["fields"] = [*document["fields"], said | {"record_id": "r", "observed_at": None, "rule": "x"}]
            connection.execute(update(profiles).where(profiles.c.profile_id == profile_id).values(document=document))
    for profile_id in (ANA, BEN, CHLOE):
        client.get(f"/v1/profiles/{profile_id}", headers=headers())
    client.get(f"/v1/profiles/{ANA}", headers=headers(Role.BOT))
    client.get(f"/v1/profiles/{ANA}", headers=headers(purpose="resale"))
    return client


def test_an_alert_is_raised_once_and_grows(raised: TestClient, headers: Headers, engine: Engine) -> None:
    with engine.begin() as connection:
        new = watch(connection, RULES, NOW)
        assert {(one.rule, one.people) for one in new} == {(Rule.CASE, 3), (Rule.NAMESAKES, 2)}
        assert watch(connection, RULES, NOW + timedelta(minutes=1)) == [], "once"
        assert alerts_since(connection, NOW) == 2 and alerts_since(connection, NOW + timedelta(days=1)) == 0
        assert watch(connection, RULES, NOW + timedelta(days=3)) == [], "what is long past raises nothing new"
        kept = connection.scalars(select(reading_alerts.c.actor)).all()
    assert set(kept) == {"demo-advisor"}


def test_the_officer_alone_reads_alerts(raised: TestClient, headers: Headers, engine: Engine) -> None:
    with engine.begin() as connection:
        watch(connection, RULES, NOW)
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    del officer[CASE]
    found = raised.get("/v1/audit/alerts", headers=officer).json()["alerts"]
    assert {(one["rule"], one["actor"], one["people"]) for one in found} == {
        ("case", "demo-advisor", 3),
        ("namesakes", "demo-advisor", 2),
    }
    for role, purpose in ((Role.CUSTOMER, "privacy_rights"), (Role.ADVISOR, "service"), (Role.STEWARD, "service")):
        assert raised.get("/v1/audit/alerts", headers=headers(role, purpose, ANA)).status_code == 403


def test_an_officer_notes_what_came_of_an_alert_and_one_that_grows_waits_again(
    raised: TestClient, headers: Headers, engine: Engine
) -> None:
    with engine.begin() as connection:
        watch(connection, RULES, NOW)
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    alert = raised.get("/v1/audit/alerts", headers=officer).json()["alerts"][0]
    assert (alert["reviewed_at"], alert["reviewed_by"], alert["outcome"]) == (None, None, None)
    form = {name: alert[name] for name in ("rule", "actor", "day")} | {"outcome": "misuse"}
    for role in (Role.STEWARD, Role.CUSTOMER):
        of = headers(role, "privacy_rights", ANA)
        assert raised.post("/v1/audit/alerts/review", json=form, headers=of).status_code == 403
    assert raised.post("/v1/audit/alerts/review", json=form | {"actor": "x"}, headers=officer).status_code == 404
    own = raised.post("/v1/audit/alerts/review", json=form | {"actor": "demo-privacy_officer"}, headers=officer)
    assert (own.status_code, own.json()["type"].rpartition(":")[2]) == (409, "own-reading")
    done = raised.post("/v1/audit/alerts/review", json=form, headers=officer)
    assert done.status_code == 200, done.text
    seen = next(
        one
        for one in raised.get("/v1/audit/alerts", headers=officer).json()["alerts"]
        if {name: one[name] for name in form} == form
    )
    assert seen == done.json() and seen["reviewed_by"] == "demo-privacy_officer" and seen["reviewed_at"]
    with engine.begin() as connection:
        assert alerts_since(connection, NOW) == 1, "the other one"
        connection.execute(update(reading_alerts).values(people=0))  # less than is found now
        watch(connection, RULES, NOW)
        assert alerts_since(connection, NOW) == 2
