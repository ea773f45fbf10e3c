"""OCV_AUDIT_KEY changes, for whatever cause: what was made with the one before is still told, and nothing else is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from consent.anchor import InvalidAnchor
from consent.seals import check_key, seal
from consent.tombstones.digests import Tombstones, bury, erased_among, tombstones_of
from consent.verify import AUDIT, verify
from contracts.identifiers import Identifier
from contracts.keyring import KeyRing
from contracts.pseudonyms import NoKey, reference_key
from contracts.settings import MissingSecret, Settings
from erasure.people.subject import Subject
from erasure.retention import papers
from stores.schema import audit

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3 * 366)
OLDEST, OLD, NEW = b"the key of 2020", b"the key of 2022", b"the key of 2024"
RING = KeyRing.of(NEW, [OLD, OLDEST])
EVE = Identifier("email", "eve@inbox.example")


def sealed(engine: Engine, key: bytes, at: datetime) -> None:
    row = {"actor": "claire", "role": "advisor", "purpose": "service", "action": "read", "outcome": "answered"}
    with engine.begin() as connection:
        connection.execute(insert(audit).values(row | {"at": at, "decision": {}, "profile_id": "p-ana"}))
    with engine.begin() as connection:
        assert seal(connection, key, at + timedelta(seconds=1)) == 1


@pytest.fixture
def years(engine: Engine) -> Engine:
    """An audit that was sealed with three keys in turn."""
    for key, at in ((OLDEST, LONG_AGO), (OLD, NOW - timedelta(days=400)), (RING, NOW)):
        sealed(engine, key, at)
    return engine


def kinds(engine: Engine, key: bytes, anchor: Path | None = None) -> list[str]:
    return [one.kind for one in verify(engine, anchor, key, NOW + timedelta(hours=1))[AUDIT].findings]


def test_settings_name_the_key_in_force_and_those_before_it() -> None:
    named = {"audit_key": NEW.decode(), "former_audit_keys": f"{OLD.decode()}, {OLDEST.decode()},"}
    key = reference_key(Settings.model_validate(named))
    assert (key, key.former) == (NEW, (OLD, OLDEST))
    assert key == Settings.model_validate(named).audit_secret


def test_seals_of_a_former_key_are_whole_once_it_is_named_and_forged_before(years: Engine) -> None:
    assert kinds(years, RING) == []
    assert kinds(years, NEW) == ["forged", "forged"]
    assert kinds(years, KeyRing.of(NEW, [OLD])) == ["forged"]


def test_what_a_former_key_seals_after_a_newer_one_was_in_force_is_forged(years: Engine) -> None:
    sealed(years, OLD, NOW + timedelta(minutes=1))
    assert kinds(years, RING) == ["forged"]


def test_retention_cuts_an_audit_whose_key_changed(years: Engine) -> None:
    with years.begin() as connection:
        assert papers.forget_reads(connection, NOW, NEW) == {}, "while the former key is not named"
    with years.begin() as connection:
        assert papers.forget_reads(connection, NOW, RING) == {"audit": 1}
    assert kinds(years, RING) == []


def test_a_cut_of_a_former_key_is_whole_once_it_is_named(engine: Engine) -> None:
    for at in (LONG_AGO, NOW):
        sealed(engine, OLD, at)
    with engine.begin() as connection:
        assert papers.forget_reads(connection, NOW, OLD) == {"audit": 1}
    assert kinds(engine, RING) == []
    assert kinds(engine, NEW) == ["forged", "forged"], "the cut and the seal after it"


def test_anchors_of_a_former_key_are_read_once_it_is_named(years: Engine, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    assert kinds(years, KeyRing.of(OLD, [OLDEST, NEW]), anchor) == ["forged"], "not in the order of their time"
    assert kinds(years, RING, anchor) == []
    newest = KeyRing.of(b"the key of 2026", [NEW, OLD, OLDEST])
    assert kinds(years, newest, anchor) == []
    with pytest.raises(InvalidAnchor, match="OCV_FORMER_AUDIT_KEYS"):
        verify(years, anchor, b"the key of 2026", NOW)


def test_whoever_was_erased_under_a_former_key_is_still_recognised(engine: Engine) -> None:
    with engine.begin() as connection:
        bury(connection, tombstones_of(OLD, {EVE}, ["crm:1"]), "e_1", NOW)
    digests = frozenset(tombstones_of(OLD, {EVE}, ["crm:1"]))
    assert Tombstones(RING, digests).cover([EVE]) and Tombstones(RING, digests).cover([], ["crm:1"])
    assert not Tombstones(NEW, digests).cover([EVE])
    with engine.connect() as connection:
        assert erased_among(connection, RING, {"said": ({EVE}, set())}) == {"said"}
        assert erased_among(connection, NEW, {"said": ({EVE}, set())}) == set()


def test_new_tombstones_are_made_with_the_key_in_force() -> None:
    assert tombstones_of(RING, {EVE}, ["crm:1"]) == tombstones_of(NEW, {EVE}, ["crm:1"])


def test_an_erasure_that_was_begun_under_a_former_key_goes_on() -> None:
    kept = Subject(people=1, records={"crm:1"}).sealed(OLD)
    assert Subject.unsealed(kept, RING).records == {"crm:1"}
    with pytest.raises(NoKey, match="OCV_FORMER_AUDIT_KEYS"):
        Subject.unsealed(kept, NEW)


def test_a_start_with_a_key_that_never_sealed_anything_is_refused(years: Engine) -> None:
    with years.connect() as connection:
        check_key(connection, RING)
        check_key(connection, KeyRing.of(b"the key of 2026", [NEW]))
        with pytest.raises(MissingSecret, match="name the one before in OCV_FORMER_AUDIT_KEYS"):
            check_key(connection, b"the key of 2026")
        connection.execute(text("select 1"))


def test_an_audit_without_seals_takes_any_key(engine: Engine) -> None:
    with engine.connect() as connection:
        check_key(connection, NEW)
