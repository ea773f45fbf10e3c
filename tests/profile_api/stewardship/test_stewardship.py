"""A steward's decisions through the API: in effect at once, kept by the next batch, and undone without a trace."""

import copy
from collections.abc import Collection
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from consent.model import Role
from feature_repo.catalogue import LAKE_VIEWS, VIEWS
from identity.stewarding.reassignment import is_settled
from profile_api.stewardship.queries.cluster_context import cluster_context_of
from read_model.features_due import computed_rows
from read_model.outbox.kinds import KINDS
from stores import schema
from tests.profile_api.people import NOW, decide_consent
from tests.profile_api.stewardship.conftest import Ask
from tests.profile_api.stewardship.lake import KeptFeatures, seen
from tests.read_model.outbox.test_emitting import subscribe

WHY = {"reason": "she called"}


def view(engine: Engine, kept: KeptFeatures) -> dict[str, Any]:
    """Everything but the redirects that a merged-away id leaves for ever."""
    found = seen(engine) | {"features": copy.deepcopy(kept.rows)}
    found.pop("redirects")
    return found


def compute_features(engine: Engine, kept: KeptFeatures, views: Collection[str] = tuple(VIEWS)) -> None:
    with engine.connect() as connection:
        ids = list(connection.scalars(select(schema.profiles.c.profile_id)))
        for one, rows in computed_rows(connection, ids, NOW).items():
            kept.write(one, {view: rows[view] for view in views}, NOW)


def due(engine: Engine) -> set[str]:
    """Whose features the projector is to compute after the commit."""
    with engine.connect() as connection:
        return set(connection.scalars(select(schema.features_due.c.profile_id)))


def settled(engine: Engine) -> bool:
    """Whether a batch would leave every record where it is."""
    with engine.connect() as connection:
        return is_settled(cluster_context_of(connection, set(connection.scalars(select(schema.profiles.c.profile_id)))))


def changes(answer: Any) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["profile_id"], one["other_id"]) for one in answer["changes"]]


def test_what_is_merged_and_unmerged_is_as_it_was_profile_timeline_features_and_consents(
    ask: Ask, engine: Engine, owners: dict[str, str], kept: KeptFeatures
) -> None:
    anna, zoe = owners["crm:1"], owners["crm:6"]
    for mail in ("anna.roux@mail.example", "anne@mail.example"):
        decide_consent(engine, "personalisation", "granted", mail)
    decide_consent(engine, "personalisation", "withdrawn", "zoe@post.example")
    compute_features(engine, kept)
    before = view(engine, kept)

    def consent(profile_id: str) -> Any:
        return ask("GET", f"/v1/profiles/{profile_id}", role=Role.ADVISOR, purpose="service")["consent"]

    annas, zoes = consent(anna), consent(zoe)
    assert annas["personalisation"]["permits"] and not zoes["personalisation"]["permits"]
    merged = ask("POST", "/v1/identity/overrides", {"left": "crm:6", "right": "crm:1", "kind": "same", **WHY})
    assert changes(merged) == [("merged", anna, zoe)]
    both = ask("GET", f"/v1/profiles/{zoe}", role=Role.ADVISOR, purpose="service")
    assert (both["profile_id"], both["requested_id"]) == (anna, zoe)
    assert not consent(anna)["personalisation"]["permits"], "the most restrictive of all her decisions"
    assert settled(engine) and set(kept.rows) == {anna, owners["crm:4"]}

    history = ask("GET", f"/v1/profiles/{anna}/identity")["data"]["history"]
    assert (history[0]["actor"], history[0]["reason"]) == ("demo-steward", "she called")
    unmerge = {"profile_id": zoe, "history_id": history[0]["history_id"], **WHY}
    parted = ask("POST", "/v1/identity/unmerge", unmerge)
    assert changes(parted) == [("split", zoe, anna)]
    assert view(engine, kept) == before and settled(engine)
    assert (consent(anna), consent(zoe)) == (annas, zoes)
    assert seen(engine)["redirects"] == {}

    # The pair never matches again by itself, nor by a word about other records, until the unmerge is undone.
    again = {"left": "crm:6", "right": "crm:2", "kind": "same", **WHY}
    assert "undo it first" in ask("POST", "/v1/identity/overrides", again, 409)["detail"]
    undone = ask("POST", f"/v1/identity/decisions/{parted['decision_id']}/undo", WHY)
    assert changes(undone) == [("merged", anna, zoe)]
    ask("POST", f"/v1/identity/decisions/{merged['decision_id']}/undo", WHY)
    assert view(engine, kept) == before
    ask("POST", f"/v1/identity/decisions/{merged['decision_id']}/undo", WHY, 404)
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "history_id": "h_none", **WHY}, 404)


