"""The notices that people were shown, word for word, to prove that a consent was informed.

Art. 7(1) GDPR requires the controller to demonstrate that somebody consented, and so to what. A decision in the ledger
names the version of its notice; this register holds the text of that version, with a hash that the receipt repeats.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from consent.listed import read_list
from consent.texts import Texts

PUBLISHED = Path(__file__).parent / "notices.yml"
LANGUAGES = ("en", "fr")


class InvalidNotices(ValueError):
    """The register is invalid, or a text differs from the published one; the message names the version."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    since: date
    words_of: str | None = None
    about: Texts | None = None
    purposes: dict[str, Texts] | None = None
    hash: str


@dataclass(frozen=True)
class Notice:
    """A version of the notice: its text about each purpose, by purpose and language."""

    version: str
    since: date
    texts: Mapping[tuple[str, str], str]

    def text(self, purpose: str, language: str) -> str | None:
        """The exact text that was shown; None if this version has no text about the purpose in this language."""
        return self.texts.get((purpose, language))

    def hash(self, purpose: str, language: str) -> str | None:
        """SHA-256 of that text as UTF-8, in hexadecimal."""
        text = self.text(purpose, language)
        return hashlib.sha256(text.encode()).hexdigest() if text is not None else None

    @property
    def whole_hash(self) -> str:
        """One hash over the hashes of all texts, in the order of purpose and language."""
        lines = [f"{purpose} {language} {self.hash(purpose, language)}\n" for purpose, language in sorted(self.texts)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Notices:
    """All versions that were ever published."""

    versions: Mapping[str, Notice]

    def knows(self, purpose: str, version: str | None) -> bool:
        """Whether this version was published and covers the purpose: nobody can have consented under another."""
        notice = self.versions.get(version or "")
        return notice is not None and notice.text(purpose, LANGUAGES[0]) is not None

    def versions_of(self, purpose: str) -> frozenset[str]:
        """The versions that cover a purpose."""
        return frozenset(version for version in self.versions if self.knows(purpose, version))

    def hashes(self, purpose: str, version: str | None, language: str | None) -> dict[str, str]:
        """The hash of the shown text, by language; of all languages if the shown one is unknown."""
        notice = self.versions.get(version or "")
        languages = LANGUAGES if language is None else (language,)
        found = {one: notice.hash(purpose, one) for one in languages} if notice else {}
        return {one: hash_ for one, hash_ in found.items() if hash_}

    def proof(self, purpose: str, version: str | None, language: str | None) -> str | None:
        """One hash of what was shown, as an event of the ledger covers it: SHA-256 over `LANGUAGE HASH` and a line feed
        for each language; None where no such notice is known."""
        lines = [f"{one} {hash_}\n" for one, hash_ in sorted(self.hashes(purpose, version, language).items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else None


def read_notices(path: Path) -> Notices:
    """The register of a file; raises InvalidNotices, also if a version's text does not match its hash."""
    entries = read_list(path, _Entry, "notices", InvalidNotices)
    written = {entry.version: entry for entry in entries}
    if len(written) < len(entries):
        raise InvalidNotices(f"{path}: expected each version once, found one twice; publish words under a new version")
    found = {}
    for entry in entries:
        notice = _notice(path, entry, written)
        if notice.whole_hash != entry.hash:
            raise InvalidNotices(
                f"{path}: expected the words that were published as {entry.version}, whose hash is {entry.hash}, found "
                f"words with {notice.whole_hash}; leave what was published, and publish other words as a new version"
            )
        found[entry.version] = notice
    return Notices(found)


def _notice(path: Path, entry: _Entry, written: Mapping[str, _Entry]) -> Notice:
    content = written.get(entry.words_of, entry) if entry.words_of else entry
    if content.about is None or content.purposes is None or (content is entry) == bool(entry.words_of):
        raise InvalidNotices(
            f"{path}: {entry.version}: expected `about` and `purposes`, or `words_of` a version with them"
        )
    texts = {
        (purpose, language): "\n\n".join(
            [f"{entry.version} ({entry.since.isoformat()})", getattr(words, language), getattr(content.about, language)]
        )
        + "\n"
        for purpose, words in content.purposes.items()
        for language in LANGUAGES
    }
    return Notice(entry.version, entry.since, texts)


@lru_cache
def published_notices() -> Notices:
    """The register of this installation."""
    return read_notices(PUBLISHED)
