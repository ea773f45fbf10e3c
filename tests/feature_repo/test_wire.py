"""Keys and values of the online store are Feast's own, byte for byte."""

from datetime import UTC, datetime
from typing import Any

from feast.infra.key_encoding_utils import serialize_entity_key, serialize_entity_key_prefix
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.wire import (
    KEY_VERSION,
    PROJECT,
    instant_of,
    kept_instant,
    kept_value,
    online_key,
    online_key_pattern,
    value_of,
)

WHOLE = st.integers(-(1 << 63), (1 << 63) - 1)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEPT = st.one_of(
    st.tuples(st.just("whole"), WHOLE),
    st.tuples(st.just("number"), st.floats(allow_nan=False)),
    st.tuples(st.just("text"), TEXT),
    st.tuples(st.just("flag"), st.booleans()),
    st.tuples(st.just("instant"), MOMENTS.map(lambda at: at.replace(microsecond=0))),
)
FIELD = {
    "whole": "int64_val",
    "number": "double_val",
    "text": "string_val",
    "flag": "bool_val",
    "instant": "unix_timestamp_val",
}


@given(TEXT)
def test_a_key_is_feasts_and_matches_what_finds_them_all(profile_id: str) -> None:
    key = EntityKey(join_keys=["profile_id"], entity_values=[Value(string_val=profile_id)])
    assert online_key(profile_id) == serialize_entity_key(key, KEY_VERSION) + PROJECT.encode()
    start = serialize_entity_key_prefix(["profile_id"], KEY_VERSION)
    assert online_key_pattern() == start + b"*" + PROJECT.encode() and online_key(profile_id).startswith(start)


@given(KEPT)
def test_a_value_is_kept_as_feast_keeps_it_and_read_as_it_was(kept: tuple[str, Any]) -> None:
    kind, value = kept
    theirs = Value(**{FIELD[kind]: int(value.timestamp()) if kind == "instant" else value}).SerializeToString()
    assert kept_value(kind, value) == theirs
    assert value_of(theirs) == value and type(value_of(theirs)) is type(value)


def test_what_is_unknown_is_none_however_feast_keeps_it() -> None:
    assert kept_value("text", None) == Value().SerializeToString()
    least = Value(unix_timestamp_val=-(1 << 63)).SerializeToString()
    null = Value(null_val=0).SerializeToString()
    assert [value_of(one) for one in (b"", None, least, null)] == [None] * 4


@given(MOMENTS)
def test_the_instant_of_a_row_comes_back_to_the_microsecond(at: datetime) -> None:
    assert instant_of(kept_instant(at)) == at
    assert instant_of(None) is None
