"""No row of a channel file is lost: it is read, or it comes out with the reason why not."""

import json
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_files.rows import LONGEST_QUOTE, LONGEST_ROW, RawRow, parse_csv_record, parse_json_line, read_rows
from contracts.channel import Channel
from contracts.reading import Row


def contract(format_: str, **more: Any) -> Channel:
    columns = {"id": {"is": "key"}, "name": {"is": "full_name"}, "app.device": {"is": "device_id"}}
    basis = {"channel": "shop", "files": "*", "format": format_, "holds": ["person"], "columns": columns}
    return Channel.model_validate(basis | more)


CSV, JSONL, PARQUET = contract("csv"), contract("jsonl"), contract("parquet")


def rows(content: bytes, channel: Channel) -> list[RawRow]:
    """The rows under the header."""
    return [row for row in read_rows(BytesIO(content), channel) if row.number]


def read(content: bytes, channel: Channel = CSV) -> list[tuple[int, Any]]:
    """Number and payload of every row, or the first words of its reason."""
    return [(row.number, row.payload or (row.reason or "").partition(",")[0]) for row in rows(content, channel)]


def person(id_: str, name: str) -> dict[str, str]:
    return {"id": id_, "name": name}


@pytest.mark.parametrize("channel", [CSV, JSONL], ids=["csv", "jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n"], ids=repr)
def test_an_empty_file_has_no_rows_and_is_still_seen(channel: Channel, content: bytes) -> None:
    found = list(read_rows(BytesIO(content), channel))
    assert [row.number for row in found if row.reason is None] == [0]
    assert found[0].header == [] or content == b"\xef\xbb\xbf"


def test_a_header_alone_has_no_rows_and_tells_its_columns() -> None:
    assert list(read_rows(BytesIO(b"id,name\n"), CSV)) == [RawRow(0, b"", header=["id", "name"])]


def test_rows_are_numbered_as_an_editor_numbers_lines() -> None:
    assert read(b"id,name\n1,Ann\n\n2,Bob\n") == [(2, person("1", "Ann")), (4, person("2", "Bob"))]


def test_a_wrong_encoding_costs_only_the_rows_it_spoils() -> None:
    content = "id,name\n1,Zoé\n2,Bob\n".encode("latin-1")
    assert read(content) == [(2, "expected text in utf-8"), (3, person("2", "Bob"))]
    assert read(content, contract("csv", encoding="latin-1"))[0] == (2, person("1", "Zoé"))


def test_a_header_in_a_wrong_encoding_refuses_every_row() -> None:
    assert read("id,prénom\n1,Zoe\n".encode("latin-1")) == [(2, "header: expected text in utf-8")]


def test_a_torn_last_line_is_refused() -> None:
    assert read(b"id,name\n1,Ann\n2") == [(2, person("1", "Ann")), (3, "expected 2 fields")]
    assert read(b'id,name\n1,Ann\n2,"Bo') == [(2, person("1", "Ann")), (3, "expected fields by RFC 4180")]
    assert read(b'{"id": "1"}\n{"id": "2', JSONL) == [(1, {"id": "1"}), (2, "expected one JSON object a line")]


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_ten_megabytes_in_one_field_cost_only_their_own_row(quote: bytes) -> None:
    field = quote + b"x" * 10_000_000 + quote
    found = rows(b"id,name\n1," + field + b"\n2,Bob\n", CSV)
    assert found[0].reason == f"expected at most {LONGEST_ROW} bytes a row, found {len(found[0].raw)}"
    assert found[1].payload == person("2", "Bob")


def test_a_json_line_of_ten_megabytes_costs_only_itself() -> None:
    line = b'{"id": "1", "name": "' + b"x" * 10_000_000 + b'"}'
    assert read(line + b'\n{"id": "2"}\n', JSONL)[1] == (2, {"id": "2"})


def test_a_duplicate_header_refuses_every_row() -> None:
    reasons = [row.reason for row in rows(b"id,name,name\n1,Ann,Bob\n2,Cid,Dan\n", CSV)]
    assert reasons == ["header: expected every column once, found 'name' 2 times"] * 2


def test_a_header_without_the_key_refuses_every_row() -> None:
    assert read(b"nom\nAnn\n") == [(2, "header: expected the column 'id'")]


