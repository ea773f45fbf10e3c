"""The comparison levels in plain Python, for one caller against few candidates: compiled from the batch's own SQL.

One caller's comparisons take microseconds each here; planning the batch's query in DuckDB alone takes longer than a
hundred of them. A property test holds both equal. Where they differ by design: DuckDB counts bytes in edit distances,
Spark, which scores the batch, and this module count characters.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jellyfish
import sqlglot
from sqlglot import expressions as exp

from spark_jobs.resolve.comparisons import Comparison, in_dialect

Columns = Mapping[str, Any]
Term = Callable[[Columns, Columns], Any]
Gamma = Callable[[Columns, Columns], int]


@cache
def gamma(comparison: Comparison) -> Gamma:
    """What tells the comparison vector value of two records' columns: -1 for nothing to tell, else 0 upwards."""
    nothing = _compiled(comparison.null)
    levels = [_compiled(condition) for _, condition in comparison.levels]

    def found(left: Columns, right: Columns) -> int:
        if nothing(left, right):
            return -1
        for i, level in enumerate(levels):
            if level(left, right):
                return len(levels) - 1 - i
        raise AssertionError(f"{comparison.name}: expected a last level that is always true, found none")

    return found


def _compiled(condition: str) -> Term:
    return _term(sqlglot.parse_one(in_dialect(condition, "duckdb"), read="duckdb"))


def _term(node: exp.Expr) -> Term:
    """The node as a function of both sides; None is SQL's NULL."""
    if isinstance(node, exp.Paren):
        return _term(node.this)
    if isinstance(node, exp.Column):
        return _column(node.name)
    if isinstance(node, exp.Literal):
        constant: Any = node.this if node.is_string else float(node.this)
        return lambda left, right: constant
    if isinstance(node, exp.Boolean):
        truth = bool(node.this)
        return lambda left, right: truth
    if isinstance(node, exp.And):
        return _and(_term(node.this), _term(node.expression))
    if isinstance(node, exp.Or):
        return _or(_term(node.this), _term(node.expression))
    if isinstance(node, exp.Is):
        tested = _term(node.this)  # the levels only ask `is null`
        return lambda left, right: tested(left, right) is None
    if isinstance(node, exp.Coalesce):
        return _coalesce([_term(one) for one in [node.this, *node.expressions]])
    if isinstance(node, exp.In):
        return _strict(lambda value, *among: value in among, [node.this, *node.expressions])
    if function := _FUNCTIONS.get(type(node)):
        return _strict(function, [one for one in node.args.values() if isinstance(one, exp.Expr)])
    raise ValueError(f"expected SQL that the levels use, found {type(node).__name__} in {node.sql()}; teach levels.py")


# Functions that are NULL where any argument is; SQL counts from 1.
_FUNCTIONS: dict[type[exp.Expr], Callable[..., Any]] = {
    exp.Not: lambda value: not value,
    exp.EQ: lambda one, other: one == other,
    exp.GTE: lambda one, other: one >= other,
    exp.LTE: lambda one, other: one <= other,
    exp.GT: lambda one, other: one > other,
    exp.JarowinklerSimilarity: jellyfish.jaro_winkler_similarity,
    exp.Levenshtein: jellyfish.levenshtein_distance,
    exp.Length: len,
    exp.Substring: lambda text, start, length: text[int(start) - 1 : int(start) - 1 + int(length)],
    exp.ArrayOverlaps: lambda one, other: any(value in other for value in one),
    exp.ArrayContains: lambda values, value: value in values,
    exp.Contains: lambda text, part: part in text,
}


def _column(name: str) -> Term:
    stem = name[:-2]
    if name.endswith("_l"):
        return lambda left, right: left.get(stem)
    return lambda left, right: right.get(stem)


def _strict(function: Callable[..., Any], nodes: list[exp.Expr]) -> Term:
    terms = [_term(node) for node in nodes]
    if len(terms) == 2:
        first, second = terms

        def of_two(left: Columns, right: Columns) -> Any:
            one = first(left, right)
            if one is None:
                return None
            other = second(left, right)
            return None if other is None else function(one, other)

        return of_two

    def of_all(left: Columns, right: Columns) -> Any:
        values = [term(left, right) for term in terms]
        return None if None in values else function(*values)

    return of_all


def _and(one: Term, other: Term) -> Term:
    def both(left: Columns, right: Columns) -> bool | None:
        first = one(left, right)
        if first is False:
            return False
        second = other(left, right)
        return False if second is False else None if first is None or second is None else True

    return both


def _or(one: Term, other: Term) -> Term:
    def either(left: Columns, right: Columns) -> bool | None:
        first = one(left, right)
        if first is True:
            return True
        second = other(left, right)
        return True if second is True else None if first is None or second is None else False

    return either


def _coalesce(terms: list[Term]) -> Term:
    def first_known(left: Columns, right: Columns) -> Any:
        return next((value for term in terms if (value := term(left, right)) is not None), None)

    return first_known
