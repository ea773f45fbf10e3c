"""Given names in use, and whose they are: two of them are two names, where one and a misspelling of it are one."""

from functools import lru_cache
from pathlib import Path

import yaml

from contracts.names import fold

_FILE = Path(__file__).with_name("given_names.yml")


@lru_cache(maxsize=1)
def _sexes() -> dict[str, str]:
    found: dict[str, str] = {}
    for sex, names in yaml.safe_load(_FILE.read_text(encoding="utf-8")).items():
        for name in names.split():
            folded = fold(name).replace(" ", "")
            found[folded] = sex if found.get(folded, sex) == sex else "either"
    return found


def sex_of(given: str) -> str | None:
    """`female`, `male` or `either` of a folded given name in use, None of any other."""
    return _sexes().get(given)
