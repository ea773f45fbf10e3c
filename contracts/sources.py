"""Live sources: who may send events, with which keys, and what a source's own properties and traits mean.

A source has two keys at most. The browser's is public: data sent with it is a claim, except a user id that the site's
server has signed. The server's is secret: data sent with it counts as known.

A live source is a channel. Its two contracts, for events and for person records, are built here from the ones that all
live sources share, so that the batch reads them as it reads any other channel.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

from contracts import yaml12
from contracts.assurance import Assurance
from contracts.categories import Category
from contracts.channel import Channel
from contracts.columns import Slug
from contracts.events import KNOWN_EVENTS
from contracts.loading import ContractError, load_channel
from contracts.names import clean
from contracts.settings import Settings

HERE = Path(__file__).parent
DEMO_SOURCE = "web_app"
CLAIMABLE = ("user_id", "traits.", "external.")
"""The fields of a person's record that anyone may claim."""
EVENTS = "/events"
"""The suffix of a source's name for its events, as opposed to its person records."""


KeyHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Origin = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9+.-]*://[a-z0-9.\[\]:-]+?(:(\d{1,5}|\*))?$")]
"""Scheme, host and port, as a browser states it (RFC 6454): in small letters, with nothing behind."""
SHORTEST_SECRET = 32


class Source(BaseModel):
    """One sender of live events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="the channel's name, as every record and event of it will carry it")
    browser_key_sha256: KeyHash | None = Field(
        None, description="SHA-256 of the key that pages and apps carry, in hex: what comes with it is a claim"
    )
    server_key_sha256: KeyHash | None = Field(
        None, description="SHA-256 of the key that servers alone have, in hex: what comes with it is known"
    )
    user_secret: SecretStr | None = Field(
        None, min_length=SHORTEST_SECRET, description="what the site's server signs user ids with"
    )
    origins: list[Origin] = Field(
        [], description="where its pages are, such as `https://shop.example`; `http://localhost:*` is any port"
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

    @model_validator(mode="before")
    @classmethod
    def _says_whose_key(cls, given: Any) -> Any:
        if isinstance(given, dict) and "key_sha256" in given:
            raise ValueError(
                "expected `browser_key_sha256` or `server_key_sha256`, found `key_sha256`, which does not say who has"
                " the key; write `browser_key_sha256` where a page or an app carries it, `server_key_sha256` where only"
                " your servers do, and make a new key where both do"
            )
        return given

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not self.browser_key_sha256 and not self.server_key_sha256:
            raise ValueError("expected `browser_key_sha256`, `server_key_sha256` or both, found neither")
        if self.browser_key_sha256 == self.server_key_sha256:
            raise ValueError("expected two keys, found one twice: a key that pages carry is no server's")
        return self

    def signs(self, user_id: str, signature: str) -> bool:
        """Whether the site's server signed this user id, as it was sent or as it is read: HMAC-SHA256 with the secret,
        in hex. Either proves the same user."""
        if self.user_secret is None:
            return False
        secret, given = self.user_secret.get_secret_value(), signature.encode().lower()
        as_sent, as_read = (hmac.compare_digest(user_hash(secret, one), given) for one in (user_id, clean(user_id)))
        return as_sent or as_read

    def welcomes(self, origin: str) -> bool:
        """Whether pages of an origin may send with the browser's key."""
        host = origin.rpartition(":")[0] if origin.count(":") > 1 else origin
        return origin in self.origins or f"{host}:*" in self.origins

    @cached_property
    def events(self) -> Channel:
        """The contract of the source's events."""
        own = {
            f"properties.{name}": {"is": "property", "name": name, "category": category}
            for name, category in self.properties.items()
        }
        return self._contract("live_events.yml", own)

    @cached_property
    def records(self) -> Channel:
        """The contract of the source's person records, including claims."""
        own = {
            f"traits.{name}": {"is": "attribute", "name": name, "category": category}
            for name, category in self.traits.items()
        }
        return self._contract("live_records.yml", own)

    def _contract(self, base: str, own: dict[str, Any]) -> Channel:
        content = _base(base) | {"channel": self.name, "region": self.region, "trust": self.trust}
        columns = content["columns"] | own
        for name in {"user_id", "former_id"} & columns.keys():
            columns[name] = columns[name] | {"kind": self.user_kind}
        claimed = {
            f"claims.{name}": column | {"assurance": Assurance.CLAIMED, "verified": False}
            for name, column in columns.items()
            if base == "live_records.yml" and name.startswith(CLAIMABLE)
        }
        return Channel.model_validate(content | {"columns": columns | claimed})

    @cached_property
    def types(self) -> dict[str, str]:
        return KNOWN_EVENTS | self.event_types


