"""Reads a YAML file that people write: its content, and the line of every key, so that each error can name it."""

import re
from pathlib import Path
from typing import Any

import yaml

from contracts import yaml12

_NAMES = {bool: "a boolean", int: "a number", float: "a number"}
Lines = dict[tuple[str, ...], int]


class UnreadableFile(ValueError):
    """A file that can't be used; the message says where and what was expected."""


def read_yaml(path: Path, first_key: str) -> tuple[Any, Lines]:
    """The content of a YAML file and the line of every key in it."""
    raw = path.read_bytes()
    lines: Lines = {}
    try:
        text = raw.decode()
        root = yaml12.compose(text)
        if not isinstance(root, yaml.MappingNode):
            raise UnreadableFile(f"{path}:1: expected a mapping that starts with `{first_key}:`, found something else")
        _index_lines(root, (), lines, path)
        return yaml12.load(text), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnreadableFile(f"{path}:{line}: expected YAML, found {error.problem or 'something else'}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableFile(f"{path}:{line}: expected YAML, found a character that it does not allow") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(f"{path}:{line}: expected UTF-8, found other bytes; save the file as UTF-8") from None
    except RecursionError:
        raise UnreadableFile(f"{path}:1: expected a few levels of nesting, found one without an end") from None


def _index_lines(node: yaml.Node, at: tuple[str, ...], lines: Lines, path: Path) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = (*at, str(key.value))
            if where in lines:
                raise UnreadableFile(
                    f"{path}:{key.start_mark.line + 1}: {'.'.join(where)}: found this key a second time"
                )
            lines[where] = key.start_mark.line + 1
            _index_lines(value, where, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _index_lines(value, (*at, str(position)), lines, path)


def described(what: str, path: Path, found: dict[str, Any], lines: Lines, skipped: tuple[str, ...] = ()) -> str:
    """An error of pydantic's about a file, which is `what`, with the line of the key.

    `skipped` are the tags of unions, which no file holds.
    """
    where = tuple(str(part) for part in found["loc"] if part not in skipped)
    line = next(lines[where[:length]] for length in range(len(where), -1, -1) if where[:length] in lines)
    key = ".".join(where) or what
    if found["type"] == "extra_forbidden":
        return f"{path}:{line}: {key}: expected a key of the {what} format, found an unknown one"
    if found["type"] == "missing":
        return f"{path}:{line}: {key}: expected this key, found none"
    if found["type"] == "string_type" and isinstance(found["input"], bool | int | float):
        return f"{path}:{line}: {key}: expected text, found {_NAMES[type(found['input'])]}; quote it"
    return f"{path}:{line}: {key}: " + re.sub(r"^Value error, ", "", found["msg"])
