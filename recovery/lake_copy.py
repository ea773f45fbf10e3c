"""Copies a lake file by file, so that every table of the copy is one that its readers could have seen."""

from collections.abc import Callable
from pathlib import Path

import fsspec

PROGRESS = "progress"


def copy_out(lake: str, folder: Path) -> int:
    """Copies a lake into a folder while jobs may write to it; returns the number of files.

    `progress` comes first: a job whose table is further than its progress says does that part again. Of each table the
    log is listed first and copied last, so that every file which it names is there. No file may be deleted meanwhile.
    """
    source, root = fsspec.core.url_to_fs(lake)
    tables = sorted({_table(name) for name in source.find(root) if "/_delta_log/" in name}, key=_progress_first(root))
    count = 0
    for table in tables:
        log = source.find(f"{table}/_delta_log")
        data = [name for name in source.find(table) if "/_delta_log/" not in name]
        for name in [*data, *log]:
            target = folder / name.removeprefix(root).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            source.get_file(name, str(target))
            count += 1
    return count


def copy_in(folder: Path, lake: str) -> int:
    """Copies a folder back to where the lake is; returns the number of files."""
    target, root = fsspec.core.url_to_fs(lake)
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    for file in files:
        name = f"{root}/{file.relative_to(folder)}"
        target.makedirs(name.rpartition("/")[0], exist_ok=True)
        target.put_file(str(file), name)
    return len(files)


def is_empty(lake: str) -> bool:
    """Whether nothing lies where the lake is to be."""
    source, root = fsspec.core.url_to_fs(lake)
    return not source.exists(root) or not source.find(root)


def _table(name: str) -> str:
    return name.partition("/_delta_log/")[0]


def _progress_first(root: str) -> Callable[[str], tuple[bool, str]]:
    return lambda table: (table != f"{root}/{PROGRESS}", table)
