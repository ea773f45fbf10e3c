"""The law's list: a child's consent needs a parent, and an objection is outweighed by recorded grounds alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, update

from consent.controller import published_controller
from consent.decide import decide
from consent.determinations import Age, Circumstances, Determination, DeterminationKind, births_of
from consent.eligibility import EligibilityQuestion, refusals
from consent.loading import published_policies
from consent.model import Actor, ConsentEvent, ConsentState, LegalBasis, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier
from stores.schema import profiles, redirects
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, NOW, decide_consent, field

AUTHORISED, GROUNDS = DeterminationKind.PARENTAL_AUTHORISATION, DeterminationKind.COMPELLING_GROUNDS
OFFICER = (Role.PRIVACY_OFFICER, "privacy_rights")
POLICIES, PURPOSES = published_policies(), published_purposes()
EMAIL = Identifier("email", ANA_EMAIL)
PART = frozenset({EMAIL, Identifier("phone", "+33612345678"), Identifier("record", "crm:42")})


def born(engine: Engine, day: str, *others: tuple[str, str], rule: str = "most_trusted") -> None:
    """Gives Ana's profile a day of birth, and what other records say."""
    one = field("birth_date", day, "identity") | {"rule": rule}
    one["losing"] = [
        {"value": said, "record_id": record, "channel": "web", "observed_at": None} for said, record in others
    ]
    with engine.begin() as connection:
        found = connection.execute(profiles.select().where(profiles.c.profile_id == ANA)).one()
        fields = [of for of in found.document["fields"] if of["field"] != "birth_date"]
        document = {**found.document, "fields": [*fields, one]}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=document))


def read(client: TestClient, headers: Headers, purpose: str, role: Role = Role.ADVISOR) -> dict[str, Any]:
    return dict(client.get(f"/v1/profiles/{ANA}", headers=headers(role, purpose)).json())


def determine(client: TestClient, headers: Headers, kind: str, purpose: str, reason: str = "because") -> Any:
    form = {"kind": kind, "purpose": purpose, "reason": reason}
    return client.post(f"/v1/profiles/{ANA}/determinations", json=form, headers=headers(*OFFICER))


def kind_of(answer: Any) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


CONSENTED = [one.id for one in PURPOSES.values() if one.legal_basis is LegalBasis.CONSENT]


@pytest.mark.parametrize("purpose", CONSENTED)
@pytest.mark.parametrize("born_on", [date(2009, 5, 2), date(2024, 4, 30)])
def test_a_childs_yes_permits_nothing_without_a_parent(purpose: str, born_on: date) -> None:
    of = PURPOSES[purpose]
    yes = ConsentEvent("c", EMAIL, purpose, ConsentState.GIVEN, NOW - timedelta(days=1), of.notice_version)
    actor = Actor("a", next(iter(of.roles)))
    child = Circumstances({"crm:42": born_on}, (), published_controller().consent_age)

    def decided(circumstances: Circumstances) -> Any:
        return decide(POLICIES, [yes], actor, of, Category, NOW, parts=[PART], circumstances=circumstances)

    alone = decided(child)
    assert (alone.allowed, alone.policy) == (frozenset(), "parental-authorisation-missing")
    for record, about, at in (
        ("web:7", purpose, NOW),
        ("crm:42", "advice", NOW),
        ("crm:42", purpose, NOW + timedelta(days=1)),
    ):
        other = (Determination(AUTHORISED, record, about, at), Determination(GROUNDS, "crm:42", purpose, NOW))
        assert not decided(replace(child, determined=other)).allowed, "another record, purpose or day, or other grounds"
    authorised = (Determination(AUTHORISED, "crm:42", purpose, NOW),)
    usual = decided(Circumstances())
    assert decided(replace(child, determined=authorised)).allowed == usual.allowed


@pytest.mark.parametrize(
    ("said", "now", "expected"),
    [
        ("2009-05-01", datetime(2024, 5, 1, tzinfo=UTC), Age.OF_AGE),
        ("2009-05-02", datetime(2024, 5, 1, tzinfo=UTC), Age.CHILD),
        ("2008-02-29", datetime(2023, 2, 28, tzinfo=UTC), Age.CHILD),
        ("2008-02-29", datetime(2023, 3, 1, tzinfo=UTC), Age.OF_AGE),
        ("2009", datetime(2024, 12, 30, tzinfo=UTC), Age.CHILD),
        ("2009-02", datetime(2024, 2, 27, tzinfo=UTC), Age.CHILD),
        ("2009-13-45", datetime(2024, 5, 1, tzinfo=UTC), Age.UNKNOWN),
        ("someday", datetime(2024, 5, 1, tzinfo=UTC), Age.UNKNOWN),
    ],
)
def test_the_age_is_counted_in_the_childs_favour(said: str, now: datetime, expected: Age) -> None:
    document = {"fields": [field("birth_date", said, "identity")]}
    assert Circumstances(births_of(document), (), 15).age(now) is expected
    assert Circumstances(births_of(document), (), None).age(now) is Age.UNKNOWN


