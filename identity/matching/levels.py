"""The comparison levels in plain Python, for one caller against few candidates: compiled from the batch's own SQL.

One caller's comparisons take microseconds each here; planning the batch's query in DuckDB alone takes longer than a
hundred of them. A property test holds both equal, in other scripts too: the engine counts letters, as this does.
"""

from functools import cache

from identity.matching.comparisons import COMPARISONS, Columns, Comparison, Gamma


@cache
def gamma(comparison: Comparison) -> Gamma:
    """What tells the comparison vector value of two records' columns: -1 for nothing to tell, else 0 upwards."""
    from identity.matching.compiling import compiled  # the parser takes 30 MB, and most of who serves compare nobody

    return compiled(comparison)


Vector = dict[str, float | int | None]


def vector(left: Columns, right: Columns) -> Vector:
    """The comparison vector of two records, with the frequencies that weigh it: a row of `vectors_sql`."""
    found: Vector = {f"gamma_{one.name}": gamma(one)(left, right) for one in COMPARISONS}
    for name in ("given", "family"):
        known = [one[f"tf_{name}"] for one in (left, right) if one[f"tf_{name}"] is not None]
        found[f"{name}_frequency"] = max(known, default=None)
    found["birth_frequency"] = left["tf_birth"]
    return found
