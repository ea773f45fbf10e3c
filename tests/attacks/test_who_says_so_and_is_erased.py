"""Who says so: claims of somebody who is erased go, and erasing a claimant takes nothing of whom he named."""

from consent.erasure.claimants import add_claimants
from consent.erasure.subject import Subject
from contracts.sources import DEMO_SOURCE
from tests.attacks.claims import EXTERNAL, VICTIM
from tests.attacks.site import ANNA, ZOE, Site


def erased_with(site: Site, *records: str) -> Subject:
    """Whom the erasure of these records' people is about, claimants too."""
    subject = Subject(people=1, records=set(records), profiles={str(site.owner(one)) for one in records})
    with site.engine.begin() as connection:
        add_claimants(connection, subject)
    return subject


def test_visitors_who_claim_to_be_the_erased_person_go_along_and_nobody_else_does(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"email": ZOE["email"].upper()}})
    site.send({"type": "identify", "userId": ZOE["customer_number"], "traits": {"email": ZOE["email"]}})
    site.send({"type": "identify", "anonymousId": "b-8", "traits": {"email": "bea@post.example"}})
    site.send({"type": "identify", "anonymousId": "b-9", "traits": {"phone": ANNA["phone"]}})
    site.send(site.signed("mallory", traits={"email": ZOE["email"]}))
    found = erased_with(site, "crm:6")
    claimants = {row["record_id"]: row for row in site.everything()["records"].values()}
    gone = {claimants[one]["profile_id"] for one in found.records}
    assert len(found.records) == 3 and found.profiles == gone
    assert all(
        one == "crm:6" or one.startswith((f"{DEMO_SOURCE}:visitor-", f"{DEMO_SOURCE}:claimant-"))
        for one in found.records
    )
    assert not any("bea@" in str(claimants[one]["document"]) for one in found.records)


def test_a_number_that_others_hold_as_well_takes_no_visitor_along(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"phone": ANNA["phone"]}})
    assert erased_with(site, "crm:3").records == {"crm:3"}, "the household's"


def test_erasing_a_claimant_is_about_nobody_whom_he_named(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": VICTIM, "context": {"externalIds": EXTERNAL}})
    (record,) = [row["record_id"] for row in site.everything()["records"].values() if "visitor-" in row["record_id"]]
    found = erased_with(site, record)
    assert found.records == {record} and found.profiles == {site.owner(record)}
    document = next(row["document"] for row in site.everything()["records"].values() if row["record_id"] == record)
    assert [one["kind"] for one in document["identifiers"]] == ["visitor_id"], "what is buried: his browser alone"
