"""Who says so: claims of somebody who is erased go and their browsers stay; erasing a claimant is about him alone."""

from contracts.sources import DEMO_SOURCE
from erasure.operational import live
from erasure.operational import rows as operational
from erasure.operational.bystanders import Naming, add_bystanders
from erasure.people.personal_values import PersonalValues
from erasure.people.subject import Subject
from tests.attacks.claims import EXTERNAL, VICTIM
from tests.attacks.site import ANNA, ZOE, Site
from tests.profile_api.people import NOW


def erased_with(site: Site, *records: str) -> Subject:
    """Whom the erasure of these records' people is about, and who named them."""
    subject = Subject(people=1, records=set(records), profiles={str(site.owner(one)) for one in records})
    channels, said = site.sources.channels(), PersonalValues()
    with site.engine.begin() as connection:
        live.complete(connection, subject, said, channels, NOW)
        subject.identifiers -= operational.complete(connection, subject, said.identifiers)
        add_bystanders(connection, subject, Naming(subject, channels))
    return subject


def test_browsers_that_named_the_erased_person_stay_and_what_they_said_of_the_person_goes(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"email": ZOE["email"].upper()}})
    site.send({"type": "identify", "userId": ZOE["customer_number"], "traits": {"email": ZOE["email"]}})
    site.send({"type": "identify", "anonymousId": "b-8", "traits": {"email": "bea@post.example"}})
    site.send({"type": "identify", "anonymousId": "b-9", "traits": {"phone": ANNA["phone"]}})
    site.send(site.signed("mallory", traits={"email": ZOE["email"]}))
    found = erased_with(site, "crm:6")
    assert found.records == {"crm:6"} and found.profiles == {site.owner("crm:6")}
    bystanders = {row["record_id"]: row for row in site.everything()["records"].values()}
    assert len(found.bystanders) == len(found.events) == 2
    assert all(one.startswith((f"{DEMO_SOURCE}:visitor-", f"{DEMO_SOURCE}:claimant-")) for one in found.bystanders)
    assert all("zoe@" in str(bystanders[one]["document"]) for one in found.bystanders)


def test_a_number_that_others_hold_as_well_takes_no_visitor_along(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"phone": ANNA["phone"]}})
    found = erased_with(site, "crm:3")
    assert (found.records, found.bystanders, found.events) == ({"crm:3"}, set(), set()), "the household's"


def test_erasing_a_claimant_is_about_nobody_whom_he_named(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": VICTIM, "context": {"externalIds": EXTERNAL}})
    (record,) = [row["record_id"] for row in site.everything()["records"].values() if "visitor-" in row["record_id"]]
    found = erased_with(site, record)
    assert found.records == {record} and found.profiles == {site.owner(record)} and not found.bystanders
    document = next(row["document"] for row in site.everything()["records"].values() if row["record_id"] == record)
    assert [one["kind"] for one in document["identifiers"]] == ["visitor_id"], "what is buried: his browser alone"