def test_the_gate_and_every_status_know_a_child(client: TestClient, headers: Headers, engine: Engine) -> None:
    decide_consent(engine, "personalisation", "granted")
    before = read(client, headers, "personalisation")
    assert before["data"]["fields"] and before["decision"]["age_unknown"] is False
    born(engine, "1984-12-01", ("2012-01-01", "web:7"))
    barred = read(client, headers, "personalisation")
    assert (barred["data"]["fields"], barred["decision"]["policy"]) == ({}, "parental-authorisation-missing")
    assert barred["consent"]["personalisation"]["permits"] is False
    status = client.get(f"/v1/profiles/{ANA}/consents", headers=headers()).json()["data"]["purposes"]
    assert status["personalisation"]["permits"] is False
    mine = headers(Role.CUSTOMER, "service", ANA)
    given_now = client.post(f"/v1/profiles/{ANA}/consents/give", json={"purpose": "analytics"}, headers=mine)
    assert (given_now.status_code, given_now.json()["permits"]) == (201, False)
    assert read(client, headers, "service")["data"]["fields"], "what rests on the contract goes on"
    with engine.connect() as connection:
        asked = EligibilityQuestion(
            Actor("a", Role.STEWARD), PURPOSES["analytics"], frozenset({Category.TRANSACTION}), (NOW,)
        )
        assert "parental" in str(refusals(connection, POLICIES, asked, [(ANA, NOW)])[ANA, NOW]), "nor in a table"
    born(engine, "1984-12-01", ("2012-01-01", "web:7"), rule="rectified")
    assert read(client, headers, "personalisation")["data"]["fields"], "the person put it right"


def test_an_unknown_age_is_stated(client: TestClient, headers: Headers, engine: Engine) -> None:
    decide_consent(engine, "personalisation", "granted")
    born(engine, "not a day")
    assert read(client, headers, "personalisation")["decision"]["age_unknown"] is True
    assert read(client, headers, "service")["decision"]["age_unknown"] is False


def test_a_parents_word_is_recorded_shown_and_ends(client: TestClient, headers: Headers, engine: Engine) -> None:
    decide_consent(engine, "personalisation", "granted")
    born(engine, "1984-12-01")
    early = determine(client, headers, "parental_authorisation", "personalisation")
    assert (early.status_code, kind_of(early)) == (409, "step-not-possible")
    born(engine, "2012-01-01")
    wrong = determine(client, headers, "parental_authorisation", "service")
    assert (wrong.status_code, kind_of(wrong)) == (422, "purpose-without-choice")
    made = determine(client, headers, "parental_authorisation", "personalisation", "Signed form, called back.")
    assert (made.status_code, made.json()["decided_by"]) == (201, "demo-privacy_officer")
    assert read(client, headers, "personalisation")["data"]["fields"]
    ended = client.post(f"/v1/determinations/{made.json()['determination_id']}/revoke", headers=headers(*OFFICER))
    assert ended.status_code == 204
    assert read(client, headers, "personalisation")["decision"]["policy"] == "parental-authorisation-missing"


