"""Claims by path, such as `traits.email`, and as the tree that a record's contract reads."""

from collections.abc import Mapping
from typing import Any


def as_tree(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Claims by path as a tree."""
    found: dict[str, Any] = {}
    for path, value in claims.items():
        part, _, name = path.partition(".")
        if name:
            found.setdefault(part, {})[name] = value
        else:
            found[part] = value
    return found


def at_path(nested: Mapping[str, Any], path: str) -> Any:
    """The value of a tree at a path; None if there is none."""
    part, _, name = path.partition(".")
    return nested.get(part, {}).get(name) if name else nested.get(part)
