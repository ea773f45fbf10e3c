"""Attacks on "Erasure": an id is tried against every value that it could have been made of."""

import ast
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from consent.ledger import Entry, append
from consent.model import ConsentState, Method
from consent.signals import object_by_gpc
from contracts import keyed as keyed_module
from contracts.channel import Channel
from contracts.consent_rows import consents_of
from contracts.events import visitor_key
from contracts.identifiers import Identifier
from contracts.keyed import keyed
from contracts.settings import MissingSecret, Settings
from erasure.scan_targets import tables
from identity.clustering.assign_ids import history_rows
from identity.clustering.stable_ids import HistoryEntry, StableIds, nth_id
from stores.postgres import WrongKey, migrate
from tests.read_model.live.collecting import accept, project_all
from tests.sources import PACKAGES

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PHONE, RECORD = "+33612345678", "crm:4711"
CONSENTS = Channel.model_validate(
    {
        "channel": "consents",
        "files": "c*.csv",
        "format": "csv",
        "holds": ["consent"],
        "columns": {
            "kind": {"is": "identifier_kind"},
            "who": {"is": "identifier"},
            "what": {"is": "purpose"},
            "said": {"is": "decision"},
            "at": {"is": "decided_at", "format": "iso"},
        },
    }
)
WITHOUT_A_KEY = {
    "benchmarks/generate/contact_points.py": "invented data",
    "benchmarks/privacy/second_search.py": "looks for digests, keeps none",
    "consent/anchor.py": "under the audit's key",
    "consent/chain.py": "salted where it covers a value",
    "consent/cuts.py": "under the audit's key",
    "erasure/people/search_patterns.py": "looks for digests, keeps none",
    "consent/tombstones/digests.py": "of refused rows, and then under the audit's key",
    "spark_jobs/extract.py": "of whole files: the hash by which one is checked",
    "consent/notices.py": "of published texts",
    "contracts/pseudonyms.py": "under the audit's key",
    "consent/seals.py": "of audit rows, which hold no values; its MAC under the audit's key",
    "contracts/keyed.py": "the one with the key",
    "contracts/settings.py": "of a folder's name",
    "contracts/sources.py": "of write keys, which are random",
    "feature_repo/materialise.py": "of definitions",
    "profile_api/http/crowd.py": "of tokens, in memory",
    "profile_api/callers/identify.py": "under a random key of one call",
    "recovery/archive.py": "of a backup's files: the hash by which each is checked",
    "contracts/content.py": "the content of a row, which goes with it",
    "channel_files/folder.py": "the content of a file, made an id under the key",
    "spark_jobs/resolve/changes.py": "of versions",
    "identity/matching/rules.py": "of thresholds",
    "identity/matching/comparables.py": "what resolve compares of a record, which goes with it",
}


@pytest.fixture(autouse=True)
def _no_keys_of_another_test() -> Iterator[None]:
    yield
    visitor_key.cache_clear()


def another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the ids are those that somebody without this installation's key would make."""
    monkeypatch.setattr(keyed_module, "_key", lambda: b"somebody else's guess")
    visitor_key.cache_clear()


def said_of(number: str) -> set[str]:
    """Every id that this product makes of a number, and of a record's key, under the key of whoever runs it."""
    who, found = Identifier("phone", number), set()
    for purpose, state in product(("marketing_phone", "personalisation"), ConsentState):
        entry = Entry(who, purpose, state, NOW, "web", "web", Method.FORM, "web")
        found |= {entry.consent_id, keyed("consent live", "app", "m", who.kind, who.value, purpose)}
        row = {"kind": "phone", "who": number, "what": purpose, "said": state, "at": NOW.isoformat()}
        found |= {consents_of(CONSENTS, row, NOW)[0].consent_id, keyed("consent gpc", who.kind, who.value, purpose)}
    change = HistoryEntry("created", nth_id(RECORD, 0), None, (RECORD,))
    found |= {str(row[0]) for row in history_rows(StableIds(changes=[change]), [], NOW, 0)}
    return found | {nth_id(RECORD, 0), visitor_key(number)}


