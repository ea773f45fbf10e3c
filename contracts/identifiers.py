"""Identifier kinds, how strongly each speaks for one person, and their one normal form."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from contracts.categories import Category


@dataclass(frozen=True, order=True)
class Identifier:
    """A value that points at a person, in normal form: equal identifiers compare equal."""

    kind: str
    value: str


@dataclass(frozen=True)
class Kind:
    """What an identifier kind may be trusted with.

    `cap` is the number of people (distinct given name and birth date) beyond which a value of this kind
    is a switchboard or a family's, and joins nobody.
    """

    cap: int
    category: Category


KINDS: dict[str, Kind] = {
    "email": Kind(cap=3, category=Category.CONTACT),
    "phone": Kind(cap=4, category=Category.CONTACT),
    "device_id": Kind(cap=3, category=Category.BEHAVIOUR),
    "user_id": Kind(cap=1, category=Category.IDENTITY),
    "customer_number": Kind(cap=1, category=Category.IDENTITY),
    "loyalty_card": Kind(cap=2, category=Category.IDENTITY),
    "account_number": Kind(cap=2, category=Category.IDENTITY),
    "national_id": Kind(cap=1, category=Category.SENSITIVE),
}
OTHER_EXTERNAL_ID = Kind(cap=1, category=Category.IDENTITY)

# Values that people and systems type when they have nothing to say, in the form of `nothing_key`.
NULL_LIKE = frozenset(
    ["na", "n/a", "none", "null", "nil", "nan", "unknown", "inconnu", "inconnue", "anonymous", "anonyme", "tbd"]
    + ["todo", "x", "xx", "xxx", "-", "--", ".", "?", "nc", "n.c.", "noemail", "no email", "not available"]
    + ["not provided", "non renseigne", "sans objet"]
)

# Mailboxes of an organisation, not of a person (RFC 2142 and common practice).
ROLE_MAILBOXES = frozenset(
    """info contact admin administrator postmaster hostmaster webmaster abuse noreply no-reply donotreply
    sales support help office reception accueil service root mail hello bonjour secretariat""".split()
)

# Eight times the same digit, no subscriber at all, and the digits counted up (`06 12 34 56 78`, `206-123-4567`).
_PLACEHOLDER_PHONE = re.compile(r"(\d)\1{7}$|0{7}$|12345678(9|90)?$|^\+1\d{3}1234567$")

_COUNTS = re.compile("[1-9]")


class InvalidIdentifier(ValueError):
    """The value cannot be an identifier of its kind; the message never repeats the value."""


def kind_of(kind: str) -> Kind:
    """The rules of a kind; kinds that only a contract names are numbers of one person."""
    return KINDS.get(kind, OTHER_EXTERNAL_ID)


def nothing_key(text: str) -> str:
    """The form in which null-like values are compared: no accents, no case, single spaces."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.casefold().split())


def is_nothing(text: str, nothing: frozenset[str] = frozenset()) -> bool:
    """Whether a raw value means that there is none; `nothing` holds a contract's own such values."""
    key = nothing_key(text)
    return not key or key in NULL_LIKE or key in nothing


def normalise(kind: str, raw: str, region: str | None = None) -> Identifier:
    """The identifier in its one normal form; raises InvalidIdentifier where there can be none."""
    if kind == "email":
        return Identifier(kind, normalise_email(raw))
    if kind == "phone":
        return Identifier(kind, normalise_phone(raw, region))
    value = re.sub(r"\s+", "", unicodedata.normalize("NFKC", raw)).casefold()
    value = unicodedata.normalize("NFKC", value)  # letters and marks that only now stand side by side
    if kind == "national_id":
        value = re.sub(r"[\W_]", "", value)
    if not value:
        raise InvalidIdentifier(f"{kind}: expected a value, found only blanks or punctuation")
    return Identifier(kind, value)


@lru_cache(maxsize=65_536)
def normalise_email(raw: str) -> str:
    """Lower-cased address by RFC 5321/6532 syntax, without asking DNS."""
    text = unicodedata.normalize("NFKC", raw).strip().removeprefix("mailto:").strip("<>")
    local, at, domain = text.rpartition("@")
    bare = local.strip(".")  # some providers give out addresses with dots at the ends, against the RFC
    try:
        checked = validate_email(f"{bare}{at}{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidIdentifier("email: expected local@domain, found something else") from None
    return f"{local.replace(bare, checked.local_part)}@{checked.domain}".lower()


@lru_cache(maxsize=65_536)
def normalise_phone(raw: str, region: str | None) -> str:
    """E.164; `region` (ISO 3166) reads numbers without a country code, `00` is read as `+`."""
    text = unicodedata.normalize("NFKC", raw).strip()
    text = re.sub(r"^\s*00[\s-]*", "+", text)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise InvalidIdentifier("phone: expected a telephone number, found something else") from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidIdentifier("phone: expected a possible number for its country, found too few or many digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_blocklisted(kind: str, value: str) -> bool:
    """Whether this identifier may find people but never join two of them."""
    if kind == "email":
        return value.partition("@")[0] in ROLE_MAILBOXES
    if kind == "national_id":
        return len(set(value)) == 1 or len(value) < 5
    if kind == "phone":
        return _PLACEHOLDER_PHONE.search(value) is not None
    # Nothing that means nothing has a digit in it, but zeros.
    return not _COUNTS.search(value) and (is_nothing(value) or set(value) == {"0"})
