"""The files under a source folder that contracts name."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import fsspec

from contracts.channel import Channel
from contracts.keyed import keyed

PACKED = ("", ".gz", ".zip")
"""How the name of a file may end behind what its contract says."""


class SourceError(ValueError):
    """The source folder can't be used; the message says what was expected there."""


@dataclass(frozen=True)
class SourceFile:
    """A file that a contract names; the batch is its name and content, so the same file is the same batch.

    Files of one run are received one after the other, a microsecond apart; one that came before, when it came.
    """

    channel: str
    name: str
    url: str
    batch_id: str
    received_at: datetime | None = None
    is_known: bool = False


def source_files(sources: str, channels: Mapping[str, Channel]) -> list[SourceFile]:
    """Every file under the source folder that a contract names, packed ones too, in the order of their names."""
    filesystem, root = fsspec.core.url_to_fs(sources)
    found = []
    for channel, contract in sorted(channels.items()):
        for file in named_files(sources, contract):
            name = file.removeprefix(root).lstrip("/")
            digest = hashlib.blake2b(digest_size=32)
            with filesystem.open(file, "rb") as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
            # It stays in the rows of others when somebody who was in the file is erased.
            batch_id = keyed("batch", channel, name, digest.hexdigest(), size=16)
            found.append(SourceFile(channel, name, filesystem.unstrip_protocol(file), batch_id))
    return found


def check_folder(sources: str) -> None:
    """Raises SourceError without such a folder."""
    filesystem, root = fsspec.core.url_to_fs(sources)
    if not filesystem.isdir(root):
        raise SourceError(f"expected a folder of channel files at {sources}, found none; set SOURCES to one")


def named_files(sources: str, contract: Channel) -> Iterator[str]:
    """The paths of a channel's files; raises SourceError without such a folder."""
    check_folder(sources)
    filesystem, root = fsspec.core.url_to_fs(sources)
    named = {file for end in PACKED for file in filesystem.glob(f"{root}/{contract.files}{end}")}
    yield from sorted(named, key=in_order)


def unnamed_files(sources: str, files: Iterable[SourceFile]) -> list[str]:
    """Files of the source folder that no contract names."""
    filesystem, root = fsspec.core.url_to_fs(sources)
    named = {file.name for file in files}
    there = (file.removeprefix(root).lstrip("/") for file in filesystem.find(root))
    return sorted(name for name in there if name not in named and not name.rpartition("/")[2].startswith("."))


def in_order(name: str) -> list[tuple[int, str]]:
    """Names as people count: `crm-2` comes before `crm-10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
