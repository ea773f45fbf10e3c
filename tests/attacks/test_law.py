"""The law's list: what a notice said can be proven."""

import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text

from consent.chain import consent_link
from consent.model import Role
from consent.notices import LANGUAGES, PUBLISHED, InvalidNotices, Notice, Notices, published_notices, read_notices
from consent.purposes import published_purposes
from consent.verify import LEDGER, verify
from stores.schema import consent_events
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, NOW, decide_consent


def test_the_text_behind_a_receipt_can_be_produced_and_has_the_receipts_hash(
    client: TestClient, headers: Headers
) -> None:
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    for purpose, language in zip(("analytics", "personalisation"), LANGUAGES, strict=True):
        form = {"purpose": purpose, "notice_language": language}
        given = client.post(f"/v1/profiles/{ANA}/consents/give", json=form, headers=mine).json()["events"]
        record = client.get(f"/v1/consents/{given[0]}/receipt", headers=mine).json()["dct:source"]
        [named] = record["dpv:hasNotice"]["ocv:hasText"]
        notice = client.get(f"/v1/notices/{record['dpv:hasNotice']['dct:hasVersion']}").json()
        shown = notice["purposes"][purpose][named["@language"]]
        assert named["@language"] == language
        assert hashlib.sha256(shown["text"].encode()).hexdigest() == shown["sha256"] == named["ocv:sha256"]
        assert published_purposes()[purpose].text[language] in " ".join(shown["text"].split())


def test_a_receipt_proves_the_words_by_the_chain(client: TestClient, headers: Headers, engine: Engine) -> None:
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    form = {"purpose": "analytics", "notice_language": "fr"}
    given = client.post(f"/v1/profiles/{ANA}/consents/give", json=form, headers=mine).json()["events"][0]
    record = client.get(f"/v1/consents/{given}/receipt", headers=mine).json()["dct:source"]
    [said] = record["dpv:hasNotice"]["ocv:hasText"]
    covered = record["dpv:hasNotice"]["ocv:inChain"]
    assert covered == hashlib.sha256(f"fr {said['ocv:sha256']}\n".encode()).hexdigest()
    with engine.connect() as connection:
        row = dict(
            connection.execute(select(consent_events).where(consent_events.c.consent_id == given)).mappings().one()
        )
    assert consent_link(row).expected_hash == record["ocv:hasIntegrityProof"]["ocv:sha256"]
    assert consent_link(row | {"notice_hash": "0" * 64}).expected_hash != row["hash"], "the event's hash covers it"


def test_other_words_under_a_published_version_are_found_in_the_ledger(
    engine: Engine, client: TestClient, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    client.post(f"/v1/profiles/{ANA}/consents/give", json={"purpose": "analytics"}, headers=mine)

    def found() -> set[str]:
        return {one.kind for one in verify(engine, None, None, NOW)[LEDGER].findings}

    assert found() == set()
    notice = published_notices().versions["2024-1"]
    other = Notice("2024-1", notice.since, {of: f"{said} And more." for of, said in notice.texts.items()})
    monkeypatch.setattr("consent.verify.published_notices", lambda: Notices({"2024-1": other}))
    assert found() == {"reworded"}


def test_an_event_from_before_notices_were_in_the_chain_is_whole_and_gets_no_hash_later(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table consent_events disable trigger append_only"))
    decide_consent(engine, "analytics", "refused")
    old = "update consent_events c set schema_version = '2', notice_hash = null"
    anew = "update consent_events c set hash = sha256_hex(consent_content(c))"

    def found(*statements: str) -> set[str]:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        return {one.kind for one in verify(engine, None, None, NOW)[LEDGER].findings} - {"forged"}

    assert found(old, anew) == set()
    assert found("update consent_events set notice_hash = repeat('0', 64)") == {"edited", "reworded"}


def test_a_notice_that_was_published_can_not_be_given_other_words(tmp_path: Path) -> None:
    said = PUBLISHED.read_text(encoding="utf-8")
    other = tmp_path / "notices.yml"
    other.write_text(said.replace("by e-mail", "by e-mail and by any other way"), encoding="utf-8")
    with pytest.raises(InvalidNotices, match="publish other words as a new version"):
        read_notices(other)


def test_a_notice_that_never_existed_is_known_to_nobody(client: TestClient) -> None:
    notices = published_notices()
    for version in ("2031-7", "", None, "2024-1 ", "2024-1\x00"):
        assert not notices.knows("analytics", version)
    assert notices.knows("analytics", "2024-1") and not notices.knows("other", "2024-1")
    assert client.get("/v1/notices/2031-7").status_code == 404


def test_every_purpose_has_its_notice_in_force_in_the_words_of_the_purposes() -> None:
    for purpose in published_purposes().values():
        notice = published_notices().versions[purpose.notice_version]
        for language in LANGUAGES:
            shown = notice.text(purpose.id, language)
            assert shown and f"{purpose.name[language]}. {purpose.text[language]}" in shown
            assert notice.since == purpose.notice_since
