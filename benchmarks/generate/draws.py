"""Random draws of one seeded stream, made only of operations that are exact on every machine."""

import math
from bisect import bisect
from collections.abc import Sequence
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


class Draws:
    """The one source of chance: `random()` of a Mersenne Twister and integer arithmetic, so that runs repeat."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self.random() * limit)

    def between(self, first: int, last: int) -> int:
        """A whole number from `first` to `last`, both included."""
        return first + int(self.random() * (last - first + 1))

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return choices[int(self.random() * len(choices))]

    def geometric(self, another: float, most: int) -> int:
        """How many times in a row something with the probability `another` happened, at most `most`."""
        count = 0
        while count < most and self.random() < another:
            count += 1
        return count


class Ranked:
    """Choices in the order of their frequency, drawn with weights 1/sqrt(rank) as in lists of names."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = list(choices)
        self._bounds: list[float] = []
        total = 0.0
        for rank in range(1, len(self.choices) + 1):
            total += 1 / math.sqrt(rank)
            self._bounds.append(total)

    def pick(self, draws: Draws) -> str:
        return self.choices[bisect(self._bounds, draws.random() * self._bounds[-1])]


class Numbers:
    """Numbers of a fixed width that never repeat and say nothing of the order in which they were given out."""

    def __init__(self, width: int, start: int) -> None:
        self.width = width
        self._next = start

    def next(self) -> str:
        """The next number with leading zeros; after 10 to the power of `width` of them it starts over."""
        self._next += 1
        return f"{self._next * 61_803_399 % 10**self.width:0{self.width}d}"
