"""A lake of its own for every test, and channel files of a few lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.channel import Channel
from contracts.loading import load_channels

CONTRACTS = {
    "crm": """
channel: crm
files: crm*.csv
format: csv
holds: [person]
region: FR
trust: 90
columns:
  id: {is: key, kind: customer_number}
  given: {is: given_name}
  family: {is: family_name}
  born: {is: birth_date, format: "%d/%m/%Y"}
  mail: {is: email}
  phone: {is: phone}
  changed: {is: version, format: iso}
""",
    "web": """
channel: web
files: web*.jsonl
format: jsonl
holds: [event]
event: {type: login}
columns:
  id: {is: event_id}
  at: {is: event_time, format: iso}
  who.mail: {is: email}
""",
    "consents": """
channel: consents
files: consents*.csv
format: csv
holds: [consent]
columns:
  kind: {is: identifier_kind}
  who: {is: identifier}
  what: {is: purpose}
  said: {is: decision}
  at: {is: decided_at, format: iso}
""",
}
CRM_HEADER = "id,given,family,born,mail,phone,changed\n"


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def contracts_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    folder.mkdir()
    for name, text in CONTRACTS.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def channels(contracts_folder: Path) -> dict[str, Channel]:
    return load_channels(contracts_folder)


@pytest.fixture
def write_crm(sources: Path) -> Callable[..., None]:
    """Writes crm lines under the header into a file."""

    def write(*lines: str, file: str = "crm.csv") -> None:
        (sources / file).write_text(CRM_HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")

    return write
