"""A live source's record of a person, combined from its messages in any order.

A record is a user's, or a visitor's before anyone signs in on a device. The first user who signs in on a device takes
over the visitor's record; later users there do not, since two logins on one device are two people.

Claims are stored apart in `claims`. A visitor's record takes unproven messages until it joins a person; later ones of
the same browser go to a separate record, which joins nobody.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.categories import Category
from contracts.channel import Channel
from contracts.content import content_hash
from contracts.standard import person_record
from contracts.without import without
from read_model.live.claim_paths import as_tree, at_path

MOST_DEVICES = 5
"""How many devices and visitors a record lists; `bonds` join it to further ones that it took over."""
MOST_STAMPS = 20
"""How many devices' consent preferences one record keeps."""
MOST_CLAIMS = 100
"""How many claims one record keeps."""
SAID = "key at user_id devices visitors bonds former_id external traits proven claims".split()
"""The part of a payload that the record's contract reads, live and in the batch; the rest is for combining
messages."""
TIMED = ("external", "traits", "proven", "claims")


@dataclass
class LiveRecord:
    """A record combined from its messages.

    `bound` is the user who took over a visitor, `bonds` the identifiers that they share; `former_id` the user id
    before a server gave it another one. `bare` has no event yet. `proven` holds contact points, `claims` values by
    path, such as `traits.email`, each with its time; `stamps` each device's last preference for each purpose.
    """

    source: str
    key: str
    at: datetime
    user_id: str | None = None
    devices: list[str] = field(default_factory=list)
    visitors: list[str] = field(default_factory=list)
    external: dict[str, list[str]] = field(default_factory=dict)
    traits: dict[str, list[Any]] = field(default_factory=dict)
    proven: dict[str, list[Any]] = field(default_factory=dict)
    claims: dict[str, list[Any]] = field(default_factory=dict)
    bound: str | None = None
    bare: bool = False
    stamps: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    bonds: list[str] = field(default_factory=list)
    former_id: str | None = None

    @property
    def record_id(self) -> str:
        return f"{self.source}:{self.key}"

    @property
    def is_somebodys(self) -> bool:
        """Whether a visitor belongs to a person: a user took it over, or a server identified it."""
        return self.bound is not None or bool(self.traits or self.external)

    def payload(self) -> dict[str, Any]:
        """The stored record: the part that the contract reads, and the state for combining further messages."""
        content = {
            "key": self.key,
            "at": self.at.isoformat(),
            "user_id": self.user_id,
            "devices": {str(number): one for number, one in enumerate(self.devices)},
            "visitors": {str(number): one for number, one in enumerate(self.visitors)},
            "bonds": {str(number): one for number, one in enumerate(self.bonds)},
            "former_id": self.former_id,
            "external": {kind: value for kind, (value, _) in self.external.items()},
            "traits": {name: value for name, (value, _) in self.traits.items() if value is not None},
            "proven": {kind: value for kind, (value, _) in self.proven.items()},
            "claims": as_tree({path: value for path, (value, _) in self.claims.items() if value is not None}),
        }
        since = {name: _times(getattr(self, name)) for name in TIMED}
        return content | {"since": since, "bound": self.bound, "bare": self.bare, "stamps": self.stamps}


def stored(source: str, payload: Mapping[str, Any]) -> LiveRecord:
    """A record from its payload."""
    since = payload["since"]
    return LiveRecord(
        source,
        payload["key"],
        datetime.fromisoformat(payload["at"]),
        payload["user_id"],
        list(payload["devices"].values()),
        list(payload["visitors"].values()),
        {kind: [payload["external"][kind], at] for kind, at in since["external"].items()},
        {name: [payload["traits"].get(name), at] for name, at in since["traits"].items()},
        {kind: [payload["proven"][kind], at] for kind, at in since["proven"].items()},
        {path: [at_path(payload["claims"], path), at] for path, at in since["claims"].items()},
        payload["bound"],
        payload["bare"],
        payload.get("stamps") or {},
        list((payload.get("bonds") or {}).values()),
        payload.get("former_id"),
    )


def said_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a payload that the record's contract reads."""
    return {name: payload.get(name) for name in SAID}


def without_categories(
    contract: Channel, payload: Mapping[str, Any], categories: Collection[Category]
) -> dict[str, Any]:
    """The payload without what it says in some categories of data; the preferences of devices end with the devices."""
    said = said_payload(payload)
    left = without(contract, said, categories)

    def stays(part: str, name: str) -> bool:
        """Whether a value stays, or was deleted by its sender before: the time of that counts further on."""
        if part == "claims":
            return at_path(left[part], name) is not None or at_path(said[part], name) is None
        return left[part].get(name) not in (None, {}) or said[part].get(name) is None

    for part in ("external", "traits", "proven"):
        left[part] = {name: value for name, value in left[part].items() if value not in (None, {})}
    since = {part: {name: at for name, at in of.items() if stays(part, name)} for part, of in payload["since"].items()}
    found = {name: left.get(name) if name in said else value for name, value in payload.items()} | {"since": since}
    return found | {"stamps": {}} if payload.get("stamps") and Category.BEHAVIOUR in categories else found


def document_of(contract: Channel, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The record as the batch would make it: a row of silver, as JSON."""
    content = said_payload(payload)
    row = person_record(contract, content, now).as_row() | {"content_hash": content_hash(content)}
    document: dict[str, Any] = json.loads(json.dumps(row, default=lambda one: one.isoformat()))
    return document


def _times(kept: Mapping[str, list[Any]]) -> dict[str, str]:
    return {name: at for name, (_, at) in kept.items()}
