"""Telephone numbers in one normal form: E.164 with the extension behind it, under today's numbering plans.

When a plan changes, people still use old numbers: both forms reach the same line, so they are one number here.
"""

import re
import unicodedata

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneMetadata, PhoneNumber, PhoneNumberFormat, ValidationResult

from contracts.remembered import remembered

EXTENSION = ";ext="
"""What stands between a number and its extension (RFC 3966)."""
_EXIT_CODE = re.compile(r"^\s*00[\s-]*")
_OVERSEAS = ("RE", "YT", "GP", "GF", "MQ")
"""French departments with country codes of their own, whose numbers are dialled in France as if they were there."""
_NORTH_AMERICA, _FRANCE, _BRAZIL, _MEXICO, _ARGENTINA, _IVORY_COAST, _BENIN = 1, 33, 55, 52, 54, 225, 229
_OLD_LENGTH = 8
"""Digits of a number in Ivory Coast before January 2021, and in Benin before December 2024."""


class UnreadablePhone(ValueError):
    """The text is not a telephone number that can be dialled from everywhere; the message never repeats it."""


@remembered
def normal_phone(raw: str, region: str | None) -> str:
    """The number in normal form; `region` (ISO 3166) reads one without a country code, `00` is read as `+`.

    A number that can only be dialled within its town is refused: in any other town it is a stranger's.
    """
    text = _EXIT_CODE.sub("+", unicodedata.normalize("NFKC", raw).strip())
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        raise UnreadablePhone("expected a telephone number, found something else") from None
    is_local = _is_local(number, text, region)
    number = _renumbered(number)
    reason = phonenumbers.is_possible_number_with_reason(number)
    if is_local or reason == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise UnreadablePhone("expected a number with its area code, found one that is only local")
    if reason != ValidationResult.IS_POSSIBLE:
        raise UnreadablePhone("expected a possible number for its country, found too few or many digits")
    normal = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{normal}{EXTENSION}{number.extension}" if number.extension else normal


def _is_local(number: PhoneNumber, text: str, region: str | None) -> bool:
    """Whether a number without country code lacks its area code too, though it has enough digits for a short number.

    Outside North America an area code starts with a 0 within the country, or is in brackets; a number without it that
    is not in the plan is local. A number with the full count of digits lacks no area code: a spreadsheet removed its
    0.
    """
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY or number.country_code == _NORTH_AMERICA:
        return False
    plan = PhoneMetadata.metadata_for_region(region or "")
    if (
        plan
        and plan.general_desc
        and len(phonenumbers.national_significant_number(number)) == max(plan.general_desc.possible_length)
    ):
        return False
    return not text.startswith(("0", "(")) and not phonenumbers.is_valid_number(_renumbered(number))


def _renumbered(number: PhoneNumber) -> PhoneNumber:
    """The same line under today's plan of its country."""
    digits = phonenumbers.national_significant_number(number)
    code = number.country_code
    if code == _FRANCE and not phonenumbers.is_valid_number(number):
        return next((found for one in _OVERSEAS if (found := _in_region(digits, one, number))), number)
    # The ninth digit of mobiles (2012 to 2016), in front of 6 to 9.
    if code == _BRAZIL and len(digits) == 10 and digits[2] in "6789":
        return _of(code, f"{digits[:2]}9{digits[2:]}", number)
    # Until 2019 mobiles were called from abroad with a 1.
    if code == _MEXICO and len(digits) == 11 and digits.startswith("1"):
        return _of(code, digits[1:], number)
    # Mobiles are called from abroad with a 9, and people write them with and without; no landline has the same digits.
    if code == _ARGENTINA and len(digits) == 11 and digits.startswith("9"):
        return _of(code, digits[1:], number)
    if code == _IVORY_COAST and len(digits) == _OLD_LENGTH:
        return _of(code, _ivorian_prefix(digits) + digits, number)
    if code == _BENIN and len(digits) == _OLD_LENGTH:
        return _of(code, "01" + digits, number)
    return number


def _in_region(digits: str, region: str, written: PhoneNumber) -> PhoneNumber | None:
    found = _of(phonenumbers.country_code_for_region(region), digits, written)
    return found if phonenumbers.is_valid_number_for_region(found, region) else None


def _of(code: int, digits: str, written: PhoneNumber) -> PhoneNumber:
    zeros = len(digits) - len(digits.lstrip("0"))
    return PhoneNumber(
        country_code=code,
        national_number=int(digits),
        extension=written.extension,
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def _ivorian_prefix(digits: str) -> str:
    """By operator, which is given by the second digit of a mobile, and the third of a landline."""
    if digits[0] in "23":
        return {"0": "25", "8": "21"}.get(digits[2], "27")
    return "01" if digits[1] in "0123" else "05" if digits[1] in "456" else "07"
