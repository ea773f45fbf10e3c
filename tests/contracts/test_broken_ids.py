"""What programs send as an id where they know nobody is nobody's id, in every channel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.broken_ids import is_broken_id, is_broken_word
from contracts.channel import Channel
from contracts.consent_rows import consents_of
from contracts.events import Message, RefusedItem, read_id
from contracts.identifiers import InvalidIdentifier, normalise
from contracts.reading import RefusedRow
from contracts.standard import person_record
from tests.spark_jobs.silver import NOW

BROKEN = """undefined|UNDEFINED|[object Object]|true|False|guest|-1|(null)|0|NaN|00000000-0000-0000-0000-000000000000|
9999999999|(not set)|null|None|nil|<null>|N/A|unknown|anonymous|undefined undefined|{}|""|''|-|--|.|0000|0.0|-999|
00000000000000000000000000000000|{00000000-0000-0000-0000-000000000000}|ffffffff-ffff-ffff-ffff-ffffffffffff|99999999|
1111111111|2147483647|-2147483648|9223372036854775807|1234567890|1.23457E+12|1,23457E+12|\\N|#N/A|#REF!|%user_id%|
{{ user.id }}|${userId}|<%= id %>|{user_id}|[[id]]|d41d8cd98f00b204e9800998ecf8427e|not logged in|not_authenticated|
Optional(nil)|[object Undefined]|user_id|distinct_id|lmy47d|inconnu|anonyme|Guest User|notset|0x0"""
WORDS = [one.strip() for one in BROKEN.replace("\n", "").split("|")]
KINDS = [
    "user_id",
    "device_id",
    "visitor_id",
    "customer_number",
    "loyalty_card",
    "account_number",
    "national_id",
    "crm",
]
REAL = """u-2048|1|42|7777|99|a0|0a|user7|guest-17|x1|null-island-7|5f3c|00000000-0000-0000-0000-000000000001|123456|
1e5f|12345|zero|truer|nando|9f86d081884c7d659a2feaa0c55ad015|ana@post.example|A-00-1|-12|10000000|test-7|{1}|%|_|*|userId"""


@pytest.mark.parametrize("word", WORDS)
def test_a_broken_id_is_no_identifier_of_any_kind(word: str) -> None:
    for kind in KINDS:
        for spelt in (word, f" {word}\u200b", word.upper(), word.lower()):
            with pytest.raises(InvalidIdentifier):
                normalise(kind, spelt)
    assert read_id(word, "userId") is None


@pytest.mark.parametrize("real", [one.strip() for one in REAL.replace("\n", "").split("|")])
def test_an_id_that_only_looks_like_one_is_somebodys(real: str) -> None:
    assert normalise("user_id", real).value == real


@given(st.text())
def test_what_is_broken_is_so_in_any_case_and_between_any_blanks(text: str) -> None:
    assert is_broken_id(text) == is_broken_id(f"  {text}\t")
    assert not is_broken_word(text) or is_broken_id(text)


def test_a_number_of_json_that_is_broken_is_no_id_either() -> None:
    assert [read_id(one, "userId") for one in (0, -1, 9_999_999_999, 7)] == [None, None, None, "7"]
    with pytest.raises(RefusedItem):
        read_id("u" * 256, "userId")
    assert Message().user_id is None


PEOPLE = Channel.model_validate(
    {
        "channel": "crm",
        "files": "*",
        "format": "csv",
        "holds": ["person"],
        "columns": {
            "id": {"is": "key"},
            "user": {"is": "external_id", "kind": "user_id"},
            "device": {"is": "device_id"},
            "mail": {"is": "email"},
        },
    }
)


@pytest.mark.parametrize("word", WORDS)
def test_a_broken_id_in_a_file_is_none_and_the_report_says_so(word: str) -> None:
    row = {"id": "7", "user": word, "device": word, "mail": "ana@post.example"}
    record = person_record(PEOPLE, row, NOW)
    assert [(one.kind, one.value) for one in record.identifiers] == [("email", "ana@post.example")]
    told = "expected somebody's id, found what programs send for nobody"
    assert set(record.issues) <= {
        f"{name}: {kind}: {told}" for name, kind in (("user", "user_id"), ("device", "device_id"))
    }


def test_a_row_of_a_file_may_be_numbered_zero_and_not_undefined() -> None:
    assert person_record(PEOPLE, {"id": "0"}, NOW).source_key == "0"
    for word in ("undefined", "(null)", "[object Object]", "NaN"):
        with pytest.raises(RefusedRow, match="id: expected a value"):
            person_record(PEOPLE, {"id": word}, NOW)
    keyed = PEOPLE.model_copy(
        update={"columns": PEOPLE.columns | {"id": PEOPLE.columns["user"].model_copy(update={"is_": "key"})}}
    )
    assert person_record(keyed, {"id": "0"}, NOW).identifiers == []


def test_a_decision_of_nobodys_id_is_refused() -> None:
    roles = ("identifier_kind", "identifier", "purpose", "decision", "decided_at")
    columns = {role: {"is": role} | ({"format": "iso"} if role == "decided_at" else {}) for role in roles}
    said = {"channel": "forms", "files": "*", "format": "csv", "holds": ["consent"], "columns": columns}
    row = dict(zip(roles, ("user_id", "undefined", "analytics", "refused", "2024-05-01T00:00:00Z"), strict=True))
    with pytest.raises(RefusedRow, match="expected"):
        consents_of(Channel.model_validate(said), row, NOW)
