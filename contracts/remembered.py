"""Caches the results of pure functions of texts, within bounds that outside input cannot exceed."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")

MOST = 65_536
LONGEST = 256
"""Longest cached text in characters. Names, addresses and numbers are shorter; longer texts are computed each time."""


def remembered(function: Callable[P, Result]) -> Callable[P, Result]:
    """Caches the results of the last calls with short texts, so that long ones can't fill the memory."""
    kept = lru_cache(maxsize=MOST)(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        if any(isinstance(one, str) and len(one) > LONGEST for one in args):
            return function(*args, **kwargs)
        return kept(*args, **kwargs)  # type: ignore[arg-type]

    return call
