"""The comparison vectors of pairs of records, as SQL that DuckDB and Spark both run."""

from identity.matching.apart import APART
from identity.matching.comparisons import COMPARISONS, Comparison

_FUNCTIONS = {
    "duckdb": {"JW": "jaro_winkler_similarity", "OVERLAP": "list_has_any", "HAS": "list_contains"},
    "spark": {"JW": "jaro_winkler", "OVERLAP": "arrays_overlap", "HAS": "array_contains"},
}

# The record columns that the levels read.
COMPARED = sorted(
    """given initial middle middle_initial family family_long formal middle_words family_words given_sound
    family_sound birth birth_year tf_birth whole_birth whole_year generation given_sex year_hint email email_own
    email_pair email_shared mailbox mailbox_letters mailbox_digits mailbox_is_name phone phone_own phone_pair
    phone_shared street house_number street_name unit city postcode national_id external_ids device_ids gender
    tf_given tf_family""".split()
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
    return in_dialect(f"cast(case when {comparison.null} then -1 {cases} end as tinyint)", dialect)


def vectors_sql(pairs: str, records: str, dialect: str, apart: str = APART["dates"]) -> str:
    """SELECT of left_id, right_id, gamma_<comparison>, the term frequencies of names and birth date, and whether the
    two are certainly two people: whether `apart` holds of them.

    `pairs` is a table of (left_id, right_id); `records` one of comparison columns, sharing classes and frozen term
    frequencies (tf_given, tf_family, tf_birth).
    """
    sides = ", ".join(f"l.{column} as {column}_l, r.{column} as {column}_r" for column in COMPARED)
    gammas = ",\n ".join(f"{gamma_sql(comparison, dialect)} as gamma_{comparison.name}" for comparison in COMPARISONS)
    return (
        f"select left_id, right_id, greatest(tf_given_l, tf_given_r) as given_frequency,"
        f" greatest(tf_family_l, tf_family_r) as family_frequency, tf_birth_l as birth_frequency,"
        f" {in_dialect(apart, dialect)} as apart,\n {gammas}\n"
        f"from (select p.left_id, p.right_id, {sides} from {pairs} p"
        f" join {records} l on l.record_id = p.left_id join {records} r on r.record_id = p.right_id) compared"
    )
