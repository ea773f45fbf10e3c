"""The person model's comparisons: levels as SQL that DuckDB and Spark (with Splink's similarity functions) both run."""

from dataclasses import dataclass


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


# How common a first letter is.
INITIAL_FREQUENCY = 0.08

_FUNCTIONS = {
    "duckdb": {"JW": "jaro_winkler_similarity", "OVERLAP": "list_has_any", "HAS": "list_contains"},
    "spark": {"JW": "jaro_winkler", "OVERLAP": "arrays_overlap", "HAS": "array_contains"},
}

# Given and family name in the other order; one of the two may be misspelt, or both a little.
_SWAPPED = (
    "((given_l = family_r and JW(family_l, given_r) >= 0.8) or (given_r = family_l and JW(family_r, given_l) >= 0.8)"
    " or (JW(given_l, family_r) >= 0.88 and JW(family_l, given_r) >= 0.88))"
)
# A name of one word that is the other's surname.
_LONE = (
    "coalesce((family_l is null and JW(given_l, family_r) >= 0.92)"
    " or (family_r is null and JW(given_r, family_l) >= 0.92), false)"
)
_LONG = "(coalesce(family_long_l = family_r, false) or coalesce(family_long_r = family_l, false))"
_NAMELESS_L = "given_l is null"
_NAMELESS_R = "given_r is null"

# Two mailboxes at different hosts that are no more than a name, with at most a year: they repeat what other
# comparisons say already.
_NAMED = (
    "(mailbox_is_name_S and (mailbox_digits_S is null or length(mailbox_digits_S) = 2"
    " or (length(mailbox_digits_S) = 4 and substr(mailbox_digits_S, 1, 2) in ('19', '20'))))"
)
# What differs in length differs by as many letters: most need no distance, which takes time by length times length.
_CLOSE_EMAILS = "abs(length(email_l) - length(email_r)) <= 2 and levenshtein(email_l, email_r) <= 2"
_NAME_ONLY = (
    f"({_NAMED.replace('_S', '_l')} or {_NAMED.replace('_S', '_r')})"
    " and (mailbox_letters_l = mailbox_letters_r or levenshtein(mailbox_l, mailbox_r) <= 1)"
    f" and not ({_CLOSE_EMAILS})"
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


COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "given_name",
        f"(given_l is null and initial_l is null) or (given_r is null and initial_r is null) or {_LONE}",
        (
            ("exact", "given_l = given_r or (given_l = family_r and family_l = given_r)"),
            ("short form", "OVERLAP(formal_l, formal_r) and levenshtein(given_l, given_r) > 1"),
            ("close", f"JW(given_l, given_r) >= 0.92 or levenshtein(given_l, given_r) <= 1 or {_SWAPPED}"),
            ("initial", "(given_l is null or given_r is null) and initial_l = initial_r"),
            (
                "alike",
                "JW(given_l, given_r) >= 0.8 or given_sound_l = given_sound_r or HAS(middle_words_l, given_r)"
                " or HAS(middle_words_r, given_l) or (levenshtein(given_l, given_r) <= 2"
                " and length(given_l) > 4 and length(given_r) > 4)",
            ),
            ("same initial only", "initial_l = initial_r"),
            ("different", "true"),
        ),
        of_person=True,
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
                f"JW(family_l, family_r) >= 0.92 or levenshtein(family_l, family_r) <= 1 or {_SWAPPED} or {_LONE}",
            ),
            (
                "one of two surnames",
                "OVERLAP(family_words_l, family_words_r) or given_l = family_r or given_r = family_l",
            ),
            (
                "alike",
                "JW(family_l, family_r) >= 0.8 or family_sound_l = family_sound_r"
                " or (levenshtein(family_l, family_r) <= 2 and length(family_l) > 4 and length(family_r) > 4)",
            ),
            ("different", "true"),
        ),
    ),
    Comparison(
        "birth",
        # One mailbox's number on both sides repeats the mailbox.
        "(birth_l is null or birth_r is null) and (year_hint_l is null or year_hint_r is null"
        " or (birth_year_l is null and birth_year_r is null and mailbox_l = mailbox_r))",
        (
            ("exact", "birth_l = birth_r"),
            (
                "one typing error",
                "levenshtein(birth_l, birth_r) <= 1 or (substr(birth_l, 1, 4) = substr(birth_r, 1, 4) and"
                " substr(birth_l, 6, 2) = substr(birth_r, 9, 2) and substr(birth_l, 9, 2) = substr(birth_r, 6, 2))",
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
                "levenshtein(mailbox_l, mailbox_r) <= 1 and length(mailbox_l) > 4"
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
            ("whole name", _mailbox_names("family_N is null and HAS(whole_names_W, mailbox_letters_N)")),
            ("initial and name", _mailbox_names("family_N is null and HAS(initialled_names_W, mailbox_letters_N)")),
            ("given name", _mailbox_names("mailbox_letters_N = given_W or HAS(whole_names_W, mailbox_letters_N)")),
            ("initial", _mailbox_names("HAS(initialled_names_W, mailbox_letters_N)")),
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
            ("one typing error", "levenshtein(phone_l, phone_r) <= 1"),
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
            ("two typing errors", "levenshtein(national_id_l, national_id_r) <= 2"),
            ("different", "true"),
        ),
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

# The record columns that the levels read.
COMPARED = sorted(
    """given initial middle middle_initial family family_long formal middle_words family_words given_sound family_sound
    birth birth_year year_hint email email_own email_pair email_shared mailbox mailbox_letters mailbox_digits
    mailbox_is_name whole_names initialled_names phone phone_own phone_pair phone_shared street house_number street_name
    unit city postcode national_id external_ids device_ids gender tf_given tf_family""".split()
)


def in_dialect(sql: str, dialect: str) -> str:
    """A level's SQL with the similarity functions as `duckdb` or `spark` call them."""
    for neutral, name in _FUNCTIONS[dialect].items():
        sql = sql.replace(f"{neutral}(", f"{name}(")
    return sql


def gamma_sql(comparison: Comparison, dialect: str) -> str:
    """The comparison vector value of a pair: -1 where nothing can be told, else 0 (different) upwards."""
    top = len(comparison.levels) - 1
    cases = " ".join(f"when {condition} then {top - i}" for i, (_, condition) in enumerate(comparison.levels))
    return in_dialect(f"case when {comparison.null} then -1 {cases} end", dialect)


def vectors_sql(pairs: str, records: str, dialect: str) -> str:
    """SELECT of left_id, right_id, gamma_<comparison> and the term frequencies of the names.

    `pairs` is a table of (left_id, right_id); `records` one of comparison columns, sharing classes and frozen term
    frequencies (tf_given, tf_family).
    """
    sides = ", ".join(f"l.{column} as {column}_l, r.{column} as {column}_r" for column in COMPARED)
    gammas = ",\n ".join(f"{gamma_sql(comparison, dialect)} as gamma_{comparison.name}" for comparison in COMPARISONS)
    return (
        f"select left_id, right_id, greatest(tf_given_l, tf_given_r) as given_frequency,"
        f" greatest(tf_family_l, tf_family_r) as family_frequency,\n {gammas}\n"
        f"from (select p.left_id, p.right_id, {sides} from {pairs} p"
        f" join {records} l on l.record_id = p.left_id join {records} r on r.record_id = p.right_id) compared"
    )
