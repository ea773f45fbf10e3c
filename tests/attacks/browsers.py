"""Whose the visits of a browser are: nobody's, until somebody proves to be at it; what it says later is nobody's."""

import re
from dataclasses import dataclass, field

from tests.attacks.humans import Human

STRANGERS = "a-strangers"
"""A browser at which nobody ever proves to be anybody."""
SAID = re.compile(r"app:unproven-(\d+)(~|$)")
"""The id of an event that a browser said without proof; its number is in the order in which they were said."""


@dataclass
class Browsers:
    """Each unproven message by its number, and who was the first to prove to be at a browser, and when."""

    now: int = 0
    said_at: dict[int, str] = field(default_factory=dict)
    owners: dict[str, tuple[Human, int]] = field(default_factory=dict)

    def says(self, device: str) -> str:
        """The id of a message that proves nothing."""
        self.now += 1
        self.said_at[self.now] = device
        return f"unproven-{self.now}"

    def prove(self, device: str, who: Human) -> None:
        """A server, or a signature, says that somebody is at this browser: the first takes its visits along."""
        self.now += 1
        self.owners.setdefault(device, (who, self.now))

    def forget(self, who: Human) -> None:
        """Whoever is erased leaves their browsers to the next one."""
        self.owners = {device: whose for device, whose in self.owners.items() if whose[0] is not who}

    def may_be_of(self, number: int, who: Human) -> bool:
        """Whether a message may count as this person's: said at their browser, before they proved to be there."""
        owner = self.owners.get(self.said_at[number])
        return owner is not None and owner[0] is who and number < owner[1]