def test_a_record_that_is_taken_out_leaves_the_rest_untouched_and_takes_its_events_along(
    ask: Ask, engine: Engine, owners: dict[str, str], kept: KeptFeatures
) -> None:
    anna = owners["crm:1"]
    assert owners["crm:3"] == anna, "two sisters whom the evidence takes for one"
    compute_features(engine, kept)
    before, out = view(engine, kept), {"profile_id": anna, "records": ["crm:3"], **WHY}
    parted = ask("POST", "/v1/identity/unmerge", out)
    ((_, anne, _),) = changes(parted)
    after = view(engine, kept)
    assert after["people"][anna]["records"] == ["crm:1", "crm:2"] and after["people"][anne]["records"] == ["crm:3"]
    assert after["timeline"] == before["timeline"] | {"web:1": anne}
    assert {one: who for one, who in after["owners"].items() if one != "crm:3"} == {
        one: who for one, who in owners.items() if one != "crm:3"
    }
    assert settled(engine)
    with engine.connect() as connection:
        kinds = dict(connection.execute(select(schema.overrides.c.kind, func.count()).group_by("kind")).all())
        assert kinds == {"different": 2}
        assert dict(connection.execute(select(schema.live_assignments.c["record_id", "profile_id"])).all()) == {
            "crm:3": anne
        }
    ask("POST", f"/v1/identity/decisions/{parted['decision_id']}/undo", WHY)
    assert view(engine, kept) == before
    assert seen(engine)["redirects"] == {anne: anna}, "for ever"
    everyone = {"profile_id": anna, "records": ["crm:1", "crm:2", "crm:3"], **WHY}
    ask("POST", "/v1/identity/unmerge", everyone, 409)
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:4"], **WHY}, 404)


def test_features_follow_a_decision_where_they_are_kept_at_once_or_when_the_store_is_back(
    ask: Ask, engine: Engine, owners: dict[str, str], kept: KeptFeatures
) -> None:
    anna, zoe, form = owners["crm:1"], owners["crm:6"], {"left": "crm:6", "right": "crm:1", "kind": "same", **WHY}
    compute_features(engine, kept, LAKE_VIEWS)
    before = view(engine, kept)
    with engine.begin() as connection:
        subscribe(connection, "all", *KINDS)
    merged = ask("POST", "/v1/identity/overrides", form)
    assert set(kept.rows[anna]) == set(LAKE_VIEWS), "nothing of the moment where there was none"
    assert due(engine) == set()
    undo = f"/v1/identity/decisions/{merged['decision_id']}/undo"
    ask("POST", undo, WHY)
    assert view(engine, kept) == before
    of = schema.webhook_outbox.c
    with engine.connect() as connection:
        rows = connection.execute(select(of.kind, of.profile_id, of.data).order_by(of.sequence)).all()
    told = [
        (kind, one, {name: said for name, said in data.items() if name != "categories"}) for kind, one, data in rows
    ]
    assert told == [
        ("profile.merged", anna, {"merged": [zoe]}),
        ("profile.updated", anna, {}),
        ("profile.unmerged", anna, {"separated": [zoe]}),
        *[("profile.updated", one, {}) for one in sorted((anna, zoe))],
    ]

    compute_features(engine, kept)
    merged = ask("POST", "/v1/identity/overrides", form)
    assert due(engine) == {anna, zoe}, "the projector may have read them before the decision"
    kept.down = True
    with engine.begin() as connection:
        connection.execute(schema.features_due.delete())
    stale = view(engine, kept)["features"]
    ask("POST", f"/v1/identity/decisions/{merged['decision_id']}/undo", WHY)
    assert view(engine, kept) == before | {"features": stale} and due(engine) == {anna, zoe}