def test_grounds_outweigh_an_objection_and_the_person_sees_them_and_they_end(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    missing = determine(client, headers, "compelling_grounds", "fraud_prevention")
    assert (missing.status_code, kind_of(missing)) == (409, "step-not-possible"), "nobody objected"
    decide_consent(engine, "fraud_prevention", "objected")
    assert read(client, headers, "fraud_prevention")["decision"]["policy"] == "person-objected"
    reason = "An order of March is under inquiry."
    made = determine(client, headers, "compelling_grounds", "fraud_prevention", reason)
    assert made.status_code == 201
    goes_on = read(client, headers, "fraud_prevention")
    assert goes_on["data"]["fields"] and goes_on["decision"]["policy"] == "compelling-grounds"
    assert goes_on["consent"]["fraud_prevention"]["permits"] is True
    assert read(client, headers, "advice")["decision"]["policy"] != "compelling-grounds", "for this purpose alone"
    mine = headers(Role.CUSTOMER, "privacy_rights", "p-old")
    shown = client.get(f"/v1/profiles/{ANA}/determinations", headers=mine)
    [one] = shown.json()["data"]["determinations"]
    assert (one["reason"], one["decided_by"], one["ended_at"]) == (reason, None, None)
    assert "demo-privacy_officer" not in shown.text
    other = client.get(f"/v1/profiles/{ANA}/determinations", headers=headers(Role.CUSTOMER, "privacy_rights", BEN))
    assert other.status_code == 404
    path = f"/v1/determinations/{one['determination_id']}/revoke"
    assert client.post(path, headers=mine).status_code == 403
    assert client.post(path, headers=headers(*OFFICER)).status_code == 204
    assert read(client, headers, "fraud_prevention")["decision"]["policy"] == "person-objected"
    assert client.post(path, headers=headers(*OFFICER)).status_code == 404


@pytest.mark.parametrize("purpose", [one.id for one in PURPOSES.values() if one.id != "advice"])
def test_no_ground_stands_against_marketing_nor_where_there_is_no_legitimate_interest(
    client: TestClient, headers: Headers, purpose: str
) -> None:
    if PURPOSES[purpose].legal_basis is LegalBasis.LEGITIMATE_INTEREST:
        return
    answer = determine(client, headers, "compelling_grounds", purpose)
    assert (answer.status_code, kind_of(answer)) == (422, "purpose-without-grounds")


def no(purpose: str, at: datetime, identifier: Identifier = EMAIL) -> ConsentEvent:
    return ConsentEvent(f"{identifier}{at}", identifier, purpose, ConsentState.REFUSED, at, None, received_at=at)


def test_even_recorded_grounds_never_serve_direct_marketing() -> None:
    """Whoever wrote the row, and whatever the purpose rests on."""
    advice = PURPOSES["advice"]
    grounds = Circumstances({}, (Determination(GROUNDS, "crm:42", "advice", NOW),), 15)
    said, actor = [no("advice", NOW - timedelta(days=2))], Actor("a", Role.ADVISOR)

    def decided(purpose: Any) -> Any:
        return decide(POLICIES, said, actor, purpose, Category, NOW, parts=[PART], circumstances=grounds)

    assert decided(advice).policy == "compelling-grounds"
    for sold in (replace(advice, contact="email"), replace(advice, dpv="dpv:DirectMarketing")):
        assert (decided(sold).allowed, decided(sold).policy) == (frozenset(), "person-objected")


def test_a_newer_objection_is_not_answered_by_older_grounds() -> None:
    grounds = Circumstances({}, (Determination(GROUNDS, "crm:42", "advice", NOW - timedelta(days=1)),), 15)
    for at, may in ((NOW - timedelta(days=2), True), (NOW - timedelta(hours=1), False)):
        said = [no("advice", at)]
        found = decide(
            POLICIES,
            said,
            Actor("a", Role.ADVISOR),
            PURPOSES["advice"],
            Category,
            NOW,
            parts=[PART],
            circumstances=grounds,
        )
        assert bool(found.allowed) == may


@given(
    st.lists(st.sets(st.sampled_from("abc"), min_size=1), min_size=1, max_size=4),
    st.sets(st.sampled_from("abc")),
    st.sets(st.integers(0, 3)),
)
def test_a_merge_never_lends_grounds_to_a_record_that_objected(
    carried: list[set[str]], objecting: set[str], covered: set[int]
) -> None:
    parts = [
        frozenset({Identifier("record", str(at)), *(Identifier("email", name) for name in names)})
        for at, names in enumerate(carried)
    ]
    said = [no("advice", NOW - timedelta(days=1), Identifier("email", name)) for name in objecting]
    of = tuple(Determination(GROUNDS, str(at), "advice", NOW) for at in covered)
    found = decide(
        POLICIES,
        said,
        Actor("a", Role.ADVISOR),
        PURPOSES["advice"],
        Category,
        NOW,
        parts=parts,
        circumstances=Circumstances({}, of, 15),
    )
    spoken_for = {at for at, names in enumerate(carried) if names & objecting}
    assert bool(found.allowed) == (not objecting or (bool(spoken_for) and spoken_for <= covered))


def test_a_determination_follows_the_record_through_a_merge_and_back(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    decide_consent(engine, "fraud_prevention", "objected")
    assert determine(client, headers, "compelling_grounds", "fraud_prevention").status_code == 201

    def moved(to: str, away: str) -> None:
        with engine.begin() as connection:
            found = connection.execute(profiles.select().where(profiles.c.profile_id == away)).one()
            connection.execute(profiles.delete().where(profiles.c.profile_id == away))
            connection.execute(insert(profiles).values(**dict(found._mapping) | {"profile_id": to}))
            connection.execute(redirects.delete().where(redirects.c.old_id.in_([to, away])))
            connection.execute(insert(redirects).values(old_id=away, profile_id=to))

    moved("p-merged", ANA)
    there = client.get("/v1/profiles/p-merged", headers=headers(Role.ADVISOR, "fraud_prevention")).json()
    assert there["decision"]["policy"] == "compelling-grounds"
    moved(ANA, "p-merged")
    assert read(client, headers, "fraud_prevention")["decision"]["policy"] == "compelling-grounds"