def test_a_missing_column_that_is_not_needed_and_an_extra_one_refuse_nothing() -> None:
    assert read(b"id,colour\n1,red\n") == [(2, {"id": "1", "colour": "red"})]


def test_a_nul_byte_costs_only_its_own_row() -> None:
    expected = [(2, "expected text"), (3, person("2", "Bob"))]
    assert read(b"id,name\n1,A\0nn\n2,Bob\n") == expected
    assert read(b'\n{"id": "\0"}\n{"id": "2", "name": "Bob"}', JSONL) == expected


def test_a_header_repeated_mid_file_is_refused() -> None:
    content = b"id,name\n1,Ann\nid,name\n2,Bob\n"
    assert read(content) == [(2, person("1", "Ann")), (3, "expected data"), (4, person("2", "Bob"))]


@pytest.mark.parametrize("broken", [b'2,"Bob', b'"2,Bob', b'2,"Bob" Brown"'])
def test_a_quote_never_closed_costs_only_its_own_line(broken: bytes) -> None:
    found = read(b"id,name\n1,Ann\n" + broken + b"\n3,Cid\n4,Dan\n")
    expected = [(2, person("1", "Ann")), (4, person("3", "Cid")), (5, person("4", "Dan"))]
    assert [row for row in found if row[0] != 3] == expected
    assert found[1] == (3, "expected fields by RFC 4180")


def test_two_quotes_never_closed_cost_two_lines_and_none_between() -> None:
    found = read(b'id,name\n1,"Ann\n2,Bob\n3,"Cid\n4,Dan\n')
    broken = "expected fields by RFC 4180"
    assert found == [(2, broken), (3, person("2", "Bob")), (4, broken), (5, person("4", "Dan"))]


def test_an_inch_mark_inside_a_field_is_text() -> None:
    found = read(b'id,name\n1,5" pipe\n2,Bob\n3,6" pipe\n')
    assert found == [(2, person("1", '5" pipe')), (3, person("2", "Bob")), (4, person("3", '6" pipe'))]


def test_a_quote_that_closes_far_below_is_none() -> None:
    between = b"".join(b"%d,x\n" % number for number in range(2, LONGEST_QUOTE + 10))
    found = read(b'id,name\n1,"Ann\n' + between + b'"\n')
    assert len(found) == LONGEST_QUOTE + 10
    assert found[1] == (3, person("2", "x"))


def test_line_breaks_inside_quotes_are_text() -> None:
    found = read(b'id,name\n1,"Ann\nof ""the"" Hill\r\n\n"\n2,Bob\n')
    assert found == [(2, person("1", 'Ann\nof "the" Hill\r\n\n')), (6, person("2", "Bob"))]


def test_a_column_may_have_a_line_break_in_its_name() -> None:
    assert read(b'id,"na\nme"\n1,Ann\n') == [(3, {"id": "1", "na\nme": "Ann"})]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert read(b"\xef\xbb\xbfid,name\n1,Ann\n") == [(2, person("1", "Ann"))]
    assert read(b'\xef\xbb\xbf"id",name\n1,Ann\n') == [(2, person("1", "Ann"))]
    assert read(b'\xef\xbb\xbf{"id": "1"}\n', JSONL) == [(1, {"id": "1"})]


def test_windows_line_ends_are_no_part_of_the_last_column() -> None:
    assert read(b"id,name\r\n1,Ann\r\n\r\n2,\r\n") == [(2, person("1", "Ann")), (4, person("2", ""))]
    assert read(b'{"id": "1"}\r\n', JSONL) == [(1, {"id": "1"})]


def test_a_row_of_empty_fields_is_a_row_whatever_the_delimiter() -> None:
    assert read(b"id\tname\n\t\n", contract("csv", delimiter="\t")) == [(2, person("", ""))]