def without_a_key(number: str) -> set[str]:
    """The digests that one would try first: each algorithm, each separator, with and without neighbours."""
    parts = [
        [number],
        [RECORD],
        [RECORD, "0"],
        ["phone", number],
        ["gpc", "phone", number, "personalisation"],
        ["phone", number, "", "", "personalisation", "ConsentGiven", NOW.isoformat(), "web", "form"],
        ["phone", number, "phone", number, "marketing_phone", "ConsentGiven", NOW.isoformat(), "web", "form"],
        ["phone", number, "personalisation", "granted", NOW.isoformat(), "consents"],
    ]
    texts = [separator.join(part).encode() for separator, part in product(("\x1f", "\0", ":", "", ","), parts)]
    long = {hashlib.new(name, one).hexdigest() for name in ("md5", "sha1", "sha256", "sha512") for one in texts}
    return long | {hashlib.blake2b(one, digest_size=size).hexdigest() for one in texts for size in (8, 10, 12, 16, 32)}


def test_a_phone_number_is_not_found_again_from_any_id_that_is_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = Identifier("phone", PHONE)
    with engine.begin() as connection:
        yes = Entry(who, "personalisation", ConsentState.GIVEN, NOW, "web", "web", Method.FORM, "web")
        append(connection, [yes], NOW)
        object_by_gpc(connection, [who], NOW, NOW, "web")
        append(connection, [Entry(**{**vars(yes), "given_id": nth_id(RECORD, 0)})], NOW)
    accept(engine, NOW, {"anonymousId": PHONE, "messageId": "m"}, gpc=True)
    project_all(engine, NOW)
    kept = b"\n".join(content for _, content in tables(engine)).decode()
    assert any(one in kept for one in said_of(PHONE)), "the batch and the service find them by the key"

    another_key(monkeypatch)
    assert not [one for one in said_of(PHONE) | without_a_key(PHONE) if one in kept]


def test_two_installations_give_the_same_record_different_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    own = said_of(PHONE)
    assert own == said_of(PHONE)
    another_key(monkeypatch)
    assert own.isdisjoint(said_of(PHONE))


def test_every_digest_without_the_key_is_known_and_harmless() -> None:
    algorithms = {"hashlib", "zlib.crc32", "crc32", "xxhash", "uuid.uuid5", "uuid.uuid3"}
    found = set()
    for folder in PACKAGES:
        for path in (ROOT / folder).rglob("*.py"):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            names = {ast.unparse(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute)}
            if names & algorithms:
                found.add(str(path.relative_to(ROOT)))
    assert found == set(WITHOUT_A_KEY)


def test_a_start_with_another_key_is_refused_in_a_sentence(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(engine)
    monkeypatch.setattr(keyed_module, "_key", lambda: b"another installation")
    with pytest.raises(WrongKey, match=r"expected the installation's key .* found another; set OCV_INSTALLATION_KEY"):
        migrate(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from installation")) == 1


def test_a_job_over_a_database_of_ones_own_says_in_a_sentence_that_the_key_is_missing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OCV_")}
    environment |= {"OCV_DATABASE_URL": "postgresql+psycopg://db.example/ocv", "OCV_LOCAL": str(tmp_path)}
    command = [sys.executable, "-m", "spark_jobs.pipeline", "--sources", str(tmp_path), "--contracts"]
    done = subprocess.run(
        [*command, str(ROOT / "examples/sample")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("expected a secret of your own in OCV_AUDIT_KEY, found none")
    assert not list(tmp_path.iterdir())


def test_embedded_stores_have_a_key_that_is_made_once_and_that_only_its_owner_reads(tmp_path: Path) -> None:
    first, second = (Settings(local=tmp_path, lake=str(tmp_path / name), installation_key=None) for name in "ab")
    assert first.installation_secret == second.installation_secret
    assert len(first.installation_secret) == 64
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    other = Settings(local=tmp_path / "other", installation_key=None)
    assert other.installation_secret != first.installation_secret


def test_a_database_of_ones_own_takes_the_secret_that_the_service_has() -> None:
    url = "postgresql+psycopg://db.example/ocv"
    with pytest.raises(MissingSecret, match="expected a secret of your own in OCV_AUDIT_KEY, found none"):
        assert Settings(database_url=url, installation_key=None, audit_key=None).installation_secret
    assert Settings(database_url=url, installation_key=None, audit_key="a").installation_secret == b"a"
    assert Settings(database_url=url, installation_key="i", audit_key="a").installation_secret == b"i"
