"""Whether a customer asks for a person in their own words, whatever intent was understood."""

import re
import unicodedata
from functools import lru_cache

from engagement.next_step.words import published_words


def asks_for_a_person(text: str) -> bool:
    """Whether the text asks for somebody. "I want no person" counts as well: it errs towards people."""
    return bool(_phrases().search(_plain(text)))


def _plain(text: str) -> str:
    """Without accents, capitals and punctuation, with single blanks."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", " ", bare).strip()


@lru_cache
def _phrases() -> re.Pattern[str]:
    asked = [phrase for phrases in published_words().asks_for_a_person.values() for phrase in phrases]
    return re.compile(r"\b(?:" + "|".join(re.escape(_plain(one)) for one in asked) + r")\b")