@dataclass(frozen=True)
class Sender:
    """The source of a request's key, and whether it is the server's key.

    `has_signed`: the user's signature was checked before the message was stored without it.
    """

    source: Source
    is_server: bool
    has_signed: bool = False

    @property
    def key(self) -> str:
        """The name under which limits count the key: using up the browser's does not affect the server's."""
        return f"{self.source.name} {'server' if self.is_server else 'browser'}"


class Sources:
    """All live sources, by name and by key."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.by_name = {source.name: source for source in sources}
        self._senders = [
            (hashed, Sender(source, is_server))
            for source in self.by_name.values()
            for hashed, is_server in ((source.browser_key_sha256, False), (source.server_key_sha256, True))
            if hashed
        ]

    def of_key(self, key: str) -> Sender | None:
        """The source of a key, in constant time."""
        given = key_hash(key)
        found = [sender for hashed, sender in self._senders if hmac.compare_digest(hashed, given)]
        return found[0] if found else None

    def welcome(self, origin: str) -> bool:
        """Whether pages of an origin may send for any source."""
        return any(source.welcomes(origin) for source in self.by_name.values())

    def channels(self) -> dict[str, Channel]:
        """The contracts of all sources: records under the source's name, events under `NAME/events`."""
        found = {}
        for name, source in self.by_name.items():
            found[name] = source.records
            found[name + EVENTS] = source.events
        return found


def key_hash(key: str) -> str:
    """How a key is written in the file of sources."""
    return hashlib.sha256(key.encode()).hexdigest()


def user_hash(secret: str, user_id: str) -> bytes:
    """The signature of a user id, as a site's server makes it and its pages send it in `context.userHash`."""
    return hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest().encode()


@dataclass(frozen=True)
class DemoKeys:
    """The keys of a demonstration: the same for all processes of one lake's demonstration, and of no other."""

    browser: str
    server: str
    user_secret: str


def demo_keys(settings: Settings) -> DemoKeys:
    def made(name: str, length: int) -> str:
        return hashlib.sha256(f"{name} of {settings.store_dir}".encode()).hexdigest()[:length]

    return DemoKeys("browser_" + made("browser key", 24), "server_" + made("server key", 24), made("user secret", 64))


def demo_source(settings: Settings) -> Source:
    """The live source of a demonstration."""
    keys = demo_keys(settings)
    return Source(
        name=DEMO_SOURCE,
        region="FR",
        browser_key_sha256=key_hash(keys.browser),
        server_key_sha256=key_hash(keys.server),
        user_secret=SecretStr(keys.user_secret),
        origins=["http://localhost:*", "http://127.0.0.1:*"],
    )


def stand_in(name: str, region: str | None = None) -> Source:
    """A removed source, or one of which only the contract is known: it has default settings and no key.

    Banner categories are then purposes, and users are of the kind `user_id`.
    """
    return Source(name=name, server_key_sha256="0" * 64, region=region)


def load_sources(settings: Settings) -> Sources:
    """The sources of OCV_SOURCES_FILE; a demonstration without one has a source of its own."""
    path = settings.sources_file
    if path is None:
        return Sources([demo_source(settings)] if settings.demo else [])
    try:
        listed = yaml12.load(path.read_text(encoding="utf-8"))
        sources = [Source.model_validate(one) for one in listed["sources"]]
    except (OSError, yaml.YAMLError, TypeError, KeyError, ValidationError) as error:
        problems = (
            error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
            if isinstance(error, ValidationError)
            else "no such list"
        )
        raise ContractError(f"{path}: expected a list `sources` of live sources, found: {problems}") from None
    keys = [key for one in sources for key in (one.browser_key_sha256, one.server_key_sha256) if key]
    for what, found in (("name", [one.name for one in sources]), ("key", keys)):
        if len(set(found)) < len(found):
            raise ContractError(f"{path}: expected a {what} of its own for each source, found one twice")
    return Sources(sources)


@lru_cache
def _base(name: str) -> dict[str, Any]:
    return load_channel(HERE / name).model_dump(by_alias=True)


def with_live(channels: dict[str, Channel], sources: Sources) -> dict[str, Channel]:
    """All contracts that bronze rows may be of: those of files, and those of live sources."""
    return channels | sources.channels()
