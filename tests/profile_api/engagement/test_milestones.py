"""Milestones through the API: the advisor is told first, once, and of what consent lets out."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select, update

from consent.model import Role
from contracts.categories import Category
from feature_repo.computed import computed
from profile_api.engagement.queries import interactions_of
from stores.schema import audit, identifiers, milestones_seen, profiles, restrictions, timeline
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN, CHLOE, DAN, NOW, field

FIRST_ORDER = {
    "milestone": "first_order",
    "years": None,
    "on": "2024-04-30",
    "zone": "UTC",
    "zone_of": "installation",
    "evidence": ["orders:027"],
    "seen_at": None,
}
AT = "2024-05-01T12:00:00Z"
A_DAY = timedelta(days=1)


def read(client: TestClient, headers: Headers, of: str = ANA, role: Role = Role.ADVISOR) -> Any:
    answer = client.get(f"/v1/profiles/{of}/milestones", headers=headers(role, profile_id=of))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def told(client: TestClient, headers: Headers, of: str = ANA, role: Role = Role.ADVISOR) -> list[Any]:
    return [(one["milestone"], one["years"], one["on"]) for one in read(client, headers, of, role)["milestones"]]


def see(client: TestClient, headers: Headers, milestone: str, years: int | None = None, of: str = ANA) -> Any:
    form = {"milestone": milestone} | ({"years": years} if years else {})
    return client.post(f"/v1/profiles/{of}/milestones/seen", json=form, headers=headers(profile_id=of))


def context(client: TestClient, headers: Headers, of: str = ANA, purpose: str = "service") -> Any:
    answer = client.post("/v1/bot/context", json={"profile_id": of}, headers=headers(Role.BOT, purpose))
    return answer.json()["data"]["milestones"]


def known(engine: Engine, of: str, **fields: Any) -> None:
    """Adds fields of the record that the person has: a text, or the whole field."""
    with engine.begin() as connection:
        document = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == of))
        record_id = document["records"][0]
        kept = [one for one in document["fields"] if one["field"] not in fields]
        new = [
            value if isinstance(value, dict) else field(name, value, "identity") | {"record_id": record_id}
            for name, value in fields.items()
        ]
        connection.execute(
            update(profiles).where(profiles.c.profile_id == of).values(document={**document, "fields": kept + new})
        )


def happened(engine: Engine, of: str, event_id: str, at: datetime, **document: Any) -> None:
    said = {"channel": "shop", "type": "visit", "amount": None, "properties": {}, "categories": {"type": "behaviour"}}
    row = {"event_id": event_id, "profile_id": of, "occurred_at": at, "document": said | document}
    with engine.begin() as connection:
        connection.execute(insert(timeline).values(row))


def test_the_advisor_is_told_first_and_bots_and_the_customer_once_it_was_seen(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    assert read(client, headers) == {"milestones": [FIRST_ORDER], "unknown": []}
    for role in (Role.BOT, Role.CUSTOMER):
        assert read(client, headers, role=role) == {"milestones": [], "unknown": []}
    assert context(client, headers) == {"milestones": [], "unknown": []}

    seen = see(client, headers, "first_order")
    assert (seen.status_code, seen.json()) == (201, FIRST_ORDER | {"seen_at": AT})
    for role in (Role.ADVISOR, Role.BOT, Role.CUSTOMER):
        assert read(client, headers, role=role)["milestones"] == [FIRST_ORDER | {"seen_at": AT}]
    assert context(client, headers)["milestones"] == [FIRST_ORDER | {"seen_at": AT}]
    assert context(client, headers, purpose="advice") is None

    assert see(client, headers, "first_order").json() == seen.json()
    with engine.connect() as connection:
        (mark,) = connection.execute(select(milestones_seen)).all()
        acts = connection.execute(select(audit).where(audit.c.action == "milestone-see")).all()
    assert (mark.event_id, mark.record_id, mark.day, mark.seen_at) == ("orders:027", None, date(2024, 4, 30), NOW)
    assert {one.profile_id for one in acts} == {ANA, None} and {one.role for one in acts} == {"advisor"}


def test_bots_are_told_after_the_days_of_the_rules_though_no_advisor_has_seen_it(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    known(engine, BEN, customer_since="2019-04-24")
    known(engine, CHLOE, customer_since="2019-04-25")
    assert told(client, headers, BEN, Role.BOT) == [("anniversary", 5, "2024-04-24")]
    assert told(client, headers, CHLOE, Role.BOT) == [] != told(client, headers, CHLOE)


def test_an_anniversary_is_on_the_customers_day_and_says_in_which_zone(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    known(engine, BEN, customer_since="2019-05-02")
    assert told(client, headers, BEN) == [], "it is the first of May"
    known(engine, BEN, timezone="Pacific/Kiritimati")
    (one,) = read(client, headers, BEN)["milestones"]
    assert (one["on"], one["zone"], one["zone_of"]) == ("2024-05-02", "Pacific/Kiritimati", "customer")
    assert one["evidence"] == ["web:ben"]
    for hidden in ({"category": "sensitive"}, {"assurance": "claimed"}, {"value": "Kiritimati"}):
        known(engine, BEN, timezone=field("timezone", "Pacific/Kiritimati", "identity") | hidden)
        assert told(client, headers, BEN) == [], hidden


def test_it_is_told_once_through_a_correction_a_merge_and_an_unmerge(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    known(engine, ANA, customer_since="2019-05-01")
    known(engine, BEN, customer_since="2019-04-28")
    assert see(client, headers, "anniversary", 5).status_code == 201
    assert [one["seen_at"] for one in read(client, headers)["milestones"]] == [AT]
    known(engine, ANA, customer_since="2019-04-20")
    assert [one["seen_at"] for one in read(client, headers)["milestones"]] == [AT], "corrected"
    with engine.begin() as connection:
        before = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == ANA))
        his = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == BEN))
        (since,) = [one for one in his["fields"] if one["field"] == "customer_since"]
        fields = [one for one in before["fields"] if one["field"] != "customer_since"]
        merged = {**before, "records": [*before["records"], *his["records"]], "fields": [*fields, since]}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=merged))
    both = read(client, headers)["milestones"]
    assert [(one["on"], one["seen_at"]) for one in both] == [("2024-04-28", AT)], "merged, it was seen"
    with engine.begin() as connection:
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=before))
    assert [one["seen_at"] for one in read(client, headers, BEN)["milestones"]] == [None], "parted, he has his own"


def test_a_return_after_a_long_silence_is_told_and_what_may_not_be_known_does_not_end_one(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    happened(engine, DAN, "shop:1", NOW - 200 * A_DAY)
    assert told(client, headers, DAN) == []
    happened(engine, DAN, "shop:2", NOW - A_DAY, categories={"type": "sensitive"})
    happened(engine, DAN, "shop:3", NOW - A_DAY, type="letter_sent")
    happened(engine, DAN, "shop:4", NOW + A_DAY)
    assert told(client, headers, DAN) == []
    happened(engine, DAN, "shop:5", NOW - timedelta(hours=1))
    assert told(client, headers, DAN) == [("return", None, "2024-05-01")]
    assert read(client, headers, DAN)["milestones"][0]["evidence"] == ["shop:5", "shop:1"]


def test_orders_are_counted_where_all_of_them_may_be_known_and_as_the_features_count_them(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    sure = {"type": "transaction", "amount": "transaction", "property.order_id": "transaction"}
    order = {"type": "order", "categories": sure}
    for number in range(98):
        happened(engine, BEN, f"shop:{number:03}", NOW - 100 * A_DAY + number * A_DAY, amount=5.0, **order)
    again = {"properties": {"order_id": "o-1"}}
    happened(engine, BEN, "shop:a1", NOW - 2 * A_DAY, amount=5.0, **order, **again)
    happened(engine, BEN, "shop:a2", NOW - A_DAY, amount=6.0, **order, **again)
    happened(engine, BEN, "shop:back", NOW - A_DAY, amount=-6.0, **order)
    assert told(client, headers, BEN) == [], "99 orders, of which one is told twice, and a return of goods"
    happened(engine, BEN, "shop:last", NOW - timedelta(hours=1), **order)
    assert told(client, headers, BEN) == [("hundredth_order", None, "2024-05-01")]
    with engine.connect() as connection:
        found = interactions_of(connection, BEN, {"transaction": None, "behaviour": None}, NOW)
        rows = connection.execute(select(timeline).where(timeline.c.profile_id == BEN)).all()
    events = [{"event_id": row.event_id, "occurred_at": row.occurred_at, **row.document} for row in rows]
    features = computed({}, events, NOW)["features_value"]
    assert features["lifetime_orders"] == len({one.order for one in found if one.order}) == 100

    happened(engine, BEN, "shop:old", NOW - 6 * 366 * A_DAY, **order)
    assert read(client, headers, BEN) == {"milestones": [], "unknown": ["first_order", "hundredth_order"]}


def test_of_a_customer_from_before_orders_are_kept_nobody_knows_how_many_came_before(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    known(engine, ANA, customer_since="2019-06-01")
    assert told(client, headers) == [("first_order", None, "2024-04-30")]
    known(engine, ANA, customer_since="2012-06-01")
    assert read(client, headers) == {"milestones": [], "unknown": ["first_order", "hundredth_order"]}


def test_a_restricted_persons_milestones_are_not_told_and_not_seen(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    known(engine, CHLOE, customer_since="2019-05-01")
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="web:chloé", request_id="r_1", since=NOW))
    answer = client.get(f"/v1/profiles/{CHLOE}/milestones", headers=headers()).json()
    everything = ["anniversary", "first_order", "hundredth_order", "return"]
    assert answer["data"] == {"milestones": [], "unknown": everything}
    assert {one["category"] for one in answer["withheld"]} == set(Category)
    assert see(client, headers, "anniversary", 5, CHLOE).status_code == 404
    assert context(client, headers, CHLOE) == {"milestones": [], "unknown": everything}


def test_advisors_alone_see_and_other_purposes_are_not_served(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    route, form = f"/v1/profiles/{ANA}/milestones", {"milestone": "first_order"}
    for role, purpose, read_status, see_status in (
        (Role.BOT, "service", 200, 403),
        (Role.CUSTOMER, "service", 200, 403),
        (Role.STEWARD, "service", 403, 403),
        (Role.PRIVACY_OFFICER, "privacy_rights", 403, 403),
        (Role.ADVISOR, "advice", 403, 403),
        (Role.ADVISOR, None, 400, 400),
    ):
        sent = headers(role, purpose, ANA)
        assert client.get(route, headers=sent).status_code == read_status, role
        assert client.post(f"{route}/seen", json=form, headers=sent).status_code == see_status, role
    ben = headers(Role.CUSTOMER, "service", BEN)
    assert client.get(route, headers=ben).status_code == 404
    nobody = client.post("/v1/profiles/nobody/milestones/seen", json=form, headers=headers())
    assert nobody.status_code == client.get("/v1/profiles/nobody/milestones", headers=headers()).status_code == 404
    with engine.connect() as connection:
        assert connection.execute(select(milestones_seen)).all() == []
    merged = client.get("/v1/profiles/p-old/milestones", headers=headers()).json()
    assert (merged["profile_id"], merged["requested_id"]) == (ANA, "p-old")


@pytest.mark.parametrize("form", [{"milestone": "return"}, {"milestone": "anniversary", "years": 5}])
def test_what_is_not_told_is_not_seen_and_nothing_is_written(
    client: TestClient, headers: Headers, engine: Engine, form: dict[str, Any]
) -> None:
    answer = client.post(f"/v1/profiles/{ANA}/milestones/seen", json=form, headers=headers())
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "milestone-not-told")
    with engine.connect() as connection:
        assert connection.execute(select(milestones_seen)).all() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"milestone": "birthday"},
        {"milestone": "anniversary"},
        {"milestone": "anniversary", "years": "5"},
        {"milestone": "anniversary", "years": 0},
        {"milestone": "first_order", "years": 1},
        {"milestone": "return", "seen_at": AT},
    ],
)
def test_what_names_no_milestone_is_refused(client: TestClient, headers: Headers, wrong: dict[str, Any]) -> None:
    answer = client.post(f"/v1/profiles/{ANA}/milestones/seen", json=wrong, headers=headers())
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "invalid-request")


def test_the_identifiers_of_the_household_are_no_evidence(client: TestClient, headers: Headers, engine: Engine) -> None:
    known(engine, BEN, customer_since="2019-05-01")
    known(engine, CHLOE, customer_since="2019-05-01")
    assert see(client, headers, "anniversary", 5, BEN).status_code == 201
    with engine.connect() as connection:
        assert connection.scalars(select(identifiers.c.profile_id).where(identifiers.c.kind == "phone")).all()
    assert [one["seen_at"] for one in read(client, headers, CHLOE)["milestones"]] == [None]