def test_a_word_that_two_records_are_two_people_parts_them_and_revoking_it_leaves_it_to_the_evidence(
    ask: Ask, engine: Engine, owners: dict[str, str], kept: KeptFeatures
) -> None:
    compute_features(engine, kept)
    before = view(engine, kept)
    said = ask("POST", "/v1/identity/overrides", {"left": "crm:5", "right": "crm:4", "kind": "different", **WHY})
    assert len(said["changes"]) == 1 and (said["joined"], said["barred"]) == (0, 1)
    (standing,) = ask("GET", "/v1/identity/overrides")["overrides"]
    assert (standing["kind"], standing["decided_by"], standing["left"]["record_id"]) == (
        "different",
        "demo-steward",
        "crm:4",
    )
    ask("POST", f"/v1/identity/overrides/{standing['override_id']}/revoke", WHY)
    assert view(engine, kept) == before
    assert ask("GET", "/v1/identity/overrides")["overrides"] == []
    ask("POST", f"/v1/identity/overrides/{standing['override_id']}/revoke", WHY, 404)


def test_a_pair_waits_until_somebody_decides(ask: Ask, engine: Engine, owners: dict[str, str]) -> None:
    with engine.begin() as connection:
        for left, right in (("crm:1", "crm:4"), ("crm:3", "crm:6"), ("crm:1", "crm:2")):
            vector = connection.execute(select(schema.edges.c.evidence).limit(1)).scalar_one()
            row = {"left_id": left, "right_id": right, "weight": -1.0, "reason": "near the threshold"}
            connection.execute(schema.reviews.insert().values(evidence=vector, **row))
    page = ask("GET", "/v1/identity/reviews?limit=1")
    assert [one["left"]["record_id"] for one in page["reviews"]] == ["crm:1"]
    assert page["reviews"][0]["evidence"]["fields"], "in words and numbers"
    rest = ask("GET", f"/v1/identity/reviews?limit=1&cursor={page['next_cursor']}")
    assert [one["left"]["record_id"] for one in rest["reviews"]] == ["crm:3"] and rest["next_cursor"] is None
    waiting = page["reviews"][0]
    names = {"left": waiting["right"]["record"], "right": waiting["left"]["record"]}
    ask("POST", "/v1/identity/reviews/decide", {**names, "decision": "different", **WHY})
    assert len(ask("GET", "/v1/identity/reviews")["reviews"]) == 1
    ask("POST", "/v1/identity/reviews/decide", {"left": "crm:1", "right": "crm:6", "decision": "same", **WHY}, 404)
    ask("GET", "/v1/identity/reviews?cursor=x", status=400)


def test_stewards_alone_decide_and_every_decision_and_whom_it_was_about_is_in_the_audit(
    ask: Ask, engine: Engine, owners: dict[str, str]
) -> None:
    form = {"left": "crm:6", "right": "crm:1", "kind": "same", **WHY}
    before = seen(engine)
    assert "steward" in ask("POST", "/v1/identity/overrides", form, 403, Role.PRIVACY_OFFICER)["detail"]
    ask("POST", "/v1/identity/overrides", form, 403, Role.ADVISOR)
    ask("POST", "/v1/identity/overrides", form, 403, purpose="fraud_prevention")
    ask("POST", "/v1/identity/overrides", {**form, "left": "crm:404"}, 404)
    ask("POST", "/v1/identity/overrides", {**form, "left": "crm:1"}, 422)
    assert seen(engine) == before
    ask("POST", "/v1/identity/overrides", form)
    of = schema.audit.c
    with engine.connect() as connection:
        rows = connection.execute(select(of.action, of.profile_id, of.outcome).where(of.outcome == "answered")).all()
    assert set(rows) == {("identity-override", one, "answered") for one in (owners["crm:6"], owners["crm:1"], None)}


@pytest.mark.parametrize("state", ["withdrawn", "restricted"])
def test_whoever_objected_or_is_restricted_is_nobody_a_steward_can_name(
    ask: Ask, engine: Engine, owners: dict[str, str], state: str
) -> None:
    if state == "withdrawn":
        decide_consent(engine, "identity_resolution", "withdrawn", "zoe@post.example")
    else:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "alter table restrictions drop constraint if exists restrictions_request_id_fkey"
            )
            row = {"record_id": "crm:6", "request_id": "r", "since": NOW}
            connection.execute(schema.restrictions.insert().values(row))
    unknown = ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:404"}, 404)
    assert ask("POST", "/v1/identity/compare", {"left": "crm:1", "right": "crm:6"}, 404) == unknown
