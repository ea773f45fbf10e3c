"""The lake's tables: those that the jobs define, their overlays, and any others under its root."""

import fsspec

from erasure.answers.lake import BESIDE, answer_of
from feature_repo.batch import FEATURES
from lake import tables as known
from lake.overlay import parts
from lake.tables import PROGRESS, TOMBSTONES, Table

DEEPEST = 3
"""Folders between the root and a table's log."""


def known_tables() -> dict[str, Table]:
    """Every table that the jobs define, by name."""
    named = [one for one in vars(known).values() if isinstance(one, Table)]
    return {one.name: one for one in [*named, *known.BRONZE.values(), *FEATURES.values()]}


def tables_there(lake: str) -> list[Table]:
    """Every Delta table under the lake's root, by walking it; of an unknown one only the name is known."""
    names, defined = _names(lake), known_tables()
    found = []
    for name in sorted(names):
        large = defined.get(name.removesuffix(BESIDE))
        if name in defined:
            found.append(defined[name])
        elif large is not None:
            found.append(parts(large)[1])
        else:
            found.append(Table(name, "", ()))
    return found


def purged_tables(lake: str) -> list[Table]:
    """Every table that holds or ever held personal data."""
    return [one for one in tables_there(lake) if one.name not in (PROGRESS.name, TOMBSTONES.name)]


def unanswered_tables(lake: str) -> set[str]:
    """Tables under the lake's root without an answer; they are purged and searched too."""
    return {one for one in _names(lake) if answer_of(one) is None}


def erased_tables() -> list[Table]:
    """The tables from which rows are deleted, with their overlays."""
    found: list[Table] = []
    for table in known_tables().values():
        answer = answer_of(table.name)
        if answer is not None and answer.gone_by:
            found += parts(table)
    return found


def _names(lake: str) -> set[str]:
    filesystem, root = fsspec.core.url_to_fs(lake)
    found = set[str]()
    for depth in range(1, DEEPEST + 1):
        for log in filesystem.glob("/".join([root.rstrip("/"), *["*"] * depth, "_delta_log"])):
            name = log.rstrip("/").removesuffix("/_delta_log").removeprefix(root.rstrip("/")).strip("/")
            found.add(name)
    return found
