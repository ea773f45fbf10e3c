"""The notices that people were shown, word for word, so that a consent can be proven to be an informed one.

Art. 7(1) GDPR wants the controller to demonstrate that somebody consented, and so to what. A decision in the ledger
names the version of its notice; this register holds what that version said, under a hash that the receipt repeats.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

PUBLISHED = Path(__file__).parent / "notices.yml"
LANGUAGES = ("en", "fr")

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class InvalidNotices(ValueError):
    """The register is not as it must be, or says other words than were published; the message names the version."""


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    fr: Words
    en: Words


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    since: date
    words_of: str | None = None
    about: _Texts | None = None
    purposes: dict[str, _Texts] | None = None
    hash: str


@dataclass(frozen=True)
class Notice:
    """A version of the notice: what it said of each purpose, by purpose and language."""

    version: str
    since: date
    texts: Mapping[tuple[str, str], str]

    def text(self, purpose: str, language: str) -> str | None:
        """What was shown, to the letter; None where this version said nothing of the purpose in this language."""
        return self.texts.get((purpose, language))

    def hash(self, purpose: str, language: str) -> str | None:
        """SHA-256 of that text as UTF-8, in hexadecimal."""
        said = self.text(purpose, language)
        return hashlib.sha256(said.encode()).hexdigest() if said is not None else None

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
        """Whether this version was published and spoke of the purpose: nobody can have consented under another."""
        notice = self.versions.get(version or "")
        return notice is not None and notice.text(purpose, LANGUAGES[0]) is not None

    def versions_of(self, purpose: str) -> frozenset[str]:
        """The versions that spoke of a purpose."""
        return frozenset(version for version in self.versions if self.knows(purpose, version))

    def hashes(self, purpose: str, version: str | None, language: str | None) -> dict[str, str]:
        """The hash of what was shown, by language; of every language where it is not known which one it was."""
        notice = self.versions.get(version or "")
        asked = LANGUAGES if language is None else (language,)
        found = {one: notice.hash(purpose, one) for one in asked} if notice else {}
        return {one: hash_ for one, hash_ in found.items() if hash_}


def read_notices(path: Path) -> Notices:
    """The register of a file; raises InvalidNotices, also where a version's words are not those of its hash."""
    try:
        entries = TypeAdapter(list[_Entry]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidNotices(f"{path}: expected a list of notices, found: {error}") from error
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
    said = written.get(entry.words_of, entry) if entry.words_of else entry
    if said.about is None or said.purposes is None or (said is entry) == bool(entry.words_of):
        raise InvalidNotices(
            f"{path}: {entry.version}: expected `about` and `purposes`, or `words_of` a version with them"
        )
    texts = {
        (purpose, language): "\n\n".join(
            [f"{entry.version} ({entry.since.isoformat()})", getattr(words, language), getattr(said.about, language)]
        )
        + "\n"
        for purpose, words in said.purposes.items()
        for language in LANGUAGES
    }
    return Notice(entry.version, entry.since, texts)


@lru_cache
def published_notices() -> Notices:
    """The register of this installation."""
    return read_notices(PUBLISHED)
