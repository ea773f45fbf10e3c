from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, text

from consent.tombstones.digests import bury, tombstones_of
from consent.tombstones.left_out import left_out_since
from contracts.identifiers import Identifier
from contracts.live_keys import visitor_key
from identity.clustering.stable_ids import new_id
from read_model.live.projection import project, waiting
from stores.schema import (
    consent_events,
    features_due,
    identity_history,
    inbox,
    live_assignments,
    overrides,
    profiles,
    timeline,
)
from tests.read_model.live.collecting import (
    SHOP,
    SOURCES,
    accept,
    batch_record,
    events_of,
    owner,
    project_all,
    redirect,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def identify(user: str, **said: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user} | said


def visitor(anonymous_id: str) -> str:
    return f"app:{visitor_key(anonymous_id)}"


def document(engine: Engine, profile_id: str) -> dict[str, Any]:
    with engine.connect() as connection:
        found: dict[str, Any] = connection.scalar(
            select(profiles.c.document).where(profiles.c.profile_id == profile_id)
        )
        return found


def test_a_first_seen_person_has_a_profile_of_the_id_that_the_batch_would_give(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "u1"}, {"userId": "u1", "event": "Order Completed", "properties": {"total": 5}})
    assert project_all(engine, NOW) == 2
    profile = owner(engine, "app:u1")
    assert profile == new_id("app:u1", ())
    assert events_of(engine, profile) == ["cart_viewed", "order"]
    assert document(engine, profile)["records"] == ["app:u1"]
    with engine.connect() as connection:
        assert connection.scalar(select(live_assignments.c.profile_id)) == profile
        assert connection.scalar(select(identity_history.c.kind)) == "created"
        assert set(connection.scalars(select(features_due.c.profile_id))) == {profile}
        assert list(connection.scalars(select(inbox.c.sequence).order_by(inbox.c.inbox_id))) == [1, 2]


def test_a_message_is_applied_once_and_each_application_is_a_new_version(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "u1", "messageId": "once"})
    project_all(engine, NOW)
    assert accept(engine, NOW, {"userId": "u1", "messageId": "once"}, {"userId": "u1"}) == 1
    assert project_all(engine, NOW) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(timeline)) == 2
        assert connection.scalar(select(profiles.c.version)) == 2


def test_what_dies_halfway_is_done_again_from_the_start(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "u1"}, identify("u1", traits={"email": "ana@inbox.example"}))
    connection = engine.connect()
    transaction = connection.begin()
    project(connection, waiting(connection, 10), SOURCES, NOW)
    transaction.rollback()
    connection.close()
    with engine.connect() as looking:
        assert looking.scalar(select(func.count()).select_from(timeline)) == 0
    assert project_all(engine, NOW) == 2


def test_a_known_strong_identifier_finds_its_profile(engine: Engine) -> None:
    batch_record(engine, "crm:1", "p-ana", email="ana@inbox.example", given="Ana", born="1984-12-01")
    accept(engine, NOW, identify("u1", traits={"email": "ANA@inbox.example", "firstName": "Ana"}), {"userId": "u1"})
    project_all(engine, NOW)
    assert owner(engine, "app:u1") == "p-ana"
    assert sorted(events_of(engine, "p-ana")) == ["cart_viewed", "identify"]
    assert {"kind": "user_id", "value": "u1", "category": "identity"} in document(engine, "p-ana")["identifiers"]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"email": "info@inbox.example"}, {"email": "info@inbox.example"}),
        ({"phone": "+33123456789"}, {"phone": "01 23 45 67 89"}),
        ({"email": "a@inbox.example", "given": "Ana"}, {"email": "a@inbox.example", "firstName": "Ben"}),
        (
            {"email": "a@inbox.example", "given": "Ana", "born": "1984-12-01"},
            {"email": "a@inbox.example", "firstName": "Ana", "birthday": "1990-01-01"},
        ),
    ],
    ids=["role mailbox", "placeholder phone", "another given name", "another birth date"],
)
def test_what_the_batch_would_not_join_is_not_joined_live(
    engine: Engine, known: dict[str, str], said: dict[str, str]
) -> None:
    batch_record(engine, "crm:1", "p-ana", **known)
    accept(engine, NOW, identify("u1", traits=said))
    project_all(engine, NOW)
    assert owner(engine, "app:u1") != "p-ana"


