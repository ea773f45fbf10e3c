"""A contract is tried and proposed without Spark or stores: what is read beside what is written, and why not."""

import csv
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_files.proposing import proposed
from channel_files.trying import main
from contracts.loading import load_channel

CONTRACT = """
channel: shop
files: shop*.csv
format: csv
holds: [person]
region: FR
columns:
  no: {is: key}
  name: {is: full_name}
  born: {is: birth_date, format: "%d/%m/%Y"}
  mail: {is: email, required: true}
  phone: {is: phone}
  gone: {is: city}
"""
ROWS = """no,name,born,mail,phone,extra
1,Ana ROUX,02/03/1980,Ana@post.example,06 39 98 00 01,x
2,Luc,soon,luc@post.example,call me,
3,Max,N/A,nobody,,
4,short
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yml").write_text(CONTRACT)
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "shop-1.csv").write_text(ROWS)
    return tmp_path


def tried(shop: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    main(["--contract", str(shop / "shop.yml"), "--sources", str(shop / "sources"), *more])
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_rows_as_read_stand_beside_rows_as_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = tried(shop, capsys)
    assert "name: Ana ROUX" in said and "family_name: Roux" in said and "birth_date: 1980-03-02" in said
    assert "phone +33639980001" in said


def test_each_column_says_what_was_nothing_unreadable_or_refused_and_why(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tried(shop, capsys)
    assert "born birth_date 2 1 1 x expected a date" in said
    assert "mail email 3 0 1 x email: expected" in said
    assert "phone phone 2 1 1 x phone: expected a" in said
    assert "1 x refused: mail: email: expected local@domain, found something else" in said
    assert "1 x refused: expected 6 fields, found 2" in said
    assert "columns not in the contract: extra" in said and "columns not in the file: gone" in said


def test_so_many_rows_are_tried_and_no_more(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Luc" not in tried(shop, capsys, "--rows", "1")


def test_a_wrong_contract_or_folder_says_so(shop: Path) -> None:
    with pytest.raises(SystemExit, match="expected a file shop"):
        main(["--contract", str(shop / "shop.yml"), "--sources", str(shop)])
    with pytest.raises(SystemExit, match="expected a folder of channel files"):
        main(["--contract", str(shop / "shop.yml"), "--sources", str(shop / "nowhere")])
    (shop / "shop.yml").write_text(CONTRACT.replace("is: email", "is: mail"))
    with pytest.raises(SystemExit, match=r"shop.yml:11: columns.mail.is: "):
        main(["--contract", str(shop / "shop.yml"), "--sources", str(shop / "sources")])


def test_neither_starts_spark_nor_any_store() -> None:
    code = (
        "import sys, channel_files.trying, channel_files.proposing;"
        "assert not {'pyspark', 'delta', 'sqlalchemy.engine.create', 'pyarrow'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_proposed_contract_loads_and_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Clients 2025.csv"
    text = "Réf;Prénom;Nom;Né le;Courriel;Tél;Ville;Créé;Divers\n"
    text += "".join(
        f"C{n};Zoé{n};Roux;1{n}/03/1980;zoe{n}@post.example;0639980{n}01;Lyon;2024-01-0{n};?\n" for n in (5, 6)
    )
    file.write_bytes(text.encode("cp1252"))
    said = proposed(file)
    assert "zoe5" not in said and "Lyon" not in said
    (tmp_path / "clients.yml").write_text(said)
    contract = load_channel(tmp_path / "clients.yml")
    assert (contract.channel, contract.encoding, contract.delimiter) == ("clients_2025", "cp1252", ";")
    roles = {name: column.is_ for name, column in contract.fields}
    assert roles == {
        "Réf": "key",
        "Prénom": "given_name",
        "Nom": "family_name",
        "Né le": "birth_date",
        "Courriel": "email",
        "Tél": "phone",
        "Ville": "city",
        "Créé": "ignored",
        "Divers": "ignored",
    }
    main(["--contract", str(tmp_path / "clients.yml"), "--sources", str(file)])
    assert "birth_date: 1980-03-15" in capsys.readouterr().out


def test_a_date_that_two_formats_fit_says_so(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,birth date\n1,02/03/1980\n2,04/05/1990\n")
    assert "\"%d/%m/%Y\"}  # or '%m/%d/%Y': nothing in the file tells" in proposed(file)


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.sampled_from([",", ";", "\t"]))
def test_whatever_the_columns_are_called_the_proposal_loads(columns: list[str], mark: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, delimiter=mark)
            writer.writerow(columns)
            writer.writerow([f"v{n}" for n in range(len(columns))])
        contract = Path(folder) / "x.yml"
        contract.write_text(proposed(file), encoding="utf-8")
        assert load_channel(contract).channel == "x"
