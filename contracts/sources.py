"""Live sources: who may send events, with which write key, and what a source's own properties and traits mean.

A live source is a channel. Its two contracts, for events and for person records, are built here from the ones that all
live sources share, so that the batch reads them as it reads any other channel.
"""

import hashlib
import hmac
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from contracts.categories import Category
from contracts.channel import Channel, Slug
from contracts.events import KNOWN_EVENTS
from contracts.loading import ContractError, load_channel
from contracts.settings import Settings

HERE = Path(__file__).parent
DEMO_SOURCE = "web_app"
EVENTS = "/events"
"""What a source's name ends with where its events, and not its person records, are meant."""


class Source(BaseModel):
    """One sender of live events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="the channel's name, as every record and event of it will carry it")
    key_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the write key, in hex: the key itself is not kept"
    )
    region: str | None = Field(None, pattern=r"^[A-Z]{2}$", description="default country of phones")
    trust: int = Field(50, ge=0, le=100, description="how far survivorship trusts what this source says of a person")
    user_kind: Slug = Field(
        "user_id", description="identifier kind of `userId`; sources with one kind share their users"
    )
    event_types: dict[str, Slug] = Field({}, description="event name as a slug -> type, e.g. `purchase: order`")
    properties: dict[Slug, Category] = Field({}, description="own properties of events, with their data category")
    consent: dict[str, list[str]] = Field(
        {}, description="category of the consent banner -> purposes; a category without a line is a purpose's id"
    )
    traits: dict[Slug, Category] = Field({}, description="own traits of persons, with their data category")

    @cached_property
    def events(self) -> Channel:
        """How the source's events are read."""
        own = {
            f"properties.{name}": {"is": "property", "name": name, "category": category}
            for name, category in self.properties.items()
        }
        return self._contract("live_events.yml", own)

    @cached_property
    def records(self) -> Channel:
        """How what the source says of a person is read."""
        own = {
            f"traits.{name}": {"is": "attribute", "name": name, "category": category}
            for name, category in self.traits.items()
        }
        return self._contract("live_records.yml", own)

    def _contract(self, base: str, own: dict[str, Any]) -> Channel:
        said = _base(base) | {"channel": self.name, "region": self.region, "trust": self.trust}
        own["user_id"] = said["columns"]["user_id"] | {"kind": self.user_kind}
        return Channel.model_validate(said | {"columns": said["columns"] | own})

    @cached_property
    def types(self) -> dict[str, str]:
        return KNOWN_EVENTS | self.event_types


class Sources:
    """All live sources, by name and by write key."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.by_name = {source.name: source for source in sources}

    def of_key(self, key: str) -> Source | None:
        """The source of a write key; the time that this takes says nothing about any key."""
        given = key_hash(key)
        found = [one for one in self.by_name.values() if hmac.compare_digest(one.key_sha256, given)]
        return found[0] if found else None

    def channels(self) -> dict[str, Channel]:
        """The contracts of all sources: records under the source's name, events under `NAME/events`."""
        found = {}
        for name, source in self.by_name.items():
            found[name] = source.records
            found[name + EVENTS] = source.events
        return found


def key_hash(key: str) -> str:
    """How a write key is written in the file of sources."""
    return hashlib.sha256(key.encode()).hexdigest()


def demo_key(settings: Settings) -> str:
    """The write key of a demonstration: the same for all processes of one lake's demonstration, and of no other."""
    return "demo_" + hashlib.sha256(f"write key of {settings.store_dir}".encode()).hexdigest()[:24]


def load_sources(settings: Settings) -> Sources:
    """The sources of OCV_SOURCES_FILE; a demonstration without one has a source of its own."""
    path = settings.sources_file
    if path is None:
        demo = [Source(name=DEMO_SOURCE, key_sha256=key_hash(demo_key(settings)))] if settings.demo else []
        return Sources(demo)
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        sources = [Source.model_validate(one) for one in listed["sources"]]
    except (OSError, yaml.YAMLError, TypeError, KeyError, ValidationError) as error:
        told = error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else "no such list"
        raise ContractError(f"{path}: expected a list `sources` of live sources, found: {told}") from None
    for what in ("name", "key_sha256"):
        if len({getattr(one, what) for one in sources}) < len(sources):
            raise ContractError(f"{path}: expected a {what} for each source, found one twice")
    return Sources(sources)


@lru_cache
def _base(name: str) -> dict[str, Any]:
    return load_channel(HERE / name).model_dump(by_alias=True)
