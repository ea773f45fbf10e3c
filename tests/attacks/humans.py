"""Three people, what others may know of them, and what nobody else knows."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False)
class Human:
    """What is true of somebody; `secrets` are what nobody else knows."""

    key: str
    given: str
    family: str
    born: str
    phone: str

    def __repr__(self) -> str:
        return self.given

    @property
    def user(self) -> str:
        return f"login{self.given.lower()}"

    @property
    def mail(self) -> str:
        return f"{self.given.lower()}.{self.family.lower()}@inbox.example"

    @property
    def device(self) -> str:
        return f"device-of-{self.given.lower()}"

    @property
    def street(self) -> str:
        return f"{self.key}7 rue Secrète-{self.given}"

    @property
    def plan(self) -> str:
        return f"plan-only-{self.given.lower()}-knows"

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.street, self.plan, self.born

    @property
    def known(self) -> dict[str, Any]:
        """What others may know."""
        said = {"email": self.mail, "phone": self.phone, "firstName": self.given, "lastName": self.family}
        return said

    @property
    def records(self) -> tuple[str, ...]:
        """The records that only they, the company or its server can have filled."""
        return f"crm:{self.key}", f"app:{self.user}"


CROWD = [
    Human("1", "Anna", "Roux", "1980-03-02", "0699000121"),
    Human("2", "Boris", "Petit", "1971-11-23", "0699000122"),
    Human("3", "Mallory", "Vidal", "1993-07-14", "0699000123"),
]
