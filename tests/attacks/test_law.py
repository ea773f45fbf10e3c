"""The law's list: what a notice said can be proven."""

import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from consent.model import Role
from consent.notices import LANGUAGES, PUBLISHED, InvalidNotices, published_notices, read_notices
from consent.purposes import published_purposes
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA


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
