"""Identifier kinds, how strongly each identifies one person, and their normal form."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from contracts.broken_ids import is_broken_id, nothing_key
from contracts.categories import Category
from contracts.names import clean
from contracts.phones import UnreadablePhone, normal_phone
from contracts.remembered import remembered


@dataclass(frozen=True, order=True)
class Identifier:
    """A value that identifies a person, in normal form: equal identifiers compare equal."""

    kind: str
    value: str


class Equality(StrEnum):
    """When two values of a kind are equal; outer blanks, invisible characters and NFC or NFD never make a difference.

    `exact`: byte by byte, since programs hand them out: `aB3x` and `Ab3X` are two users. `folded`: without case and
    blanks, since people copy them from a card or a letter. `bare`: without punctuation as well. `address`, `telephone`:
    as these are written.
    """

    EXACT = "exact"
    FOLDED = "folded"
    BARE = "bare"
    ADDRESS = "address"
    TELEPHONE = "telephone"


@dataclass(frozen=True)
class Kind:
    """How far an identifier kind is trusted, and when two of its values are equal.

    `cap` is the number of people (distinct given name and birth date) beyond which a value of this kind
    is a switchboard or a family's, and joins nobody.
    """

    cap: int
    category: Category
    equality: Equality


KINDS: dict[str, Kind] = {
    "email": Kind(cap=3, category=Category.CONTACT, equality=Equality.ADDRESS),
    "phone": Kind(cap=4, category=Category.CONTACT, equality=Equality.TELEPHONE),
    "device_id": Kind(cap=3, category=Category.BEHAVIOUR, equality=Equality.EXACT),
    "user_id": Kind(cap=1, category=Category.IDENTITY, equality=Equality.EXACT),
    "customer_number": Kind(cap=1, category=Category.IDENTITY, equality=Equality.FOLDED),
    "loyalty_card": Kind(cap=2, category=Category.IDENTITY, equality=Equality.FOLDED),
    "account_number": Kind(cap=2, category=Category.IDENTITY, equality=Equality.FOLDED),
    "national_id": Kind(cap=1, category=Category.SENSITIVE, equality=Equality.BARE),
}
OTHER_EXTERNAL_ID = Kind(cap=1, category=Category.IDENTITY, equality=Equality.EXACT)

NEVER_ALONE = frozenset({"device_id", "national_id"})
"""Kinds that join no two records by themselves: a household shares a device, and a relative's number is copied."""
OF_BROWSERS = frozenset({"visitor_id", "device_id"})
"""The kinds of a browser's ids, which do not identify its user."""
MOST_CONTACTS = 3
"""How many addresses one nameless person may have: a value shared by more is a placeholder, listed or not."""

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

# The same digit eight times, no subscriber number, and ascending digits (`06 12 34 56 78`, `206-123-4567`).
_PLACEHOLDER_PHONE = re.compile(r"(\d)\1{7}$|0{7}$|12345678(9|90)?$|^\+1\d{3}1234567$")

_SCHEME = re.compile("^mailto:", re.IGNORECASE)


class InvalidIdentifier(ValueError):
    """The value cannot be an identifier of its kind; the message never repeats the value."""


def kind_of(kind: str) -> Kind:
    """The rules of a kind; kinds that only a contract names count as numbers of one person."""
    return KINDS.get(kind, OTHER_EXTERNAL_ID)


def of_persons(identifiers: Iterable[Identifier]) -> set[Identifier]:
    """Those that say whose something is, whichever browser it came from."""
    return {one for one in identifiers if one.kind not in OF_BROWSERS}


def is_nothing(text: str, nothing: frozenset[str] = frozenset()) -> bool:
    """Whether a raw value means "none"; `nothing` holds a contract's own such values."""
    key = nothing_key(text)
    return not key or key in NULL_LIKE or key in nothing


def normalise(kind: str, raw: str, region: str | None = None) -> Identifier:
    """The identifier in its one normal form; raises InvalidIdentifier where there can be none."""
    text = clean(raw)
    match kind_of(kind).equality:
        case Equality.ADDRESS:
            return Identifier(kind, normalise_email(text))
        case Equality.TELEPHONE:
            return Identifier(kind, normalise_phone(text, region))
        case Equality.EXACT:
            value = text
        case Equality.FOLDED:
            value = _folded(text)
        case Equality.BARE:
            value = re.sub(r"[\W_]", "", _folded(text))
    if not value:
        raise InvalidIdentifier(f"{kind}: expected a value, found only blanks or punctuation")
    if any(is_nothing(one) or is_broken_id(one) for one in (text, value)):
        raise InvalidIdentifier(f"{kind}: expected somebody's id, found what programs send for nobody")
    return Identifier(kind, value)


def _folded(text: str) -> str:
    value = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()
    return unicodedata.normalize("NFKC", value)  # letters and marks that only now stand side by side


@remembered
def normalise_email(raw: str) -> str:
    """Lower-cased address by RFC 5321/6532 syntax, without asking DNS."""
    text = unicodedata.normalize("NFKC", raw).strip()
    text = _SCHEME.sub("", text).strip("<>")
    local, at, domain = text.rpartition("@")
    bare = local.strip(".")  # some providers give out addresses with dots at the ends, against the RFC
    try:
        checked = validate_email(f"{bare}{at}{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise InvalidIdentifier("email: expected local@domain, found something else") from None
    return f"{local.replace(bare, checked.local_part)}@{checked.domain}".lower()


def normalise_phone(raw: str, region: str | None) -> str:
    """E.164, with an extension behind it; `region` (ISO 3166) reads numbers without a country code."""
    try:
        return normal_phone(raw, region)
    except UnreadablePhone as error:
        raise InvalidIdentifier(f"phone: {error}") from None


def is_blocklisted(kind: str, value: str) -> bool:
    """Whether this identifier may find people but never join two of them."""
    if kind == "email":
        return value.partition("@")[0] in ROLE_MAILBOXES
    if kind == "national_id":
        return len(set(value)) == 1 or len(value) < 5
    if kind == "phone":
        return _PLACEHOLDER_PHONE.search(value) is not None
    return is_nothing(value) or is_broken_id(value)
