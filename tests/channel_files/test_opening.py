"""A file is read as what it is, whatever it is called; what holds no row says why."""

import gzip
import io
import zipfile
from typing import Any

import pytest
from python_calamine import CalamineWorkbook  # noqa: F401 -- the reader is there

from channel_files.rows import RawRow, read_rows, reread
from contracts.channel import Channel

TEXT = "id;name;born\n1;Zoé;02/03/1980\n2;Bob;05/06/1990\n"
PEOPLE = [{"id": "1", "name": "Zoé", "born": "02/03/1980"}, {"id": "2", "name": "Bob", "born": "05/06/1990"}]
COLUMNS: dict[str, Any] = {
    "id": {"is": "key"},
    "name": {"is": "full_name"},
    "born": {"is": "birth_date", "format": "%d/%m/%Y"},
}


def contract(**more: Any) -> Channel:
    basis = {"channel": "shop", "files": "*", "format": "csv", "delimiter": ";", "holds": ["person"]}
    return Channel.model_validate(basis | {"columns": COLUMNS} | more)


def rows(content: bytes, channel: Channel) -> list[RawRow]:
    return [row for row in read_rows(io.BytesIO(content), channel) if row.number]


def payloads(content: bytes, **more: Any) -> list[dict[str, Any] | None]:
    return [row.payload for row in rows(content, contract(**more))]