def test_a_value_that_more_people_share_than_its_cap_joins_nobody(engine: Engine) -> None:
    for number, given in enumerate(("Ana", "Ben", "Chloé")):
        batch_record(engine, f"crm:{number}", f"p-{number}", email="family@inbox.example", given=given)
    accept(engine, NOW, identify("u1", traits={"email": "family@inbox.example", "firstName": "Dan"}))
    accept(engine, NOW, identify("u2", traits={"email": "family@inbox.example", "firstName": "Ana"}))
    project_all(engine, NOW)
    assert not {"p-0", "p-1", "p-2"} & {owner(engine, "app:u1"), owner(engine, "app:u2")}


def test_a_visitor_who_signs_in_is_one_person_and_the_old_id_leads_there(engine: Engine) -> None:
    batch_record(engine, "crm:1", "p-ana", email="ana@inbox.example", given="Ana")
    accept(engine, NOW, {"anonymousId": "a1"}, {"anonymousId": "a1", "event": "Search"})
    project_all(engine, NOW)
    provisional = owner(engine, visitor("a1"))
    accept(engine, NOW, identify("u1", anonymousId="a1", traits={"email": "ana@inbox.example", "firstName": "Ana"}))
    project_all(engine, NOW)
    assert owner(engine, visitor("a1")) == owner(engine, "app:u1") == "p-ana"
    assert redirect(engine, provisional) == "p-ana"
    assert document(engine, provisional) is None
    assert sorted(events_of(engine, "p-ana")) == ["cart_viewed", "identify", "search"]
    accept(engine, NOW, {"anonymousId": "a1", "event": "Signed Out"})
    project_all(engine, NOW)
    assert "signed_out" in events_of(engine, "p-ana")


@pytest.mark.parametrize("at_once", [1, 200])
def test_two_logins_on_one_device_stay_two_people(engine: Engine, at_once: int) -> None:
    accept(
        engine,
        NOW,
        {"anonymousId": "a1"},
        identify("u1", anonymousId="a1"),
        identify("u2", anonymousId="a1"),
        {"userId": "u2", "anonymousId": "a1"},
        {"type": "alias", "userId": "u2", "previousId": "u1"},
    )
    project_all(engine, NOW, many=at_once)
    first, second = owner(engine, "app:u1"), owner(engine, "app:u2")
    assert first != second
    assert owner(engine, visitor("a1")) == first
    assert sorted(events_of(engine, second)) == ["alias", "cart_viewed", "identify"]


def test_two_logins_with_one_address_stay_two_people(engine: Engine) -> None:
    accept(engine, NOW, identify("u1", traits={"email": "a@inbox.example"}))
    accept(engine, NOW, identify("u2", traits={"email": "a@inbox.example"}))
    accept(engine, NOW, identify("s1", traits={"email": "a@inbox.example"}), source=SHOP)
    project_all(engine, NOW)
    assert len({owner(engine, one) for one in ("app:u1", "app:u2", "shop:s1")}) == 3


def test_two_profiles_of_the_batch_never_join_live(engine: Engine) -> None:
    batch_record(engine, "crm:1", "p-1", email="ana@inbox.example", given="Ana")
    batch_record(engine, "crm:2", "p-2", phone="+33611223344", given="Ana")
    accept(engine, NOW, identify("u1", traits={"email": "ana@inbox.example", "phone": "0611223344"}))
    project_all(engine, NOW)
    assert owner(engine, "app:u1") == "p-1"
    assert owner(engine, "crm:2") == "p-2"


def test_a_persons_word_that_two_records_are_different_people_holds_live(engine: Engine) -> None:
    batch_record(engine, "crm:1", "p-1", email="ana@inbox.example")
    said = {"left_id": "app:u1", "right_id": "crm:1", "kind": "different", "decided_by": "s", "reason": "called"}
    with engine.begin() as connection:
        connection.execute(insert(overrides).values(decision_id="d-1", decided_at=NOW, **said))
    accept(engine, NOW, identify("u1", traits={"email": "ana@inbox.example"}))
    project_all(engine, NOW)
    assert owner(engine, "app:u1") != "p-1"


def test_a_bot_that_knows_a_phone_alone_finds_the_caller(engine: Engine) -> None:
    batch_record(engine, "crm:1", "p-1", phone="+33611223344")
    known = {"externalIds": [{"type": "phone", "id": "06 11 22 33 44"}]}
    accept(engine, NOW, {"anonymousId": "conversation-7", "event": "Message", "context": known})
    project_all(engine, NOW)
    assert events_of(engine, "p-1") == ["message"]


