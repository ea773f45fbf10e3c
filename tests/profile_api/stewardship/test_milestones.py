"""A milestone is told once of one person, whoever a steward says that the person is."""

from typing import Any

from sqlalchemy import Engine, select, update

from consent.model import Role
from read_model.rebuild import rebuild
from stores.schema import milestones_seen, records
from tests.profile_api.people import NOW
from tests.profile_api.stewardship.conftest import Ask

WHY = {"reason": "she called"}
FIVE = {"milestone": "anniversary", "years": 5}
AT = "2024-05-01T12:00:00Z"


def since(engine: Engine, days: dict[str, str], owners: dict[str, str], zone: str | None = None) -> None:
    """Lets records say since when their people are customers, and in which zone they are."""
    with engine.begin() as connection:
        for record_id, day in days.items():
            of = records.c.record_id == record_id
            document = connection.scalar(select(records.c.document).where(of))
            labels = document["categories"] | {"customer_since": "identity", "attribute.timezone": "contact"}
            said = {**document, "customer_since": day, "categories": labels}
            said |= {"attributes": {"timezone": zone}} if zone else {}
            connection.execute(update(records).where(of).values(document=said))
        rebuild(connection, {owners[one] for one in days}, NOW)


def told(ask: Ask, profile_id: str) -> list[Any]:
    answer = ask("GET", f"/v1/profiles/{profile_id}/milestones", role=Role.ADVISOR, purpose="service")
    found = answer["data"]["milestones"]
    return [(one["on"], one["evidence"], one["seen_at"]) for one in found if one["milestone"] == "anniversary"]


def see(ask: Ask, profile_id: str) -> None:
    ask("POST", f"/v1/profiles/{profile_id}/milestones/seen", FIVE, 201, role=Role.ADVISOR, purpose="service")


def test_what_either_was_told_of_is_seen_of_both_and_parted_each_has_their_own(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    anna, zoe = owners["crm:1"], owners["crm:6"]
    since(engine, {"crm:1": "2019-05-01", "crm:2": "2019-05-01", "crm:6": "2019-04-29"}, owners)
    see(ask, anna)
    annas, zoes = ("2024-05-01", ["crm:1"]), ("2024-04-29", ["crm:6"])
    assert (told(ask, anna), told(ask, zoe)) == ([(*annas, AT)], [(*zoes, None)])

    ask("POST", "/v1/identity/overrides", {"left": "crm:6", "right": "crm:1", "kind": "same", **WHY})
    assert told(ask, anna) == told(ask, zoe) == [(*zoes, AT)], "the earlier day, and it was seen"
    see(ask, zoe)

    history = ask("GET", f"/v1/profiles/{anna}/identity")["data"]["history"]
    unmerge = {"profile_id": zoe, "history_id": history[0]["history_id"], **WHY}
    parted = ask("POST", "/v1/identity/unmerge", unmerge)
    assert (told(ask, anna), told(ask, zoe)) == ([(*annas, AT)], [(*zoes, None)])
    see(ask, zoe)
    assert told(ask, zoe) == [(*zoes, AT)]

    out = ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:2"], **WHY})
    ((_, other, _),) = [(one["kind"], one["profile_id"], one["other_id"]) for one in out["changes"]]
    assert (told(ask, anna), told(ask, other)) == ([(*annas, AT)], [("2024-05-01", ["crm:2"], None)])

    ask("POST", f"/v1/identity/decisions/{out['decision_id']}/undo", WHY)
    ask("POST", f"/v1/identity/decisions/{parted['decision_id']}/undo", WHY)
    assert told(ask, anna) == [(*zoes, AT)]
    with engine.connect() as connection:
        assert sorted(connection.scalars(select(milestones_seen.c.record_id))) == ["crm:1", "crm:6"]


def test_the_zone_that_a_record_says_is_that_of_its_persons_days(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    zoe = owners["crm:6"]
    since(engine, {"crm:6": "2019-05-02"}, owners)
    assert told(ask, zoe) == []
    since(engine, {"crm:6": "2019-05-02"}, owners, "Pacific/Kiritimati")
    assert told(ask, zoe) == [("2024-05-02", ["crm:6"], None)]