def zipped(**files: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_line_ends_and_unicode_of_every_make_are_read(ends: str, encoding: str) -> None:
    assert payloads(TEXT.replace("\n", ends).encode(encoding)) == PEOPLE


@pytest.mark.parametrize("declared", ["utf-8", "cp1252"])
def test_utf_16_is_seen_whatever_the_contract_declares(declared: str) -> None:
    assert payloads(TEXT.encode("utf-16"), encoding=declared) == PEOPLE


def test_a_packed_file_is_read_as_what_is_in_it() -> None:
    assert payloads(gzip.compress(TEXT.encode())) == PEOPLE
    assert payloads(zipped(people=TEXT.encode("utf-16"))) == PEOPLE
    assert payloads(zipped(**{"people": TEXT.encode(), "__MACOSX/people": b"x"})) == PEOPLE
    assert payloads(gzip.compress(zipped(people=TEXT.encode()))) == PEOPLE


def test_a_zip_of_several_files_and_a_torn_one_say_so() -> None:
    assert [row.reason for row in rows(zipped(a=b"", b=b""), contract())] == [
        "expected a zip of one file, found 2; unpack it"
    ]
    torn = rows(gzip.compress(TEXT.encode() * 5000)[:-20], contract())
    assert torn[-1].reason == "expected a packed file, found one that can't be read on from here"
    assert [row.reason for row in rows(b"PK\x03\x04 and no more", contract())] == [
        "expected a packed file, found one that can't be read on from here"
    ]


@pytest.mark.parametrize(("mark", "delimiter"), [(";", ","), (";", ";"), ("\t", ",")])
def test_a_first_line_that_names_the_delimiter_is_believed(mark: str, delimiter: str) -> None:
    content = f"sep={mark}\n{TEXT.replace(';', mark)}3{mark}x\n".encode()
    found = rows(content, contract(delimiter=delimiter))
    assert [row.payload for row in found] == [*PEOPLE, None]
    torn = found[-1]
    again = reread(contract(delimiter=delimiter), torn.number, torn.raw, torn.header)
    assert again.reason == torn.reason == "expected 3 fields, found 2"


def test_a_file_without_a_header_is_read_by_the_order_of_the_contract() -> None:
    assert payloads(TEXT.partition("\n")[2].encode(), header=False) == PEOPLE


def test_what_stands_in_place_of_a_header_is_not_repeated_and_not_lost() -> None:
    content = TEXT.partition("\n")[2].encode()
    found = list(read_rows(io.BytesIO(content), contract()))
    assert [row.number for row in found] == [0, 1, 2]
    assert found[0].header == []
    assert {row.reason for row in found[1:]} == {"header: expected the column 'id', found none of that name"}
    mended = contract(header=False)
    assert [reread(mended, row.number, row.raw, row.header).payload for row in found[1:]] == PEOPLE
    twice = list(read_rows(io.BytesIO(b"Paris;Paris;123456\n"), contract()))
    assert "Paris" not in " ".join(row.reason or "" for row in twice) and twice[0].header == []


def test_lines_before_the_header_are_skipped_and_still_counted() -> None:
    found = rows(b"Export of today\n\n" + TEXT.encode(), contract(skip=2))
    assert [(row.number, row.payload) for row in found] == [(4, PEOPLE[0]), (5, PEOPLE[1])]


def test_an_escape_character_makes_a_quote_text() -> None:
    content = b'id;name;born\n1;"Zo\\"e; \\"X\\"";02/03/1980\n2;"two\n\\"lines\\"";05/06/1990\n'
    assert [row and row["name"] for row in payloads(content, escape="\\")] == ['Zo"e; "X"', 'two\n"lines"']


def workbook(rows: list[list[Any]]) -> bytes:
    """The least that is an xlsx file: one sheet of texts and numbers; a number in a list is a date."""
    letters = "ABCDEFGHIJ"

    def cell(at: str, value: Any) -> str:
        if isinstance(value, str):
            return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>' if value else ""
        if isinstance(value, bool):
            return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
        return (
            f'<c r="{at}" s="1"><v>{value[0]}</v></c>' if isinstance(value, list) else f'<c r="{at}"><v>{value}</v></c>'
        )

    made = "".join(
        f'<row r="{n}">{"".join(cell(f"{letters[i]}{n}", value) for i, value in enumerate(line))}</row>'
        for n, line in enumerate(rows, start=1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind, package = "ContentType", "http://schemas.openxmlformats.org/package/2006"
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zipped(
        **{
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
            f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{spreadsheet}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{spreadsheet}.styles+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" {kind}="{spreadsheet}.worksheet+xml"/></Types>'.encode(),
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/'
            'officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="People" sheetId="1"'
            ' r:id="rId1"/></sheets></workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1"'
            f' Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{office}/styles"'
            ' Target="styles.xml"/></Relationships>'.encode(),
            "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/>'
            "</cellXfs></styleSheet>".encode(),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{made}</sheetData></worksheet>'.encode(),
        }
    )


WORKBOOK = workbook([["id", "name", "born"], [1, "Zoé", [29282]], [], ["2", "Bob", "05/06/1990"]])


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_a_workbook_is_read_under_whatever_name_it_comes(format_: str) -> None:
    found = rows(WORKBOOK, contract(format=format_))
    assert [(row.number, row.payload) for row in found] == [
        (2, {"id": 1.0, "name": "Zoé", "born": "02/03/1980"}),
        (4, {"id": "2", "name": "Bob", "born": "05/06/1990"}),
    ]
    assert reread(contract(format=format_), 2, found[0].raw, None).payload == found[0].payload


def test_a_workbook_without_the_sheet_or_the_key_and_a_file_that_is_none_say_so() -> None:
    assert [row.reason for row in rows(WORKBOOK, contract(format="xlsx", sheet="Leads"))] == [
        "expected a sheet 'Leads', found none of that name"
    ]
    other = workbook([["nom"], ["Zoé"]])
    assert rows(other, contract(format="xlsx"))[0].reason == "header: expected the column 'id', found none of that name"
    assert rows(TEXT.encode(), contract(format="xlsx"))[0].reason == (
        "expected a workbook, found another file; set `format` in the contract"
    )
    assert rows(zipped(**{"[Content_Types].xml": b"<x/>"}), contract())[0].reason == (
        "expected a workbook, found a file that can't be read as one"
    )
