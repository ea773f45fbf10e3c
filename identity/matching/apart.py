"""Which two records are never one person's, however much they agree in: as SQL that DuckDB and Spark both run.

Two whole birth dates between which lies more than a typing error are two people's, and so are a father's `Sr.` and a
son's `Jr.`; unless both records hold one number that was given out to one person, or a second given name agrees too.
"""


def edits(column: str, most: int) -> str:
    """At most so many edits; what differs more in length needs no distance, which takes time by length times length."""
    left, right = f"{column}_l", f"{column}_r"
    return f"(abs(length({left}) - length({right})) <= {most} and levenshtein({left}, {right}) <= {most})"


def exchanged_day(column: str) -> str:
    """Two dates of one year, with day and month exchanged."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"(substr({left}, 1, 4) = substr({right}, 1, 4) and substr({left}, 6, 2) = substr({right}, 9, 2)"
        f" and substr({left}, 9, 2) = substr({right}, 6, 2))"
    )


ONE_BEARER = (
    "(coalesce(OVERLAP(external_ids_l, external_ids_r), false)"
    " or coalesce(JW(national_id_l, national_id_r) >= 0.92, false)"  # mistyped, perhaps in both records
    " or coalesce(middle_initial_l = middle_initial_r, false))"
)
_BIRTH = f"(levenshtein(whole_birth_l, whole_birth_r) <= 2 or {exchanged_day('whole_birth')})"
ONE_BIRTH = f"coalesce({_BIRTH}, false)"
TWO_BIRTHS = f"coalesce(not {_BIRTH}, false)"
YEARS_OF_A_GENERATION = 13
FAR_BIRTHS = f"coalesce(abs(whole_year_l - whole_year_r) >= {YEARS_OF_A_GENERATION} and not {_BIRTH}, false)"
TWO_GENERATIONS = "coalesce(generation_l <> generation_r, false)"

APART = {
    "dates": f"({TWO_GENERATIONS} or {TWO_BIRTHS}) and not {ONE_BEARER}",
    "generations": f"({TWO_GENERATIONS} or {FAR_BIRTHS}) and not {ONE_BEARER}",
    "words": f"{TWO_GENERATIONS} and not {ONE_BEARER}",
}
"""What bars two records -> the condition: any two birth dates, only those of a father and a son, or only `Sr.` and
`Jr.`, where one person's dates differ so far more often than two people of one name share a home."""
