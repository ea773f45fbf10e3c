"""The person model's comparisons: levels as SQL that DuckDB and Spark (with Splink's similarity functions) both run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from identity.matching.apart import edits, exchanged_day

Columns = Mapping[str, Any]
"""A record as its comparison columns."""
Gamma = Callable[[Columns, Columns], int]
"""The level on which two records agree in a comparison."""


@dataclass(frozen=True)
class Comparison:
    """Levels from the strongest agreement to difference, tried in this order; `null` says when nothing can be told.

    `of_person` marks what housemates do not share more than strangers do, so that a shared household explains none of
    it, but for `of_family`: levels that a housemate reaches as well, as a share of how often the person does.
    """

    name: str
    null: str
    levels: tuple[tuple[str, str], ...]
    of_person: bool = False
    of_family: tuple[tuple[str, float], ...] = ()

    @property
    def labels(self) -> list[str]:
        return [label for label, _ in self.levels]


# How common a first letter is; and how often a relative's number is given for one's own.
INITIAL_FREQUENCY = 0.08
COPIED_NUMBERS = 0.05


def _overlap(words: str, word: str) -> str:
    """A word in common; `words` is null where `word` is all there is."""
    return f"(HAS({words}_l, {word}_r) or HAS({words}_r, {word}_l) or OVERLAP({words}_l, {words}_r))"


# Given and family name in the other order; one of the two may be misspelt, or both a little.
_SWAPPED = (
    "((given_l = family_r and JW(family_l, given_r) >= 0.88)"
    " or (given_r = family_l and JW(family_r, given_l) >= 0.88)"
    " or (JW(given_l, family_r) >= 0.88 and JW(family_l, given_r) >= 0.88))"
)
# Marie and Marine, Paul and Paula: each a name in use, so that neither is the other misspelt.
_TWO_NAMES = (
    "(given_sex_l is not null and given_sex_r is not null and given_l <> given_r"
    " and (given_sound_l <> given_sound_r or (given_sex_l = 'female' and given_sex_r = 'male')"
    f" or (given_sex_l = 'male' and given_sex_r = 'female')) and not coalesce({_overlap('formal', 'given')}, false)"
    f" and not coalesce({_SWAPPED}, false))"
)
# A name of one word that is the other's surname. Never null: under a coalesce, engines compare every pair's names.
_LONE = (
    "((family_l is null and given_l is not null and family_r is not null and JW(given_l, family_r) >= 0.92)"
    " or (family_r is null and given_r is not null and family_l is not null and JW(given_r, family_l) >= 0.92))"
)
_INITIAL_ALONE = "(given_l is null or given_r is null)"
_MIDDLE_INITIAL = "given_l is null and initial_l = middle_initial_r or given_r is null and initial_r = middle_initial_l"
_LONG = "(coalesce(family_long_l = family_r, false) or coalesce(family_long_r = family_l, false))"
_NAMELESS_L = "given_l is null"
_NAMELESS_R = "given_r is null"

# Two mailboxes at different hosts that are no more than a name, with a year or a small number at most: they repeat
# what other comparisons say already.
_NAMED = (
    "(mailbox_is_name_S and (mailbox_digits_S is null or length(mailbox_digits_S) <= 2"
    " or (length(mailbox_digits_S) = 4 and substr(mailbox_digits_S, 1, 2) in ('19', '20'))))"
)
# Two edits in all are no more in the mailbox, which is a quarter of the work.
_CLOSE_EMAILS = f"({edits('mailbox', 2)} and {edits('email', 2)})"
# One edit leaves either the beginning or the end of a number as it is, which is quicker to see.
_CLOSE_PHONES = (
    "(length(phone_l) < 11 or left(phone_l, 6) = left(phone_r, 6) or right(phone_l, 5) = right(phone_r, 5))"
    f" and {edits('phone', 1)}"
)
_NAME_ONLY = (
    f"({_NAMED.replace('_S', '_l')} or {_NAMED.replace('_S', '_r')})"
    f" and (mailbox_letters_l = mailbox_letters_r or {edits('mailbox', 1)})"
    f" and not {_CLOSE_EMAILS}"
)


_WHOLE = "mailbox_letters_N in (given_W || family_W, family_W || given_W)"
_INITIALLED = (
    "mailbox_letters_N in (substr(given_W, 1, 1) || family_W, family_W || substr(given_W, 1, 1),"
    " given_W || substr(family_W, 1, 1), substr(family_W, 1, 1) || given_W)"
)


def _mailbox_names(test: str) -> str:
    """`test` about a nameless side N and a named side W, asked both ways."""
    left = test.replace("_N", "_l").replace("_W", "_r")
    right = test.replace("_N", "_r").replace("_W", "_l")
    return f"({_NAMELESS_L} and ({left})) or ({_NAMELESS_R} and ({right}))"


def _shared(column: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"same, {label}", f"OVERLAP({column}_{kind}_l, {column}_{kind}_r)")
        for kind, label in (("own", "one person's"), ("pair", "of two people"), ("shared", "of many"))
    )


# A common date is nobody's birthday: it equals itself as often as it is common, and differs from every date.
_DEFAULT_DATE = "((tf_birth_l is not null or tf_birth_r is not null) and coalesce(birth_l <> birth_r, true))"
COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "given_name",
        f"(given_l is null and initial_l is null) or (given_r is null and initial_r is null) or {_LONE}",
        (
            ("exact", "given_l = given_r or (given_l = family_r and family_l = given_r)"),
            ("short form", f"{_overlap('formal', 'given')} and levenshtein(given_l, given_r) > 1"),
            ("close, another name", f"{_TWO_NAMES} and (JW(given_l, given_r) >= 0.92 or {edits('given', 1)})"),
            ("close", f"JW(given_l, given_r) >= 0.92 or {edits('given', 1)} or {_SWAPPED}"),
            ("initial", f"{_INITIAL_ALONE} and (initial_l = initial_r or {_MIDDLE_INITIAL})"),
            ("another initial", _INITIAL_ALONE),
            (
                "alike",
                f"HAS(middle_words_l, given_r) or HAS(middle_words_r, given_l) or (not coalesce({_TWO_NAMES}, false)"
                f" and (given_sound_l = given_sound_r or JW(given_l, given_r) >= 0.8 or ({edits('given', 2)}"
                " and length(given_l) > 4 and length(given_r) > 4)))",
            ),
            ("same initial only", "initial_l = initial_r"),
            ("different", "true"),
        ),
        of_person=True,
        of_family=(("close, another name", 64.0),),
    ),
    Comparison(
        "middle_name",
        f"middle_initial_l is null or middle_initial_r is null or {_LONG}",
        (
            ("exact", "middle_l = middle_r and length(middle_l) > 1"),
            ("same initial", "middle_initial_l = middle_initial_r"),
            ("different", "true"),
        ),
        of_person=True,
    ),
    Comparison(
        "family_name",
        f"(family_l is null or family_r is null) and not {_LONE}",
        (
            ("exact", f"family_l = family_r or (given_l = family_r and family_l = given_r) or {_LONG}"),
            (
                "close",
                f"JW(family_l, family_r) >= 0.92 or {edits('family', 1)} or {_SWAPPED} or {_LONE}",
            ),
            (
                "one of two surnames",
                f"{_overlap('family_words', 'family')} or given_l = family_r or given_r = family_l",
            ),
            (
                "alike",
                "family_sound_l = family_sound_r or JW(family_l, family_r) >= 0.8"
                f" or ({edits('family', 2)} and length(family_l) > 4 and length(family_r) > 4)",
            ),
            ("different", "true"),
        ),
    ),
    Comparison(
        "birth",
        # One mailbox's number on both sides repeats the mailbox.
        "(birth_l is null or birth_r is null) and (year_hint_l is null or year_hint_r is null"
        f" or (birth_year_l is null and birth_year_r is null and mailbox_l = mailbox_r)) or {_DEFAULT_DATE}",
        (
            ("exact", "birth_l = birth_r"),
            (
                "one typing error",
                f"levenshtein(birth_l, birth_r) <= 1 or {exchanged_day('birth')}",
            ),
            ("two typing errors", "levenshtein(birth_l, birth_r) <= 2"),
            ("same year of two dates", "substr(birth_l, 1, 4) = substr(birth_r, 1, 4)"),
            (
                "dates partly alike",
                "levenshtein(birth_l, birth_r) <= 3 or substr(birth_l, 6, 5) = substr(birth_r, 6, 5)",
            ),
            ("dates differ", "birth_l is not null and birth_r is not null"),
            ("same year", "birth_year_l = birth_year_r"),
            ("years differ", "birth_year_l is not null and birth_year_r is not null"),
            ("mailbox has the year", "year_hint_l = year_hint_r"),
            ("mailbox has another number", "true"),
        ),
        of_person=True,
    ),
    Comparison(
        "email",
        f"email_l is null or email_r is null or ({_NAME_ONLY})",
        (
            *_shared("email"),
            ("same mailbox elsewhere", "mailbox_l = mailbox_r and length(mailbox_l) > 3"),
            (
                "one typing error",
                f"{edits('mailbox', 1)} and length(mailbox_l) > 4"
                " and coalesce(mailbox_digits_l, '') = coalesce(mailbox_digits_r, '')",
            ),
            ("close", f"{_CLOSE_EMAILS} and coalesce(mailbox_digits_l, '') = coalesce(mailbox_digits_r, '')"),
            ("close, another number", _CLOSE_EMAILS),
            (
                "same letters",
                "mailbox_letters_l = mailbox_letters_r and not mailbox_is_name_l and not mailbox_is_name_r",
            ),
            ("different", "true"),
        ),
    ),
    Comparison(
        "mailbox_and_name",
        # Between a side without a given name (N) and one with (W); where the surnames are both known, they are compared
        # already, and the mailbox only tells of the given name.
        f"not coalesce({_mailbox_names('mailbox_letters_N is not null and given_W is not null')}, false)"
        f" or coalesce({_mailbox_names('family_N is not null and mailbox_letters_N = family_W')}, false)",
        (
            ("whole name", _mailbox_names(f"family_N is null and {_WHOLE}")),
            ("initial and name", _mailbox_names(f"family_N is null and {_INITIALLED}")),
            ("given name", _mailbox_names(f"mailbox_letters_N = given_W or {_WHOLE}")),
            ("initial", _mailbox_names(_INITIALLED)),
            ("family name", _mailbox_names("mailbox_letters_N = family_W")),
            ("given name in it", _mailbox_names("length(given_W) > 3 and contains(mailbox_letters_N, given_W)")),
            ("family name in it", _mailbox_names("length(family_W) > 3 and contains(mailbox_letters_N, family_W)")),
            ("different", "true"),
        ),
        of_person=True,
        of_family=(
            ("initial and name", INITIAL_FREQUENCY),
            ("initial", INITIAL_FREQUENCY),
            ("family name", 1.0),
            ("family name in it", 1.0),
        ),
    ),
    Comparison(
        "phone",
        "phone_l is null or phone_r is null",
        (
            *_shared("phone"),
            ("one typing error", _CLOSE_PHONES),
            ("different", "true"),
        ),
    ),
    Comparison(
        "address",
        "(street_l is null or street_r is null) and (postcode_l is null or postcode_r is null)"
        " and (city_l is null or city_r is null)",
        (
            (
                "exact",
                "street_l = street_r and house_number_l is not null and coalesce(unit_l = unit_r, true)",
            ),
            (
                "close",
                "(house_number_l = house_number_r and JW(street_name_l, street_name_r) >= 0.85) or (house_number_l"
                " is not null and house_number_r is not null and JW(street_l, street_r) >= 0.93"
                " and levenshtein(street_l, street_r) <= 2)",
            ),
            ("same street", "JW(street_name_l, street_name_r) >= 0.9"),
            ("same building or locality", "unit_l = unit_r and length(unit_l) > 4"),
            ("same house number", "house_number_l = house_number_r"),
            (
                "other street, same postcode",
                "postcode_l = postcode_r and street_l is not null and street_r is not null",
            ),
            ("other street, same city", "city_l = city_r and street_l is not null and street_r is not null"),
            ("same postcode", "postcode_l = postcode_r and (street_l is null or street_r is null)"),
            ("same city", "(city_l = city_r or JW(city_l, city_r) >= 0.9) and (street_l is null or street_r is null)"),
            ("other city", "street_l is null or street_r is null"),
            ("different", "true"),
        ),
    ),
    Comparison(
        "national_id",
        "national_id_l is null or national_id_r is null",
        (
            ("exact", "national_id_l = national_id_r"),
            ("two typing errors", edits("national_id", 2)),
            ("different", "true"),
        ),
        of_person=True,
        of_family=(("exact", COPIED_NUMBERS),),
    ),
    Comparison(
        "external_id",
        "external_ids_l is null or external_ids_r is null",
        (("one in common", "OVERLAP(external_ids_l, external_ids_r)"), ("none in common", "true")),
    ),
    Comparison(
        "device",
        "device_ids_l is null or device_ids_r is null",
        (("one in common", "OVERLAP(device_ids_l, device_ids_r)"), ("none in common", "true")),
    ),
    Comparison(
        "gender",
        "gender_l is null or gender_r is null",
        (("same", "gender_l = gender_r"), ("different", "true")),
        of_person=True,
    ),
)
BY_NAME = {comparison.name: comparison for comparison in COMPARISONS}
