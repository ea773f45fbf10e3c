"""What is wrong with rules as a whole: gaps, contradictions, and rules that lead away from a person when it gets worse.

The situations are a grid, an axis an input, on which a rule is a box. Of numbers, the ends of the rules' ranges and
their neighbours stand for all.
"""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np
import zen

from engagement.zones.deciding import cell
from engagement.zones.rule_file import Between, Rule, Rules
from engagement.zones.situation import RANK, SCALES, Milestone, Zone

Axis = list[Any]
RISING = ("risk", "value", "emotion", "attempts", "vulnerability", "dial")
"""Inputs of which a later value on the axis must never lead away from a person."""

NONE = 255


def problems(rules: Rules) -> list[str]:
    """Each names the rules and a situation; an empty list is as it should be."""
    axes = _axes(rules)
    boxes = {rule.id: [_accepted(rule, name, axis) for name, axis in axes.items()] for rule in rules.rules}
    return [*_contradictions(rules.rules, boxes, axes), *_gaps_and_falls(rules.rules, boxes, axes)]


def _axes(rules: Rules) -> dict[str, Axis]:
    """Every value of every input that the rules can tell from its neighbours."""
    axes: dict[str, Axis] = {
        "intent": sorted(rules.topic_of.items()),
        "product": [None, *rules.products],
        **{name: list(words) for name, words in SCALES.items()},
        "value": [None, *_numbers(rules.rules, "value", 0.01)],
        "attempts": _numbers(rules.rules, "attempts", 1),
        "milestone": [None, *get_args(Milestone)],
        "dial": [None, *reversed([one for one in _numbers(rules.rules, "dial", 1) if one <= 100])],
    }
    return {name: _told_apart(rules.rules, name, axis) for name, axis in axes.items()}


def _numbers(rules: Sequence[Rule], name: str, step: float) -> Axis:
    asked = [one for rule in rules if (one := getattr(rule.when, name))]
    ends = {end for one in asked for end in (one.at_least, one.at_most) if end is not None}
    return sorted({0, *(one for end in ends for one in (end - step, end, end + step) if one >= 0)})


def _told_apart(rules: Sequence[Rule], name: str, axis: Axis) -> Axis:
    """Without values that every rule takes as it takes the one before (or, where there is no order, any other)."""
    kept: Axis = []
    seen: list[tuple[bool, ...]] = []
    for value in axis:
        taken = tuple(_takes(rule, name, value) for rule in rules)
        known = taken in seen if name not in RISING else bool(seen) and taken == seen[-1] and kept[-1] is not None
        if not known:
            kept.append(value)
            seen.append(taken)
    return kept


def _takes(rule: Rule, name: str, value: Any) -> bool:
    if name != "intent":
        return _tested(getattr(rule.when, name), value)
    intent, topic = value
    return _tested(rule.when.intent, intent) and _tested(rule.when.topic, topic)


def _tested(asked: Between | list[Any] | None, value: Any) -> bool:
    return asked is None or bool(zen.evaluate_unary_expression(cell(asked), {"$": value}))


def _accepted(rule: Rule, name: str, axis: Axis) -> list[int]:
    return [at for at, value in enumerate(axis) if _takes(rule, name, value)]


def _contradictions(rules: Sequence[Rule], boxes: dict[str, list[list[int]]], axes: dict[str, Axis]) -> Iterator[str]:
    for at, one in enumerate(rules):
        for other in rules[at + 1 :]:
            if one.priority != other.priority or one.zone is other.zone:
                continue
            both = [sorted(set(a) & set(b)) for a, b in zip(boxes[one.id], boxes[other.id], strict=True)]
            if all(both):
                where = _said(axes, [those[0] for those in both])
                expected = f"expected one zone of two rules of priority {one.priority}, found two"
                yield f"{one.id}, {other.id}: {expected}: {where}"


def _gaps_and_falls(rules: Sequence[Rule], boxes: dict[str, list[list[int]]], axes: dict[str, Axis]) -> Iterator[str]:
    grid = np.full([len(axis) for axis in axes.values()], NONE, dtype=np.uint8)
    deciding = np.full(grid.shape, -1, dtype=np.int16)
    for number in sorted(range(len(rules)), key=lambda at: rules[at].priority):
        box = np.ix_(*boxes[rules[number].id])
        grid[box], deciding[box] = RANK[rules[number].zone], number
    gaps = np.argwhere(grid == NONE)
    if len(gaps):
        yield f"expected a rule for every situation, found none for {_said(axes, gaps[0])}"
        return
    for at, name in enumerate(axes):
        if name not in RISING:
            continue
        first = int(axes[name][0] is None)  # what nobody knows is neither more nor less
        ranks = np.moveaxis(grid, at, 0)[first:].astype(np.int16)
        falls = np.argwhere(np.diff(ranks, axis=0) < 0)
        if len(falls):
            where = list(falls[0])
            place, rest = int(where[0]) + first, [int(one) for one in where[1:]]
            before, after = [*rest[:at], place, *rest[at:]], [*rest[:at], place + 1, *rest[at:]]
            one, other = (rules[deciding[tuple(spot)]].id for spot in (before, after))
            fewer, more = (_word(axes[name][spot]) for spot in (place, place + 1))
            zones = [list(Zone)[grid[tuple(spot)]].value for spot in (before, after)]
            yield (
                f"{one}, {other}: expected {name} {more} to lead no further from a person than {name} {fewer}, found"
                f" {zones[1]} and {zones[0]}: {_said(axes, after)}"
            )


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _said(axes: dict[str, Axis], where: Sequence[int]) -> str:
    told = {name: axis[int(at)] for (name, axis), at in zip(axes.items(), where, strict=True)}
    told["intent"] = told["intent"][0]
    return ", ".join(f"{name} {_word(value)}" for name, value in told.items())
