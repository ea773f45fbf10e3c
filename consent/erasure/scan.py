"""Looks for the values of erased people through every store, and says what was read, what was found and what stays."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from consent.erasure import places
from consent.erasure.places import Content, Place
from consent.erasure.search import Search, TextSearch
from consent.erasure.subject import Subject

LOG = "/_delta_log/"
"""Where the lake's words are Delta's own; values are looked for there, names are not."""

REFUSED = ("/bronze/quarantine/", "public.inbox_quarantine")
"""Where rows lie that belong to nobody: a single name there is anybody's."""


@dataclass
class Finding:
    """What one place gave; `where` names the files or tables of hits, never the values."""

    place: Place
    parts: int = 0
    bytes: int = 0
    hits: int = 0
    where: set[str] = field(default_factory=set)
    read: bool = True

    def as_line(self) -> dict[str, Any]:
        line = {"store": self.place.store, "content": self.place.content, "read": self.read}
        return line | {"parts": self.parts, "bytes": self.bytes, "hits": self.hits, "where": sorted(self.where)}


@dataclass
class Kept:
    """What is found and stays, and why: `found` of `looked_for` values stand in `where`."""

    what: str
    why: str
    looked_for: int
    found: set[str] = field(default_factory=set)
    where: set[str] = field(default_factory=set)

    def as_line(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "why": self.why,
            "looked_for": self.looked_for,
            "found": len(self.found),
            "where": sorted(self.where),
        }


@dataclass(frozen=True)
class Scan:
    """Everything that was read."""

    findings: list[Finding]
    kept: list[Kept]

    @property
    def hits(self) -> int:
        return sum(finding.hits for finding in self.findings)


@dataclass(frozen=True)
class Stock:
    """The stores to look through; `beside` is the folder of the embedded ones."""

    lake: str
    engine: Engine
    client: Redis
    beside: Path


def scan(stock: Stock, subject: Subject) -> Scan:
    """Reads everything, texts first: a value that is part of somebody else's is told apart only there."""
    texts = TextSearch(subject.values | subject.common_values, subject.words | subject.common_words)
    values, inside = Search(subject.values), set[str]()
    others = "other people's rows, or the system's own, say the same"
    values_kept = Kept("values", others, len(subject.common_values))
    words_kept = Kept("names, and ids that are plain words", others, len(subject.common_words))
    refused = Kept("single names in refused rows", "a name alone does not tell whose row it is", len(subject.words))
    findings = []
    for place, content in _everything(stock):
        finding = Finding(place, read=content is not None)
        names = set[str]()
        for name, data in content or ():
            names.add(name)
            finding.bytes += len(data)
            if not place.text:
                hits = {value for value, clear in values.hits(data) if clear or value not in inside}
            else:
                found = texts.clear(data)
                inside |= texts.inside(data) & subject.values
                hits = found & subject.values
                words = found & subject.words if LOG not in name else set[str]()
                lone = {word for word in words if " " not in word} if any(one in name for one in REFUSED) else set()
                hits |= words - lone
                for kept, those in (
                    (values_kept, found & subject.common_values),
                    (words_kept, found & subject.common_words if LOG not in name else set()),
                    (refused, lone),
                ):
                    if those:
                        kept.found |= those
                        kept.where.add(_table_of(name))
            if hits:
                finding.hits += len(hits)
                finding.where.add(name)
        finding.parts = len(names)
        findings.append(finding)
    return Scan(findings, [kept for kept in (values_kept, words_kept, refused) if kept.found])


def _table_of(name: str) -> str:
    """The table of a file of the lake; anything else is called what it is."""
    return name.rpartition("/")[0].strip("/") or name if name.startswith("/") else name


def _everything(stock: Stock) -> Iterator[tuple[Place, Content | None]]:
    yield places.LAKE_VALUES, places.lake_values(stock.lake)
    yield places.TABLES, places.tables(stock.engine)
    yield places.KEYS, places.keys(stock.client)
    yield places.LAKE_FILES, places.lake_files(stock.lake)
    data, kept = places.data_folder(stock.engine), places.key_folder(stock.client)
    yield places.TABLE_FILES, places.folder_files(data) if data else None
    yield places.KEY_FILES, places.folder_files(kept) if kept else None
    apart = tuple(folder.resolve() for folder in (data, kept) if folder)
    beside = stock.beside.resolve()
    yield places.OTHER_FILES, places.folder_files(beside, without=apart) if beside.is_dir() else None
