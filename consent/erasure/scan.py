"""Looks for the values of erased people through every store, and says what was read and what was found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from consent.erasure import places
from consent.erasure.places import Content, Place
from consent.erasure.search import Search
from consent.erasure.subject import Subject


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


@dataclass(frozen=True)
class Stock:
    """The stores to look through; `beside` is the folder of the embedded ones."""

    lake: str
    engine: Engine
    client: Redis
    beside: Path


def scan(stock: Stock, subject: Subject) -> list[Finding]:
    """Reads everything, texts first: a value that is part of somebody else's is told apart only there."""
    values, words, inside = Search(subject.values), Search(subject.words), set[str]()
    findings = []
    for place, content in _everything(stock):
        finding = Finding(place, read=content is not None)
        names = set[str]()
        for name, data in content or ():
            names.add(name)
            finding.bytes += len(data)
            for value, clear in values.hits(data):
                if place.text and not clear:
                    inside.add(value)
                elif clear or value not in inside:
                    finding.hits += 1
                    finding.where.add(name)
            if place.text and any(clear for _, clear in words.hits(data)):
                finding.hits += 1
                finding.where.add(name)
        finding.parts = len(names)
        findings.append(finding)
    return findings


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
