"""Reads channel contracts from a folder; every error names file, line and key."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from contracts import yaml12
from contracts.channel import Channel
from contracts.columns import ONE, SEVERAL

_NAMES = {bool: "a boolean", int: "a number", float: "a number"}


class ContractError(ValueError):
    """A contract that can't be used; the message says where and what was expected."""


def load_channels(folder: Path) -> dict[str, Channel]:
    """Every contract (`*.yml`, `*.yaml`) of a folder, by channel name; ContractError on the first that is wrong."""
    if not folder.is_dir():
        raise ContractError(f"{folder}: expected a folder of channel contracts, found none; set CONTRACTS")
    channels: dict[str, Channel] = {}
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        channel = load_channel(path)
        if channel.channel in channels:
            line = _read(path)[1]["channel",]
            raise ContractError(
                f"{path}:{line}: channel: expected a name of its own, found {channel.channel!r} a second time"
            )
        channels[channel.channel] = channel
    if not channels:
        raise ContractError(f"{folder}: expected at least one channel contract (*.yml), found none")
    return channels


def load_channel(path: Path) -> Channel:
    """One contract file, checked against the model."""
    content, lines = _read(path)
    try:
        return Channel.model_validate(content)
    except ValidationError as error:
        raise ContractError("\n".join(_describe(path, dict(found), lines) for found in error.errors())) from None


def _read(path: Path) -> tuple[Any, dict[tuple[str, ...], int]]:
    """The content of a YAML file and the line of every key in it."""
    raw = path.read_bytes()
    lines: dict[tuple[str, ...], int] = {}
    try:
        text = raw.decode()
        root = yaml12.compose(text)
        if not isinstance(root, yaml.MappingNode):
            raise ContractError(f"{path}:1: expected a mapping that starts with `channel:`, found something else")
        _index_lines(root, (), lines, path)
        return yaml12.load(text), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(f"{path}:{line}: expected YAML, found {error.problem or 'something else'}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ContractError(f"{path}:{line}: expected YAML, found a character that it does not allow") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ContractError(f"{path}:{line}: expected UTF-8, found other bytes; save the file as UTF-8") from None
    except RecursionError:
        raise ContractError(f"{path}:1: expected a few levels of nesting, found one without an end") from None


def _index_lines(node: yaml.Node, at: tuple[str, ...], lines: dict[tuple[str, ...], int], path: Path) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = (*at, str(key.value))
            if where in lines:
                raise ContractError(
                    f"{path}:{key.start_mark.line + 1}: {'.'.join(where)}: found this key a second time"
                )
            lines[where] = key.start_mark.line + 1
            _index_lines(value, where, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _index_lines(value, (*at, str(position)), lines, path)


def _describe(path: Path, found: dict[str, Any], lines: dict[tuple[str, ...], int]) -> str:
    where = tuple(str(part) for part in found["loc"] if part not in (ONE, SEVERAL))
    line = next(lines[where[:length]] for length in range(len(where), -1, -1) if where[:length] in lines)
    key = ".".join(where) or "contract"
    if found["type"] == "extra_forbidden":
        return f"{path}:{line}: {key}: expected a key of the contract format, found an unknown one"
    if found["type"] == "missing":
        return f"{path}:{line}: {key}: expected this key, found none"
    if found["type"] == "string_type" and isinstance(found["input"], bool | int | float):
        return f"{path}:{line}: {key}: expected text, found {_NAMES[type(found['input'])]}; quote it"
    return f"{path}:{line}: {key}: " + re.sub(r"^Value error, ", "", found["msg"])
