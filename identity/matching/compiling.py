"""Compiles the conditions of comparison levels from the batch's own SQL to Python, once for each comparison.

SQL's three-valued logic becomes Python's own `and` and `or` by asking two questions of every condition: is it true, and
is it false? NULL is neither.
"""

from collections.abc import Mapping
from typing import Any

import jellyfish
import sqlglot
from sqlglot import expressions as exp

from identity.matching.comparisons import Comparison, Gamma
from identity.matching.vectors import in_dialect

_NAMES = {"jw": jellyfish.jaro_winkler_similarity, "levenshtein": jellyfish.levenshtein_distance}
_TESTS: dict[type[exp.Expr], str] = {
    exp.EQ: "({0} == {1})",
    exp.NEQ: "({0} != {1})",
    exp.GTE: "({0} >= {1})",
    exp.LTE: "({0} <= {1})",
    exp.LT: "({0} < {1})",
    exp.GT: "({0} > {1})",
    exp.In: "({0} in {1})",
    exp.ArrayOverlaps: "(not set({0}).isdisjoint({1}))",
    exp.ArrayContains: "({1} in {0})",
    exp.Contains: "({1} in {0})",
}
_VALUES: dict[type[exp.Expr], str] = {
    exp.JarowinklerSimilarity: "jw({0}, {1})",
    exp.Levenshtein: "levenshtein({0}, {1})",
    exp.Length: "len({0})",
    exp.Left: "{0}[:{1}]",
    exp.Right: "{0}[-{1}:]",
    exp.Abs: "abs({0})",
    exp.Sub: "({0} - {1})",
    exp.DPipe: "({0} + {1})",
}


def compiled(comparison: Comparison) -> Gamma:
    """What `identity.matching.levels.gamma` says."""
    conditions = [comparison.null, *(condition for _, condition in comparison.levels)]
    nothing, *levels = [sqlglot.parse_one(in_dialect(one, "duckdb"), read="duckdb") for one in conditions]
    columns = sorted({column.name for tree in [nothing, *levels] for column in tree.find_all(exp.Column)})
    lines = [
        "def gamma(left, right):",
        *(f"    {name} = {'left' if name.endswith('_l') else 'right'}.get({name[:-2]!r})" for name in columns),
        f"    if {_true(nothing)}: return -1",
        *(f"    if {_true(tree)}: return {len(levels) - 1 - i}" for i, tree in enumerate(levels)),
    ]
    space: dict[str, Any] = dict(_NAMES)
    exec("\n".join(lines), space)  # noqa: S102 -- made of this project's own constants
    found: Gamma = space["gamma"]
    return found


def _true(node: exp.Expr) -> str:
    """Python that says whether a condition is true."""
    match node:
        case exp.Paren():
            return _true(node.this)
        case exp.And():
            return f"({_true(node.this)} and {_true(node.expression)})"
        case exp.Or():
            return f"({_true(node.this)} or {_true(node.expression)})"
        case exp.Not():
            return _false(node.this)
        case exp.Is():
            return f"({_value(node.this)} is None)"
        case exp.Boolean():
            return str(bool(node.this))
        case exp.Column():
            return f"({node.name} is True)"
        case exp.Coalesce():
            return f"(not {_false(node.this)})" if _otherwise(node) else _true(node.this)
    return _test(node, "{}")


def _false(node: exp.Expr) -> str:
    """Python that says whether a condition is false, which is not the same as not true."""
    match node:
        case exp.Paren():
            return _false(node.this)
        case exp.And():
            return f"({_false(node.this)} or {_false(node.expression)})"
        case exp.Or():
            return f"({_false(node.this)} and {_false(node.expression)})"
        case exp.Not():
            return _true(node.this)
        case exp.Is():
            return f"({_value(node.this)} is not None)"
        case exp.Boolean():
            return str(not node.this)
        case exp.Column():
            return f"({node.name} is False)"
        case exp.Coalesce():
            return _false(node.this) if _otherwise(node) else f"(not {_true(node.this)})"
    return _test(node, "not {}")


def _test(node: exp.Expr, asked: str) -> str:
    if type(node) not in _TESTS:
        raise ValueError(f"expected SQL that the levels use, found {type(node).__name__} in {node.sql()}")
    known = sorted(_needed(node))
    return f"({' and '.join([*(f'{name} is not None' for name in known), asked.format(_filled(_TESTS, node))])})"


def _value(node: exp.Expr) -> str:
    """Python of a value whose columns are known."""
    match node:
        case exp.Paren():
            return _value(node.this)
        case exp.Column():
            return str(node.name)
        case exp.Literal():
            return repr(node.this) if node.is_string else str(node.this)
        case exp.Coalesce():
            return f"({_value(node.this)} if {_value(node.this)} is not None else {_value(node.expressions[0])})"
        case exp.Substring():
            start, length = int(node.args["start"].this) - 1, int(node.args["length"].this)
            return f"{_value(node.this)}[{start}:{start + length}]"
    if type(node) in _VALUES:
        return _filled(_VALUES, node)
    raise ValueError(f"expected SQL that the levels use, found {type(node).__name__} in {node.sql()}")


def _filled(templates: Mapping[type[exp.Expr], str], node: exp.Expr) -> str:
    if isinstance(node, exp.In):
        among = ", ".join(_value(one) for one in node.expressions)
        return templates[exp.In].format(_value(node.this), f"({among},)")
    arguments = [one for one in (node.this, node.args.get("expression")) if one is not None]
    return templates[type(node)].format(*map(_value, arguments))


def _needed(node: exp.Expr) -> set[str]:
    """The columns without which the value is NULL."""
    if isinstance(node, exp.Coalesce):
        return set()
    if isinstance(node, exp.Column):
        return {node.name}
    return {name for child in node.iter_expressions() for name in _needed(child)}


def _otherwise(node: exp.Coalesce) -> bool:
    """What a condition counts as where it is NULL."""
    return bool(node.expressions[0].this)
