"""Inverse questions: for which whole numbers does a network have what is wanted; all of them in a range.

The unknowns are names in the network's text; every combination in their ranges is counted, so that what can
be asked is what can be counted: output size, receptive field, parameters, operations, also as a share of
another network's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.counting.conventions import OPERATIONS
from derive.counting.describe import network_from_text
from derive.counting.explain import target_of
from derive.counting.formulas import Size
from derive.counting.network import QUANTITIES, NetworkCount, count_network
from derive.counting.receptive import receptive_fields, spatial
from derive.graphs.network import NetworkError
from derive.suggest import unknown

MOST = 50_000
RELATIONS = ("<=", ">=", "=", "<", ">")
ASKED = ("output", "receptive", "jump", *QUANTITIES, *OPERATIONS)
_CONDITION = re.compile(r"\s*(?P<what>[\w+-]+)\s*(?P<relation><=|>=|<|>|=)\s*(?P<value>.+?)\s*$")


@dataclass(frozen=True)
class Condition:
    """What is wanted: ``output = 7x7``, ``receptive >= 31``, ``multiplications <= 1/2 of the other``.

    ``share`` is a fraction of the other network's count, where there is one; ``sizes`` an output shape.
    """

    text: str
    what: str
    relation: str
    value: Fraction = Fraction(0)
    share: bool = False
    sizes: tuple[int, ...] = ()
    same: bool = False


@dataclass(frozen=True)
class Solutions:
    """All combinations that fit, with what they have; ``tried`` is how many there were."""

    unknowns: tuple[str, ...]
    found: tuple[tuple[Mapping[str, int], Mapping[str, Any]], ...]
    tried: int
    fitting_layers: int


def condition_from(text: str) -> Condition:
    """A condition as it is written.

    >>> condition_from("output = 7x7").sizes, condition_from("receptive >= 31").value
    ((7, 7), Fraction(31, 1))
    >>> condition_from("multiplications <= 1/2 other").share
    True
    """
    match = _CONDITION.match(text)
    if match is None:
        raise NetworkError(f"a condition is written like 'output = 7x7' or 'receptive >= 31'; came {text!r}")
    what, relation, value = match["what"], match["relation"], match["value"]
    if what not in ASKED:
        raise NetworkError(unknown("quantity", what, ASKED))
    if what == "output":
        if relation != "=":
            raise NetworkError("an output size is wanted with '='")
        if value in ("input", "same"):
            return Condition(text, what, relation, same=True)
        if not re.fullmatch(r"\d+(\s*x\s*\d+)*", value):
            raise NetworkError(f"an output size is written 7x7, or 'same' for the input's; came {value!r}")
        return Condition(text, what, relation, sizes=tuple(map(int, re.findall(r"\d+", value))))
    share = re.fullmatch(r"(?P<part>[\d./]+|half)?\s*\*?\s*(of\s+)?(the\s+)?other", value)
    if share:
        part = share["part"] or "1"
        return Condition(
            text, what, relation, Fraction(1, 2) if part == "half" else Fraction(part), share=True
        )
    target = target_of(value)
    return Condition(text, what, relation, target.figures * Fraction(1000) ** target.power)


def ranges_from(texts: Iterable[str]) -> dict[str, Sequence[int]]:
    """Ranges as they are written: ``k=1..7`` or ``s=1,2,4``.

    >>> ranges_from(["k=1..3", "s=1,2,4"])
    {'k': range(1, 4), 's': (1, 2, 4)}
    """
    found: dict[str, Sequence[int]] = {}
    for text in texts:
        match = re.fullmatch(r"\s*(\w+)\s*=\s*(\d+)\s*\.\.\s*(\d+)\s*", text)
        listed = re.fullmatch(r"\s*(\w+)\s*=\s*(\d+(?:\s*,\s*\d+)*)\s*", text)
        if match:
            found[match[1]] = range(int(match[2]), int(match[3]) + 1)
        elif listed:
            found[listed[1]] = tuple(map(int, listed[2].split(",")))
        else:
            raise NetworkError(f"a range is written k=1..7 or s=1,2,4; came {text!r}")
    return found


def fit(
    text: str,
    shapes: Sequence[Sequence[Size]],
    ranges: Mapping[str, Sequence[int]],
    conditions: Sequence[Condition],
    other: NetworkCount | None = None,
) -> Solutions:
    """All whole numbers in the ranges for which the network in ``text`` has what is wanted.

    Raises :class:`~derive.graphs.network.NetworkError` if there are too many combinations, or if no
    combination makes a network.

    >>> text = "Conv2d(1, 1, k, padding=p)"
    >>> same = fit(text, [(1, 9, 9)], ranges_from(["k=1..5", "p=0..3"]), [condition_from("output = same")])
    >>> [dict(solution) for solution, _ in same.found]
    [{'k': 1, 'p': 0}, {'k': 3, 'p': 1}, {'k': 5, 'p': 2}]
    """
    names = tuple(ranges)
    combinations = 1
    for values in ranges.values():
        combinations *= len(values)
    if combinations > MOST:
        raise NetworkError(f"{combinations:,} combinations are too many; at most {MOST:,} are tried")
    found, fitting = [], 0
    refused: NetworkError | None = None
    for values in itertools.product(*ranges.values()):
        solution = dict(zip(names, values, strict=True))
        try:
            count = count_network(network_from_text(text, variables=solution), shapes)
        except NetworkError as error:
            refused = error
            continue
        fitting += 1
        if all(_holds(one, count, other) for one in conditions):
            found.append((solution, _shown(count, conditions)))
    if not fitting and refused is not None:
        raise NetworkError(f"no combination makes a network; the last one: {refused}")
    return Solutions(names, tuple(found), combinations, fitting)


def _value(what: str, count: NetworkCount) -> Any:
    if what in OPERATIONS:
        return OPERATIONS[what].value(count.totals)
    if what in ("receptive", "jump"):
        fields = receptive_fields(count)
        axes = spatial(count, fields)
        own = [fields.of(count.network.outputs[0], axis, count.network.inputs[0]) for axis in axes]
        single = own[0].single if own and own[0] is not None else None
        if single is None:
            return None
        return single.size if what == "receptive" else single.jump
    return count.totals[what]


def _holds(condition: Condition, count: NetworkCount, other: NetworkCount | None) -> bool:
    if condition.what == "output":
        shape = count.shapes[count.network.outputs[0]][1:]
        came = count.input_shapes[0]
        wanted = came[1:] if condition.same else condition.sizes
        return tuple(shape[len(shape) - len(wanted) :]) == tuple(wanted)
    value = _value(condition.what, count)
    if not isinstance(value, int):
        if value is None:
            return False
        raise NetworkError(f"{condition.what} is {value}: give a range for every letter")
    bound = condition.value
    if condition.share:
        if other is None:
            raise NetworkError(f"{condition.text!r} needs the other network")
        bound *= _value(condition.what, other)
    return {
        "=": value == bound,
        "<=": value <= bound,
        ">=": value >= bound,
        "<": value < bound,
        ">": value > bound,
    }[condition.relation]


def _shown(count: NetworkCount, conditions: Sequence[Condition]) -> dict[str, Any]:
    """What a solution has of what was asked for."""
    found: dict[str, Any] = {"output": list(count.shapes[count.network.outputs[0]][1:])}
    for condition in conditions:
        if condition.what != "output":
            found[condition.what] = _value(condition.what, count)
    return found
