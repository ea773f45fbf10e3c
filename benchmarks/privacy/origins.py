"""People who came by other ways than files, and what staff decided about them: whom erasure has to reach as well.

Each kind has those who are erased and those who stay beside them: same devices, ids that hold each other's, one name.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks.privacy.sample import Sample, called
from benchmarks.serving.events import basic
from consent.model import Role
from contracts.sources import DEMO_SOURCE, demo_keys
from stores.embedded import open_stores
from stores.postgres import open_engine

NASTY_IDS = [
    "messageId",
    "timestamp",
    "userId",
    "traits",
    "null-1",
    "1",
    "%",
    "_",
    "\\",
    '"',
    "'",
    "a:b",
    "\N{GRINNING FACE}",
] + [DEMO_SOURCE, "timeline", "identity/edges", "guest-1", "guest_10", "profile_id", '{"userId":"x"}', "É", "*"]
"""Words of every message, wildcards, other people's ids in part, names of channels and tables."""

NASTY_NAMES = (
    ("Losing", "Rule"),
    ("True", "Different"),
    ("Zoë", "O'Fontloup"),
    ("Jean–Pierre", "D’Ézéchiel"),
    ("Марион", "Фонтлоуп"),
    ("偉", "王小明"),
    ("Robert'); DROP", "TABLE students"),
)
STAYING = ("guest-10", "guest_1", "guestx10", "messageIds", "stays")
WITH_A_DEVICE = ("a fresh device", "a visitor before")
PATIENCE = 60.0


@dataclass
class Origins:
    """Who came live: user id -> what is theirs alone, of those to erase and of those who stay."""

    sample: Sample
    erased: dict[str, set[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def come(self, client: httpx.Client, wave: int) -> None:
        """Sends what all of them do, in messages of the site's server and of its pages, and waits until it is seen."""
        server, browser = demo_keys(self.sample.settings).server, demo_keys(self.sample.settings).browser
        for kind, user, name in self._people(wave):
            number = self.sent
            email, device = f"u{number}-{wave}@live.example", f"device-{number}-{wave}"
            own = {email, device} if kind in WITH_A_DEVICE else {email}
            stays = kind.startswith("stays")
            if not stays:
                self.erased[user] = own
                self.kinds[user] = kind
            if kind == "a visitor before":
                self._send(client, browser, {"type": "page", "anonymousId": device, "name": f"Page {number}"})
            traits = {"email": email, "firstName": name[0], "lastName": name[1]}
            ids = {"userId": user} | ({"anonymousId": device} if kind in WITH_A_DEVICE else {})
            shared = {"anonymousId": f"kiosk-{wave}"} if kind.endswith("a shared device") else {}
            self._send(client, server, {"type": "identify", "traits": traits} | ids | shared)
            seen = {"type": "track", "event": "Product Viewed", "properties": {"product_id": f"of-{number}"}}
            self._send(client, server, seen | ids)
        self._wait()

    def profiles(self) -> dict[str, list[str]]:
        """The profiles of those to erase, with all their records."""
        wanted = {f"{DEMO_SOURCE}:{user}" for user in self.erased}
        return {profile: records for profile, records in self.sample.profiles().items() if wanted & set(records)}

    def needles(self) -> set[str]:
        """Values that stand in their messages and nobody else's."""
        return set().union(*self.erased.values())

    def _people(self, wave: int) -> Iterator[tuple[str, str, tuple[str, str]]]:
        for number in range(3):
            for kind in ("a live user", "a fresh device", "a visitor before", "a shared device"):
                user = f"{kind.replace(' ', '-')}-{number}-{wave}"
                yield kind, user, (f"Livia{number}{wave}", f"Quastel{number}{wave}")
            yield "stays, on a shared device", f"stays-{number}-{wave}", ("Bea", "Standing")
        for number, names in enumerate(NASTY_NAMES):
            yield "a nasty name", f"named-{number}-{wave}", names
        if wave == 0:
            yield from (("a nasty id", user, ("Id", "Bearer")) for user in NASTY_IDS)
            yield from (("stays", user, ("Id", "Stander")) for user in STAYING)

    def _send(self, client: httpx.Client, key: str, message: dict[str, Any]) -> None:
        self.sent += 1
        said = message | {"messageId": f"origin-{self.sent}"}
        called(client.post("/v1/events", json=said, headers=basic(key)))

    def _wait(self) -> None:
        give_up = time.monotonic() + PATIENCE
        with open_stores(self.sample.settings) as stores:
            engine = open_engine(stores.database_url)
            while time.monotonic() < give_up:
                with engine.connect() as connection:
                    if not connection.scalar(text("SELECT count(*) FROM inbox WHERE sequence IS NULL")):
                        engine.dispose()
                        return
                time.sleep(0.1)
        raise SystemExit(f"expected every message to be seen within {PATIENCE:.0f} s, found some that wait")


def decide(sample: Sample, client: httpx.Client, people: dict[str, list[str]]) -> dict[str, int]:
    """Merges some of these people with each other, splits others, restricts others, and remarks on others.

    Who was split off stays, and so does the record about which a steward writes one of the names.
    """
    steward = sample.headers(Role.STEWARD, "identity_resolution")
    officer = sample.headers(Role.PRIVACY_OFFICER, "privacy_rights")
    pool, done = list(people), {"merged": 0, "split": 0, "restricted": 0}
    while len(pool) >= 2 and done["merged"] < 2:
        one, other = people[pool.pop()][0], people[pool.pop()][0]
        same = {"left": one, "right": other, "kind": "same", "reason": "one person, as the caller said"}
        done["merged"] += client.post("/v1/identity/overrides", json=same, headers=steward).is_success
    for profile_id in [one for one in pool if len(people[one]) > 1][:2]:
        apart = {"profile_id": profile_id, "records": people[profile_id][:1], "reason": "two people, they said"}
        done["split"] += client.post("/v1/identity/unmerge", json=apart, headers=steward).is_success
    for profile_id in pool[-2:]:
        form = {"kind": "restriction", "profile_id": profile_id}
        request_id = called(client.post("/v1/requests", json=form, headers=officer))["request_id"]
        check = {"step": "check_identity", "note": "passport, seen"}
        done["restricted"] += client.post(f"/v1/requests/{request_id}/steps", json=check, headers=officer).is_success
    return done