fields = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(
    st.lists(st.tuples(fields, fields), max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", ";", "|"])
)
def test_quoted_records_are_read_back_as_they_were_written(people: list[tuple[str, str]], end: str, mark: str) -> None:
    quoted = [mark.join('"' + field.replace('"', '""') + '"' for field in one) for one in people]
    content = end.join([f"id{mark}name", *quoted, ""]).encode()
    found = rows(content, contract("csv", delimiter=mark))
    # what repeats the header is refused as such
    wanted = [person(*one) if one != ("id", "name") else None for one in people]
    assert [row.payload for row in found] == wanted


@given(st.lists(st.text('ab",\n\r ', max_size=12).map(str.encode), max_size=12))
def test_no_line_is_lost_however_it_is_quoted(lines: list[bytes]) -> None:
    found = rows(b"id,name\n" + b"\n".join(lines), CSV)
    written = b"".join(lines).translate(None, b"\r\n ")
    assert b"".join(row.raw for row in found).translate(None, b"\r\n ") == written
    assert [row.number for row in found] == sorted({row.number for row in found})


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": NaN}',
        b'{"id": 1, "amount": Infinity}',
        b'{"id": 1, "amount": 1e999}',
        b'{"id": "\\ud800"}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"id": ' * 100_000,
        b'{"id": "1"} {"id": "2"}',
        b"id,name",
    ],
    ids=[
        "NaN",
        "Infinity",
        "1e999",
        "lone surrogate",
        "5000 digits",
        "100,000 brackets",
        "100,000 objects",
        "two",
        "csv",
    ],
)
def test_a_line_that_is_no_json_costs_only_itself(line: bytes) -> None:
    found = read(line + b'\n{"id": "2"}', JSONL)
    assert found == [(1, "expected one JSON object a line"), (2, {"id": "2"})]


@pytest.mark.parametrize("line", [b'["1"]', b'"1"', b"1", b"null", b"true"])
def test_json_that_is_no_object_is_refused(line: bytes) -> None:
    assert rows(line, JSONL)[0].reason == "expected one JSON object a line, found another JSON value"


def test_columns_of_json_lines_are_those_of_all_lines() -> None:
    content = b'{"id": "1", "app": {"device": "D"}}\n{"id": "2", "cart": {"items": 1}}\n'
    header = [row.header for row in read_rows(BytesIO(content), JSONL) if row.number == 0]
    assert header == [["id", "app.device", "cart"]]


def parquet(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_parquet_rows_are_read_with_their_columns() -> None:
    content = parquet(pa.table({"id": ["1", "2"], "name": ["Ann", None], "app": [{"device": "D"}, None]}))
    found = list(read_rows(BytesIO(content), PARQUET))
    assert found[0] == RawRow(0, b"", header=["id", "name", "app"])
    assert found[1].payload == {"id": "1", "name": "Ann", "app": {"device": "D"}}
    assert [row.number for row in found] == [0, 1, 2]
    assert json.loads(found[2].raw) == {"id": "2", "name": None, "app": None}


def test_not_a_number_in_parquet_is_no_value() -> None:
    content = parquet(pa.table({"id": ["1"], "name": [float("nan")]}))
    assert read(content, PARQUET) == [(1, {"id": "1", "name": None})]


def test_parquet_without_the_key_or_with_a_column_twice_refuses_every_row() -> None:
    assert read(parquet(pa.table({"name": ["Ann"]})), PARQUET) == [(1, "header: expected the column 'id'")]
    twice = pa.table([["1"], ["2"]], names=["id", "id"])
    assert read(parquet(twice), PARQUET) == [(1, "header: expected every column once")]


@pytest.mark.parametrize(
    "content", [b"", b"id,name\n1,Ann\n", parquet(pa.table({"id": ["1"]}))[:-9]], ids=["empty", "csv", "torn"]
)
def test_a_file_that_is_no_parquet_is_one_refused_row(content: bytes) -> None:
    assert read(content, PARQUET) == [(1, "expected a Parquet file")]


def test_a_refused_record_keeps_what_a_replay_needs() -> None:
    refused = next(row for row in rows(b"id,name\n1\n", CSV) if row.reason)
    assert parse_csv_record(refused.number, refused.raw, refused.header or [], CSV) == refused
    torn = rows(b'{"id"', JSONL)[0]
    assert parse_json_line(torn.number, torn.raw, JSONL) == torn


def test_binary_of_parquet_is_text_and_its_floats_are_the_ids_that_they_were() -> None:
    content = parquet(pa.table({"id": pa.array([b"Z\xc3\xa9"], pa.binary()), "name": pa.array([12345.0])}))
    found = read(content, PARQUET)
    assert found == [(1, {"id": "Zé", "name": 12345.0})]
    assert Row(PARQUET, found[0][1]).text("key") == "Zé"
    assert Row(PARQUET, {"id": 12345.0}).text("key") == "12345"
