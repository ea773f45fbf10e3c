"""Searches every store for the values of erased people, and reports what was read, found and kept."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from erasure import scan_targets
from erasure.people.search import Search, TextSearch
from erasure.people.subject import Subject
from erasure.scan_targets import Content, Place
from stores import server_folders

LOG = "/_delta_log/"
"""Places of the lake with Delta's own words; values are searched there, names are not."""

REFUSED = ("/bronze/quarantine/", "public.inbox_quarantine")
"""Places with rows that belong to nobody: a single name there can be anybody's."""


@dataclass
class ScanResult:
    """The result for one place; `where` names the files or tables of hits, never the values."""

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
class KeptFind:
    """Finds that stay, and why: `found` of `looked_for` values are in `where`."""

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

    findings: list[ScanResult]
    kept: list[KeptFind]

    @property
    def hits(self) -> int:
        return sum(finding.hits for finding in self.findings)


@dataclass(frozen=True)
class Stock:
    """The stores to search; `beside` is the folder of the embedded ones."""

    lake: str
    engine: Engine
    client: Redis
    beside: Path


def scan(stock: Stock, subject: Subject) -> Scan:
    """Reads everything, texts first: only there can a value be told from a part of somebody else's.

    In compressed bytes anything may follow such a part, so for bytes that hold compressed texts the texts decide:
    `u-1` is no hit in a file of which a decoded column holds `u-10`.
    """
    texts = TextSearch(subject.values | subject.common_values, subject.words | subject.common_words)
    values, longer = Search(subject.values), _Longer()
    others = "other people's rows, or the system's own, say the same"
    values_kept = KeptFind("values", others, len(subject.common_values))
    words_kept = KeptFind("names, and ids that are plain words", others, len(subject.common_words))
    refused = KeptFind("single names in refused rows", "a name alone does not tell whose row it is", len(subject.words))
    findings = []
    for place, content in _everything(stock):
        finding = ScanResult(place, read=content is not None)
        names = set[str]()
        for name, data in content or ():
            names.add(name)
            finding.bytes += len(data)
            if not place.text:
                found = {value for value, clear in values.hits(data) if clear or value not in longer.anywhere}
                hits = found - longer.compressed_in(place, name)
            else:
                found = texts.clear(data)
                longer.say(place, name, texts.inside(data) & subject.values)
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


class _Longer:
    """The values that stand inside longer ones, by the texts in which they do."""

    def __init__(self) -> None:
        self.anywhere = set[str]()
        self._of = defaultdict[tuple[str, str], set[str]](set)

    def say(self, place: Place, name: str, values: set[str]) -> None:
        self.anywhere |= values
        self._of[place.store, name] |= values
        self._of[place.store, ""] |= values

    def compressed_in(self, place: Place, name: str) -> set[str]:
        """Those of the texts that this file may hold compressed: its own columns, or long ones of any table."""
        of = {scan_targets.LAKE_FILES: name, scan_targets.TABLE_FILES: ""}
        return self._of[place.store, of[place]] if place in of else set()


def _table_of(name: str) -> str:
    """The table of a file of the lake; other names stay as they are."""
    return name.rpartition("/")[0].strip("/") or name if name.startswith("/") else name


def _everything(stock: Stock) -> Iterator[tuple[Place, Content | None]]:
    yield scan_targets.LAKE_VALUES, scan_targets.lake_values(stock.lake)
    yield scan_targets.TABLES, scan_targets.tables(stock.engine)
    yield scan_targets.KEYS, scan_targets.keys(stock.client)
    yield scan_targets.LAKE_FILES, scan_targets.lake_files(stock.lake)
    data, kept = server_folders.data_folder(stock.engine), server_folders.key_folder(stock.client)
    yield scan_targets.TABLE_FILES, scan_targets.folder_files(data) if data else None
    yield scan_targets.KEY_FILES, scan_targets.folder_files(kept) if kept else None
    apart = tuple(folder.resolve() for folder in (data, kept) if folder)
    beside = stock.beside.resolve()
    yield scan_targets.OTHER_FILES, scan_targets.folder_files(beside, without=apart) if beside.is_dir() else None
