"""How Feast keeps a profile's features in Valkey or Redis: its keys, fields and values, byte for byte.

Feast itself is not loaded: that takes seconds and 190 MB in each serving process. Tests compare both.
"""

import struct
from datetime import UTC, datetime
from typing import Any

import mmh3
from google.protobuf.descriptor_pb2 import (  # type: ignore[import-untyped]  # protobuf has no types
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

PROJECT = "one_customer_view"
KEY_VERSION = 3

# The fields of feast.types.Value by a feature's type: our name, the field's number and protobuf's type.
_KEPT_IN = {
    "text": (2, FieldDescriptorProto.TYPE_STRING),
    "whole": (4, FieldDescriptorProto.TYPE_INT64),
    "number": (5, FieldDescriptorProto.TYPE_DOUBLE),
    "flag": (7, FieldDescriptorProto.TYPE_BOOL),
    "instant": (8, FieldDescriptorProto.TYPE_INT64),
}
_STRING = struct.pack("<I", 2)
_UNKNOWN_FROM = 1 << 40
"""Feast stores an unknown instant as the smallest integer."""


def _message() -> Any:
    file = FileDescriptorProto(name="kept.proto", package="kept", syntax="proto3")
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="val")
    for name, (number, kind) in _KEPT_IN.items():
        value.field.add(name=name, number=number, type=kind, oneof_index=0, label=FieldDescriptorProto.LABEL_OPTIONAL)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("kept.Value"))


_Value = _message()


def online_key(profile_id: str) -> Any:
    """The one key under which all features of a profile are kept online; deleting it forgets them.

    Bytes, which the driver takes everywhere and its annotations do not.
    """
    value = profile_id.encode()
    return _PREFIX + _STRING + struct.pack("<I", len(value)) + value + PROJECT.encode()


def online_key_pattern() -> bytes:
    """What SCAN finds every profile's key with."""
    return _PREFIX + b"*" + PROJECT.encode()


def online_field(view: str, feature: str) -> bytes:
    """The field of that hash which holds a feature's value."""
    return int(mmh3.hash(f"{view}:{feature}", signed=False)).to_bytes(4, "little")


def online_stamp(view: str) -> str:
    """The field which holds the instant that a view's row stands at."""
    return f"_ts:{view}"


def kept_value(kind: str, value: Any) -> bytes:
    """A value of a feature's type as it is kept; None is unknown."""
    if value is None:
        return b""
    kept: bytes = _Value(**{kind: int(value.timestamp()) if isinstance(value, datetime) else value}).SerializeToString()
    return kept


def value_of(kept: bytes | None) -> Any:
    """The value that is kept, None where it is unknown."""
    if not kept:
        return None
    found = _Value.FromString(kept)
    kind = found.WhichOneof("val")
    if kind == "instant":
        return datetime.fromtimestamp(found.instant, UTC) if abs(found.instant) < _UNKNOWN_FROM else None
    return getattr(found, kind) if kind else None


def kept_instant(moment: datetime) -> bytes:
    """The instant that a row stands at, as it is kept."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    kept: bytes = stamp.SerializeToString()
    return kept


def instant_of(kept: bytes | None) -> datetime | None:
    """The instant that a row stands at; None without a row."""
    if not kept:
        return None
    stamp = Timestamp()
    stamp.ParseFromString(kept)
    at: datetime = stamp.ToDatetime(UTC)
    return at


_PREFIX = struct.pack("<I", 1) + _STRING + struct.pack("<I", len("profile_id")) + b"profile_id"
