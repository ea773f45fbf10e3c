"""Reads channel contracts from a folder; every error names file, line and key."""

from pathlib import Path

from pydantic import ValidationError

from contracts.channel import Channel
from contracts.columns import ONE, SEVERAL
from contracts.yaml_files import UnreadableFile, described, read_yaml


class ContractError(UnreadableFile):
    """A contract that can't be used; the message says where and what was expected."""


def load_channels(folder: Path) -> dict[str, Channel]:
    """Every contract (`*.yml`, `*.yaml`) of a folder, by channel name; ContractError on the first that is wrong."""
    if not folder.is_dir():
        raise ContractError(f"{folder}: expected a folder of channel contracts, found none; set CONTRACTS")
    channels: dict[str, Channel] = {}
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        channel = load_channel(path)
        if channel.channel in channels:
            line = read_yaml(path, "channel")[1]["channel",]
            raise ContractError(
                f"{path}:{line}: channel: expected a name of its own, found {channel.channel!r} a second time"
            )
        channels[channel.channel] = channel
    if not channels:
        raise ContractError(f"{folder}: expected at least one channel contract (*.yml), found none")
    return channels


def load_channel(path: Path) -> Channel:
    """One contract file, checked against the model."""
    try:
        content, lines = read_yaml(path, "channel")
        return Channel.model_validate(content)
    except ValidationError as error:
        said = (described("contract", path, dict(found), lines, (ONE, SEVERAL)) for found in error.errors())
        raise ContractError("\n".join(said)) from None
    except UnreadableFile as error:
        raise ContractError(str(error)) from None
