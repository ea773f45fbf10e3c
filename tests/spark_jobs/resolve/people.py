"""Small person records in their lake form, for the tests of the person model."""

from typing import Any


def person(record_id: str, **said: Any) -> dict[str, Any]:
    """A record with nothing but what is said; e-mails and phones as lists under `email` and `phone`."""
    empty = dict.fromkeys(
        """given_name middle_name family_name gender birth_typed birth_year street unit city postcode""".split()
    )
    kinds = ("email", "phone", "national_id", "device_id", "loyalty_card")
    identifiers = [{"kind": kind, "value": value} for kind in kinds for value in said.pop(kind, [])]
    if said.get("birth_typed"):
        said.setdefault("birth_year", int(said["birth_typed"][:4]))
    known = {"birth_date": said.get("birth_typed"), "verified": []}
    return {"record_id": record_id, **empty, **known, **said, "identifiers": identifiers}