def test_late_events_take_their_place_and_late_traits_change_nothing(engine: Engine) -> None:
    new, old = str(NOW - timedelta(hours=1)), str(NOW - timedelta(days=3))
    accept(engine, NOW, identify("u1", traits={"firstName": "Ana"}, timestamp=new))
    accept(engine, NOW, identify("u1", traits={"firstName": "Anna"}, timestamp=old))
    accept(engine, NOW, {"userId": "u1", "event": "Earlier", "timestamp": old})
    project_all(engine, NOW)
    profile = owner(engine, "app:u1")
    assert events_of(engine, profile)[-1] == "identify" and events_of(engine, profile)[0] in ("earlier", "identify")
    assert [one["value"] for one in document(engine, profile)["fields"] if one["field"] == "given_name"] == ["Ana"]


def test_a_source_that_is_gone_holds_up_nobody_and_its_message_is_kept(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "u1"}, {"userId": "u2"})
    with engine.begin() as connection:
        connection.execute(text("UPDATE inbox SET source = 'gone' WHERE record_id = 'app:u1'"))
    assert project_all(engine, NOW) == 1
    with engine.connect() as connection:
        problem = connection.scalar(select(inbox.c.problem).where(inbox.c.source == "gone"))
        assert problem is not None and problem.startswith("source: expected")


def decided(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        event = consent_events.c
        rows = connection.execute(select(event.identifier, event.purpose, event.state).order_by(event.sequence))
        return [(row.identifier, row.purpose, row.state) for row in rows]


def prefers(user: str | None, minute: int, **preferences: bool) -> dict[str, Any]:
    who = {"userId": user, "anonymousId": "a1"} if user else {"anonymousId": "a1"}
    at = str(NOW - timedelta(hours=1) + timedelta(minutes=minute))
    return who | {"context": {"consent": {"categoryPreferences": preferences}}, "timestamp": at}


def test_a_banners_preferences_are_decisions_where_they_are_news_and_bind_who_made_them(engine: Engine) -> None:
    accept(
        engine,
        NOW,
        prefers("u1", 1, marketing_email=True, ads=False, odd=True, resale=True),
        prefers("u1", 2, marketing_email=True),
        prefers("u1", 9, marketing_email=False),
        prefers("u1", 5, marketing_email=True),
        prefers(None, 3, analytics=True),
    )
    project_all(engine, NOW)
    assert decided(engine) == [
        ("u1", "personalisation", "ConsentRefused"),
        ("u1", "marketing_email", "ConsentGiven"),
        ("u1", "marketing_email", "ConsentRefused"),
        ("a1", "analytics", "ConsentGiven"),
    ]
    accept(engine, NOW, prefers("u1", 20, marketing_email=False))
    project_all(engine, NOW)
    assert len(decided(engine)) == 4


def test_global_privacy_control_objects_once_for_who_sent_it(engine: Engine) -> None:
    accept(engine, NOW, {"userId": "u1", "anonymousId": "a1"}, {"userId": "u1"}, {"userId": "u2"}, gpc=True)
    project_all(engine, NOW)
    objected = decided(engine)
    assert {who for who, _, _ in objected} == {"u1", "u2"}
    assert {state for _, _, state in objected} == {"ConsentRefused"}
    accept(engine, NOW, {"userId": "u1"}, gpc=True)
    project_all(engine, NOW)
    assert decided(engine) == objected != []


def test_nothing_of_an_erased_person_is_kept(engine: Engine) -> None:
    email = Identifier("email", "gone@inbox.example")
    with engine.begin() as connection:
        bury(connection, tombstones_of(b"key", [email], ["app:u9"]), "e1", NOW)
    accept(
        engine,
        NOW,
        {"userId": "u9", "properties": {"path": "/secret"}},
        identify("u1", traits={"email": email.value}),
        {"userId": "u2"},
    )
    assert project_all(engine, NOW, key=b"key") == 1
    with engine.connect() as connection:
        assert list(connection.scalars(select(timeline.c.record_id))) == ["app:u2"]
        assert list(connection.scalars(select(inbox.c.record_id))) == ["app:u2"]
        assert left_out_since(connection, NOW.date()) == [("app", NOW.date(), 2)]
    assert accept(engine, NOW, {"userId": "u9"}, {"userId": "u3"}, key=b"key") == 2, "nobody learns who was erased"
    with engine.connect() as connection:
        assert list(connection.scalars(select(inbox.c.record_id).order_by("record_id"))) == ["app:u2", "app:u3"]
        assert left_out_since(connection, NOW.date()) == [("app", NOW.date(), 3)]
