"""Three people who know of each other what people know, and try everything; the model is who proved what."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection, text

from consent.model import Role
from consent.tombstones.digests import bury
from contracts.identifiers import Identifier
from contracts.settings import Settings
from contracts.sources import with_live
from erasure.lake.rows import without_names
from erasure.operational import live, owners
from erasure.operational import rows as operational
from erasure.operational.bystanders import Naming, add_bystanders
from erasure.people.personal_values import PersonalValues
from erasure.people.refused import Theirs
from erasure.people.subject import Subject
from read_model.features_due import write_due
from read_model.rebuild import rebuild
from read_model.side_effects import tell_rebuilt
from stores import schema
from stores.embedded import Stores
from tests.attacks.browsers import SAID, STRANGERS, Browsers
from tests.attacks.company import Company
from tests.attacks.humans import CROWD, Human
from tests.attacks.quick_lake import CRM
from tests.read_model.live.collecting import SOURCES, signed

CHANNELS = with_live({"crm": CRM}, SOURCES)


OF_RECORD = {record: human for human in CROWD for record in human.records}
WHO = st.sampled_from(CROWD)
PURPOSE = "analytics"
ROUTES = [("", "service"), ("/timeline", "service"), ("/features", "service"), ("/consents", "privacy_rights")]


class Crowd(RuleBasedStateMachine):
    """Servers, files and officers tell the truth; browsers say what they like."""

    def __init__(self, stores: Stores, config: Settings) -> None:
        super().__init__()
        self.company = Company(stores, config)
        self.permits: dict[str, bool] = {}
        self.gone: set[str] = set()
        self.browsers = Browsers()

    def teardown(self) -> None:
        try:
            self.everybody_tries_to_read()
        finally:
            self.company.close()

    # What is true.

    @rule(who=WHO)
    def a_file_tells_of(self, who: Human) -> None:
        if who.key not in self.gone:
            said = {"id": who.key, "given": who.given, "family": who.family, "born": who.born, "mail": who.mail}
            self.company.file(**said, phone=who.phone, street=who.street)

    @rule(who=WHO, device=st.booleans())
    def the_server_tells_of(self, who: Human, device: bool) -> None:
        traits = who.known | {"birthday": who.born, "address": {"street": who.street}}
        said: dict[str, Any] = {"type": "identify", "userId": who.user, "traits": traits}
        self.company.live(said | ({"anonymousId": who.device} if device else {}))
        if device:
            self.browsers.prove(who.device, who)

    @rule(who=WHO)
    def the_server_tells_of_an_order(self, who: Human) -> None:
        self.company.live({"userId": who.user, "event": "Order Completed", "properties": {"plan": who.plan}})

    @rule()
    def a_batch_runs(self) -> None:
        assert self.company.batch(None) == []

    @rule(who=WHO)
    def a_steward_joins_what_is_one_persons(self, who: Human) -> None:
        left, right = who.records
        if {left, right} <= set(self.company.records()):
            self.company.decide("overrides", left=left, right=right, kind="same")

    @rule(number=st.integers(0, 9))
    def a_steward_undoes(self, number: int) -> None:
        if made := self.company.decisions:
            self.company.decide(f"decisions/{made[number % len(made)]}/undo")

    # What is only said.

    @rule(who=WHO, victim=WHO, device=WHO)
    def somebody_signs_in_and_says(self, who: Human, victim: Human, device: Human) -> None:
        claims = [{"type": "email", "id": victim.mail}, {"type": "customer_number", "id": victim.key}]
        said = signed(who.user, type="identify", traits=victim.known, context={"externalIds": claims})
        self.company.live(said | {"anonymousId": device.device}, server=False)
        self.browsers.prove(device.device, who)

    @rule(
        victim=WHO,
        device=WHO,
        call=st.sampled_from(["identify", "track", "page", "alias", "group"]),
        named=st.booleans(),
        previous=st.booleans(),
    )
    def a_browser_says(self, victim: Human, device: Human, call: str, named: bool, previous: bool) -> None:
        claims = [{"type": "phone", "id": victim.phone}, {"type": "customer_number", "id": victim.key}]
        said: dict[str, Any] = {"type": call, "traits": victim.known, "context": {"externalIds": claims}}
        said |= {"anonymousId": device.device, "groupId": "g", "previousId": victim.device if previous else victim.user}
        said |= {"messageId": self.browsers.says(device.device)}
        self.company.live(said | ({"userId": victim.user} if named else {}), server=False)

    @rule(victim=WHO, allowed=st.booleans(), gpc=st.booleans())
    def a_browser_decides_for(self, victim: Human, allowed: bool, gpc: bool) -> None:
        preferences = {"consent": {"categoryPreferences": {PURPOSE: allowed}}}
        said = {"type": "identify", "userId": victim.user, "anonymousId": STRANGERS, "traits": victim.known}
        said |= {"messageId": self.browsers.says(STRANGERS)}
        self.company.live(said | {"context": preferences}, server=False, gpc=gpc)

    # What people do themselves.

    @rule(who=WHO, allowed=st.booleans())
    def somebody_decides(self, who: Human, allowed: bool) -> None:
        if profile := self.profile(who):
            word = "give" if allowed else "refuse"
            answer = self.as_customer(who, "POST", f"/v1/profiles/{profile}/consents/{word}", json={"purpose": PURPOSE})
            assert answer.status_code == 201, answer.text
            self.permits[who.key] = allowed

    @rule(who=WHO, victim=WHO, allowed=st.booleans())
    def somebody_decides_for_another(self, who: Human, victim: Human, allowed: bool) -> None:
        if who is not victim and (profile := self.profile(victim)):
            word = "give" if allowed else "refuse"
            answer = self.as_customer(who, "POST", f"/v1/profiles/{profile}/consents/{word}", json={"purpose": PURPOSE})
            assert answer.status_code == 404, answer.text

    @rule()
    def everybody_tries_to_read(self) -> None:
        store = self.company.store()
        humans = {profile: OF_RECORD[record] for record, profile in store.owners.items() if record in OF_RECORD}
        for who in CROWD:
            if who.records[1] not in store.owners:
                continue
            for profile in [*store.documents, *store.redirects]:
                stands = store.redirects.get(profile, profile)
                for path, purpose in ROUTES:
                    answer = self.as_customer(who, "GET", f"/v1/profiles/{profile}{path}", purpose)
                    if answer.status_code == 200:
                        assert humans.get(stands) is who, f"{who.given} reads {path} of somebody else"
                        for other in CROWD:
                            told = [one for one in other.secrets if other is not who and one in answer.text]
                            assert not told, f"{who.given} reads what only {other.given} knows"
                    else:
                        assert path or stands != store.owners[who.records[1]], (
                            f"{who.given} can't read what is their own"
                        )

    @rule(who=WHO)
    def somebody_is_erased(self, who: Human) -> None:
        profile = self.profile(who) or self.company.store().owners.get(who.records[0])
        if profile is None:
            return
        before = self.of_others(profile)
        subject = self.erase(profile)
        self.gone.add(who.key)
        self.browsers.forget(who)
        self.permits.pop(who.key, None)
        after = self.of_others(profile)
        assert after["documents"].keys() == before["documents"].keys(), "whoever named them stays"
        for said in (before, after):  # without what they claimed
            said["timeline"] = {one: owner for one, owner in said["timeline"].items() if one not in subject.events}
            said["documents"] = {one: of for one, of in said["documents"].items() if one not in subject.rebuilt}
        assert after == before, "everybody else's rows are as they were"

    # What holds all the time.

    @invariant()
    def nobody_joins_another(self) -> None:
        store = self.company.store()
        people: dict[str, set[str]] = {}
        for record, profile in store.owners.items():
            if record in OF_RECORD:
                people.setdefault(profile, set()).add(OF_RECORD[record].given)
        assert all(len(names) == 1 for names in people.values()), people

    @invariant()
    def what_a_browser_says_unproven_is_nobodys_but_whose_it_proves_to_be_later(self) -> None:
        store = self.company.store()
        humans = {profile: OF_RECORD[record] for record, profile in store.owners.items() if record in OF_RECORD}
        for event, (profile, record, *_) in store.timeline.items():
            if (said := SAID.match(event)) is None:
                continue
            assert record not in OF_RECORD, f"{event} counts as what {record} says"
            whose = humans.get(profile)
            assert whose is None or self.browsers.may_be_of(int(said[1]), whose), f"{event} is {whose}'s"

    @invariant()
    def nobody_is_found_by_what_others_say(self) -> None:
        owners = self.company.store().owners
        for who in CROWD:
            own = {owners[record] for record in who.records if record in owners}
            sent = {"json": {"kind": "email", "value": who.mail}}
            answer = self.company.ask("POST", "/v1/profiles/lookup", Role.ADVISOR, "service", **sent)
            assert answer.status_code in ((200, 404) if len(own) < 2 else (200, 404, 409)), answer.text
            if answer.status_code == 200:
                assert answer.json()["profile_id"] in own

    @invariant()
    def nobody_decides_for_another(self) -> None:
        for who in CROWD:
            if profile := self.profile(who):
                answer = self.as_customer(who, "GET", f"/v1/profiles/{profile}/consents", "privacy_rights")
                assert answer.status_code == 200, answer.text
                said = answer.json()["data"]["purposes"][PURPOSE]["permits"]
                assert said == self.permits.get(who.key, False), f"{who.given}: {answer.text}"

    @invariant()
    def nothing_is_left_of_who_was_erased(self) -> None:
        if not self.gone:
            return
        told = everything(self.company)
        for who in CROWD:
            if who.key in self.gone:
                left = {one: name for one in who.secrets for name, said in told.items() if one in said}
                assert not left, f"{who.given}: {left}"
                assert not set(who.records) & set(self.company.store().owners)

    # How it is done.

    def profile(self, who: Human) -> str | None:
        return self.company.store().owners.get(who.records[1])

    def as_customer(self, who: Human, method: str, path: str, purpose: str = "privacy_rights", **sent: Any) -> Any:
        return self.company.ask(method, path, Role.CUSTOMER, purpose, Identifier("user_id", who.user), **sent)

    def of_others(self, profile: str) -> dict[str, Any]:
        store = self.company.store()
        mine = {record for record, owner in store.owners.items() if owner == profile}
        return {
            "owners": {record: owner for record, owner in store.owners.items() if owner != profile},
            "documents": {one: said for one, said in store.documents.items() if one != profile},
            "identifiers": sorted(one for one in store.identifiers if one[2] != profile),
            "timeline": {event: said[0] for event, said in store.timeline.items() if said[0] and said[1] not in mine},
            "redirects": {old: new for old, new in store.redirects.items() if new != profile},
        }

    def erase(self, profile: str) -> Subject:
        """What an erasure does to PostgreSQL, and to the lake in memory."""
        company = self.company
        with company.engine.begin() as connection:
            subject = Subject(people=1, profiles={profile}, records=owners.records_of(connection, [profile]))
            subject.profiles |= owners.former_ids(connection, subject.profiles)
            subject.records |= live.visitors_of(connection, subject.records)
            said, now = PersonalValues(), company.tick()
            live.complete(connection, subject, said, CHANNELS, now)
            shared = operational.complete(connection, subject, said.identifiers)
            subject.identifiers = said.identifiers - shared
            add_bystanders(connection, subject, Naming(subject, CHANNELS))
            bury(connection, subject.tombstones(company.key), "e_1", now)
            operational.erase(connection, subject, Theirs(subject), CHANNELS, without_names, _rebuild, now, "e_1")
            company.features.forget(profile)
        company.lake.forget(subject.records, subject.events)
        company.lake.take_in_anew(subject.bystanders)
        write_due(company.engine, company.features, lambda: company.now)
        return subject


def _rebuild(connection: Connection, profile_ids: Collection[str], now: datetime) -> None:
    tell_rebuilt(connection, rebuild(connection, profile_ids, now), now)


def everything(company: Company) -> dict[str, str]:
    """Every row of every table, as text."""
    with company.engine.connect() as connection:
        return {
            table.name: "\n".join(connection.scalars(text(f"SELECT t::text FROM {table.name} t")))
            for table in schema.metadata.sorted_tables
        }
