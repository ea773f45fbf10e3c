"""Steps of work that may be killed: each is recorded once it is done, and then skipped."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine


@dataclass(frozen=True)
class RecordedSteps:
    """The record: which steps `are_done`, and how one is `noted` with its result.

    `after` is called with a step before it is recorded.
    """

    engine: Engine
    are_done: Callable[[Connection], Collection[str]]
    note: Callable[[Connection, str, Any], None]
    after: Callable[[str], None]

    def once(self, name: str, step: Callable[[], Any]) -> None:
        """Does a step unless it is done."""
        with self.engine.connect() as connection:
            if name in self.are_done(connection):
                return
        found = step()
        self.after(name)
        with self.engine.begin() as connection:
            self.note(connection, name, found)
