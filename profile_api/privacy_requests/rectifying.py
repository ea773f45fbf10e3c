"""Which values a person may have put right: fields of a profile, in normal form, each with its data category."""

from collections.abc import Mapping
from datetime import date

from contracts.identifiers import InvalidIdentifier, normalise
from identity.survivorship import CONTACTS, FIELDS
from profile_api.access.stored import StoredProfile
from profile_api.responses.errors import Problem

DATES = ("birth_date", "customer_since")
EARLIEST = date(1900, 1, 1)


def checked_fields(profile: StoredProfile, fields: Mapping[str, str], today: date) -> dict[str, str]:
    """Right values in normal form; a 422 where a field is none, or a value can't be one of it."""
    known = {*FIELDS, *CONTACTS, *(one["field"] for one in profile.document.get("fields") or [])}
    if unknown := set(fields) - known:
        detail = f"Expected fields of a profile, found {len(unknown)} that are none; see `valid`."
        raise Problem(422, "field-unknown", detail, valid=sorted(known))
    found = {}
    for field, value in fields.items():
        try:
            if field in DATES:
                found[field] = (day := date.fromisoformat(value)).isoformat()
                if not EARLIEST <= day <= today:
                    raise ValueError
            else:
                found[field] = normalise(field, value).value if field in CONTACTS else " ".join(value.split())
        except InvalidIdentifier as error:
            raise Problem(422, "invalid-identifier", str(error)) from error
        except ValueError as error:
            detail = f"{field}: expected a date as 1980-12-31, from {EARLIEST} to today; found something else."
            raise Problem(422, "field-unreadable", detail) from error
    return found
