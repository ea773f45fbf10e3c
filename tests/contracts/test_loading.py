"""Contracts load from a folder, and every error names file, line and key."""

from pathlib import Path

import pytest

from contracts.loading import ContractError, load_channel, load_channels

EXAMPLES = Path(__file__).parents[2] / "examples"

GOOD = """\
channel: shop
files: shop.csv
format: csv
holds: [person]
columns:
  id: {is: key}
  mail:
    is: email
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.yml"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.yml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_contract_of_the_examples_loads(path: Path) -> None:
    assert load_channel(path).columns


@pytest.mark.parametrize("folder", sorted(path for path in EXAMPLES.iterdir() if any(path.glob("*.yml"))), ids=str)
def test_every_folder_of_the_examples_loads(folder: Path) -> None:
    assert len(load_channels(folder)) == len(list(folder.glob("*.yml")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    is: email\n", "    is: email\n    colour: red\n", r":9: columns.mail.colour: .* found an unknown one"),
        ("format: csv", "format: csv\nnotes: none", r":4: notes: expected a key of the contract format, found an unk"),
        ("channel: shop\n", "", r":1: channel: expected this key, found none"),
        ("    is: email\n", "    region: FR\n", r":7: columns.mail.is: expected this key, found none"),
        ("format: csv", "format: csv\nformat: jsonl", r":4: format: found this key a second time"),
        ("    is: email\n", "    is: email\n  mail: {is: phone}\n", r":9: columns.mail: found this key a second time"),
        ("    is: email", "    is: e_mail", r":8: columns.mail.is: Input should be"),
        ("    is: email", "    is: email\n    required: often", r":9: columns.mail.required: Input should be a valid"),
        ("holds: [person]", "holds: [person, robot]", r":4: holds.1: Input should be"),
        ("holds: [person]", "holds: person", r":4: holds: Input should be a valid list"),
        ("format: csv", "format: csv\nnothing: [1900]", r":4: nothing.0: expected text, found a number; quote it"),
        ("    is: email", "    is: birth_date", r":7: columns.mail: expected a `format` for birth_date"),
        ("  id: {is: key}\n", "", r":1: contract: expected a column that is `key`"),
        ("holds: [person]", "holds: [person", r":5: expected YAML, found"),
        ("format: csv", "format: cs\x07v", r":3: expected YAML, found a character that it does not allow"),
        ("format: csv", "format: csv\n? [a, b]\n: c", r":4: expected YAML, found"),
        ("format: csv", "nothing: &again [*again]\nformat: csv", r":1: expected a few levels of nesting"),
        (GOOD, "- channel: shop\n", r":1: expected a mapping that starts with `channel:`"),
        (GOOD, "", r":1: expected a mapping that starts with `channel:`"),
        (GOOD, "just words\n", r":1: expected a mapping that starts with `channel:`"),
    ],
    ids=[
        "unknown key in a column", "unknown key", "missing key", "missing key of a column", "duplicate key",
        "duplicate column", "unknown field", "wrong type", "wrong item", "one instead of a list", "a number for a text",
        "missing format", "no key column", "not YAML", "control character", "a list as key", "endless nesting",
        "a list", "empty", "a text",
    ],
)  # fmt: skip
def test_a_wrong_contract_names_file_line_and_key(file: Path, old: str, new: str, message: str) -> None:
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError, match=rf"^{file}{message}"):
        load_channel(file)


def test_every_mistake_of_a_contract_is_named_at_once(file: Path) -> None:
    file.write_text(GOOD.replace("format: csv", "format: xls").replace("is: email", "is: mail"), encoding="utf-8")
    with pytest.raises(ContractError, match=r":3: format: .*\n.*:8: columns\.mail\.is: "):
        load_channel(file)


def test_a_contract_in_another_encoding_names_the_line(file: Path) -> None:
    file.write_bytes(GOOD.encode() + b"nothing: [n\xe9ant]\n")
    with pytest.raises(ContractError, match=r":9: expected UTF-8, found other bytes"):
        load_channel(file)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere: expected a folder of channel contracts, found none"):
        load_channels(tmp_path / "nowhere")


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"expected at least one channel contract \(\*\.yml\), found none"):
        load_channels(tmp_path)


def test_two_contracts_of_one_channel_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.yml").write_text("# the same again\n" + GOOD, encoding="utf-8")
    with pytest.raises(ContractError, match=r"b\.yml:2: channel: expected a name of its own, found 'shop'"):
        load_channels(tmp_path)


def test_words_that_older_yaml_takes_for_booleans_dates_and_times_are_words(file: Path) -> None:
    columns = "  no: {is: city}\n  y: {is: street}\n  on: {is: gender, values: {no: female, off: male, false: none}}\n"
    more = "region: NO\nnothing: [1900-01-01, 12:30, on, ~x]\n"
    file.write_text(GOOD + columns + "  12: {is: ignored}\n" + more, encoding="utf-8")
    loaded = load_channel(file)
    assert list(loaded.columns) == ["id", "mail", "no", "y", "on", "12"]
    assert (loaded.region, loaded.nothing) == ("NO", ["1900-01-01", "12:30", "on", "~x"])
    assert dict(loaded.fields)["on"].values == {"no": "female", "off": "male", "false": "none"}


def test_what_is_no_text_in_yaml_1_2_says_that_it_is_to_be_quoted(file: Path) -> None:
    for given, found in (("true", "a boolean"), ("1.50", "a number"), ("17", "a number")):
        file.write_text(GOOD + f"  sex: {{is: gender, values: {{M: {given}}}}}\n", encoding="utf-8")
        with pytest.raises(ContractError, match=rf":9: columns.sex.values.M: expected text, found {found}; quote it"):
            load_channel(file)


def test_a_mistake_in_one_of_several_things_that_a_column_is_names_its_line(file: Path) -> None:
    file.write_text(GOOD + "  two:\n    - {is: city}\n    - {is: town}\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r":11: columns\.two\.1\.is: Input should be"):
        load_channel(file)
