"""Days on which anything may happen in any order, also while a batch computes; all the time, what is shown agrees."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.settings import Settings
from stores.embedded import Stores
from tests.attacks.company import Company

MAILS = st.sampled_from(["ana@inbox.example", "ben@inbox.example", "new@inbox.example"])
USERS = st.sampled_from(["u1", "u2", "u3"])
DEVICES = st.sampled_from(["a1", "a2"])
NAMES = st.sampled_from(["Ana", "Ben"])
PLACE = st.integers(0, 30)
GROUPS = st.lists(st.sets(PLACE, min_size=2, max_size=4), max_size=3)
MEANWHILE = st.sampled_from(["nothing", "sign in", "visit", "same", "different", "apart", "undo"])


class BusyDays(RuleBasedStateMachine):
    """Records, users and devices are few, so that they meet."""

    def __init__(self, stores: Stores, config: Settings) -> None:
        super().__init__()
        self.company = Company(stores, config)
        self.orders = 0

    def teardown(self) -> None:
        self.company.close()

    @rule(key=st.sampled_from(["1", "2", "3", "4"]), mail=MAILS, given=NAMES)
    def a_file_comes(self, key: str, mail: str, given: str) -> None:
        self.company.file(id=key, mail=mail, given=given)

    @rule(mail=MAILS)
    def an_order_comes_in_a_file(self, mail: str) -> None:
        self.orders += 1
        self.company.file_event(f"shop:{self.orders}", mail)

    @rule(user=USERS, device=st.none() | DEVICES, mail=st.none() | MAILS, given=st.none() | NAMES)
    def somebody_signs_in(self, user: str, device: str | None, mail: str | None, given: str | None) -> None:
        self.company.live(identify(user, device, mail, given))

    @rule(device=DEVICES)
    def somebody_visits(self, device: str) -> None:
        self.company.live({"anonymousId": device})

    @rule(left=PLACE, right=PLACE, kind=st.sampled_from(["same", "different"]))
    def a_steward_decides(self, left: int, right: int, kind: str) -> None:
        if named := self.named(left, right):
            self.company.decide("overrides", left=named[0], right=named[1], kind=kind)

    @rule(place=PLACE)
    def a_steward_takes_apart(self, place: int) -> None:
        if named := self.named(place):
            profile = self.company.store().owners[named[0]]
            self.company.decide("unmerge", profile_id=profile, records=named)

    @rule(number=PLACE)
    def a_steward_undoes(self, number: int) -> None:
        if made := self.company.decisions:
            self.company.decide(f"decisions/{made[number % len(made)]}/undo")

    @rule(
        groups=GROUPS,
        whole=st.booleans(),
        what=MEANWHILE,
        user=USERS,
        device=DEVICES,
        mail=MAILS,
        left=PLACE,
        right=PLACE,
    )
    def a_batch_runs(
        self,
        groups: list[set[int]],
        whole: bool,
        what: str,
        user: str,
        device: str,
        mail: str,
        left: int,
        right: int,
    ) -> None:
        """The evidence joins whom it likes; something happens before the batch is published."""

        def meanwhile() -> None:
            if what == "sign in":
                self.somebody_signs_in(user, device, mail, "Ana")
            elif what == "visit":
                self.somebody_visits(device)
            elif what == "apart":
                self.a_steward_takes_apart(left)
            elif what == "undo":
                self.a_steward_undoes(left)
            elif what != "nothing":
                self.a_steward_decides(left, right, what)

        known = sorted({*self.company.lake.records, *self.company.records()})
        joined = [{known[place % len(known)] for place in group} for group in groups if known]
        found = self.company.batch(joined, whole, before_publish=meanwhile)
        assert found == [], found

    @invariant()
    def nothing_is_shown_of_nobody(self) -> None:
        assert self.company.problems() == []

    def named(self, *places: int) -> list[str]:
        known = self.company.records()
        return [known[place % len(known)] for place in places] if known else []


def identify(user: str, device: str | None, mail: str | None, given: str | None) -> dict[str, Any]:
    """A login's message, with the traits that are told."""
    traits = {name: said for name, said in (("email", mail), ("firstName", given)) if said}
    said: dict[str, Any] = {"type": "identify", "userId": user, "traits": traits}
    return said | ({"anonymousId": device} if device else {})
