"""What a backup is: a folder with the database's dump, a copy of the lake, and a manifest with every file's hash."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

DUMP = "postgresql.dump"
LAKE = "lake"
MANIFEST = "manifest.json"
FORMAT = 1
PIECE = 1 << 20


class BrokenBackup(RuntimeError):
    """The folder is no backup, or not the one that its manifest describes."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: when it was made, the migration of its tables, and the SHA-256 of each file."""

    made_at: str
    revision: str
    files: dict[str, str]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Written last: a folder without one is no backup."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a backup, but its manifest."""
    return {str(file.relative_to(folder)): _digest(file) for file in _files(folder)}


def checked(folder: Path) -> Manifest:
    """The manifest of a whole backup; raises BrokenBackup where a file is missing, changed or too many."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise BrokenBackup(f"expected a backup with a {MANIFEST} in {folder}, found none that can be read") from None
    if manifest.format != FORMAT:
        raise BrokenBackup(
            f"expected a backup of format {FORMAT}, found {manifest.format}; use the version that made it"
        )
    found = digests(folder)
    if found != manifest.files:
        differing = sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name))
        raise BrokenBackup(
            f"expected the {len(manifest.files)} files of the manifest, found {len(differing)} missing, changed or new,"
            f" first {differing[0]}; take another backup"
        )
    return manifest


def _files(folder: Path) -> Iterator[Path]:
    return (one for one in sorted(folder.rglob("*")) if one.is_file() and one != folder / MANIFEST)


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(PIECE):
            found.update(piece)
    return found.hexdigest()
