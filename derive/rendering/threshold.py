"""Threshold units, certificates and the perceptron's trace as text, LaTeX and plain data."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any

from derive.graphs.perceptron_rule import Learning
from derive.graphs.separability import Inseparable, Point, Separation
from derive.graphs.threshold import Layered, Unit


def number(value: Fraction | int) -> str:
    """A fraction as it is written: ``3``, ``-1/2``."""
    return str(Fraction(value))


def row_text(point: Sequence[Fraction | int]) -> str:
    return "(" + ", ".join(map(number, point)) + ")"


def linear(coefficients: Sequence[Fraction | int], names: Sequence[str]) -> str:
    """``w_1 + 2 w_2 - w_0`` of its coefficients; 0 if all are.

    >>> linear([1, -2, 0], ["a", "b", "c"])
    'a - 2 b'
    """
    pieces: list[str] = []
    for coefficient, name in zip(coefficients, names, strict=True):
        if coefficient:
            coefficient = Fraction(coefficient)
            size = "" if abs(coefficient) == 1 else f"{number(abs(coefficient))} "
            if not name:
                size = number(abs(coefficient))
            sign = "-" if coefficient < 0 else "+"
            pieces.append(
                f"{sign} {size}{name}" if pieces else f"{'-' if coefficient < 0 else ''}{size}{name}"
            )
    return " ".join(pieces) or "0"


def _weights(count: int) -> list[str]:
    return [f"w_{i}" for i in range(count)]


def unit_text(unit: Unit | Separation, letter: str = "x") -> str:
    """``z = x_1 + x_2 - 1``."""
    weights = (unit.bias, *unit.weights) if isinstance(unit, Unit) else unit.weights
    names = [*(f"{letter}_{i}" for i in range(1, len(weights))), ""]
    return "z = " + linear([*weights[1:], weights[0]], names)


def separation_text(
    found: Separation | Inseparable, firing: Sequence[Point], resting: Sequence[Point]
) -> str:
    """Weights with what they give on every point, or the contradiction."""
    if isinstance(found, Inseparable):
        return certificate_text(found)
    unit = Unit(found.weights[0], found.weights[1:])
    lines = [f"One unit does it: g(z) = 1 where {unit_text(found)} > 0"]
    for points, wanted in ((firing, "> 0"), (resting, "<= 0")):
        lines += [f"  {row_text(point)}: z = {number(unit.sum(point))} {wanted}" for point in points]
    return "\n".join(lines)


def certificate_text(found: Inseparable) -> str:
    """The inequalities that contradict each other, each with how many times it is taken, and their sums."""
    names = _weights(len(found.total))
    lines = ["No unit can do it. Suppose that weights could; then"]
    rows: list[tuple[str, str]] = []
    for entries, sign in ((found.firing, "> 0"), (found.resting, "<= 0")):
        for count, point in entries:
            times = "" if count == 1 else f"   ({count} times)"
            rows.append((f"{_left((Fraction(1), *point), names)} {sign}", f"from {row_text(point)}{times}"))
    width = max(len(left) for left, _ in rows)
    lines += [f"  {left.ljust(width)}   {why}" for left, why in rows]
    total = _left(found.total, names)
    lines += [
        f"The first {_count(found.firing)} add up to     {total} > 0",
        f"and the other {_count(found.resting)} add up to  {total} <= 0: a contradiction.",
    ]
    return "\n".join(lines)


def _left(coefficients: Sequence[Fraction], names: Sequence[str]) -> str:
    """The weights of the inputs first, the bias last, as it is usually written."""
    return linear([*coefficients[1:], coefficients[0]], [*names[1:], names[0]])


def _count(entries: Sequence[tuple[int, Point]]) -> str:
    total = sum(count for count, _ in entries)
    return {1: "one", 2: "two", 3: "three", 4: "four"}.get(total, str(total))


def separation_latex(found: Separation | Inseparable) -> str:
    """The same for amsmath."""
    if isinstance(found, Separation):
        return rf"\[{unit_text(found)} > 0\]"
    names = _weights(len(found.total))
    rows = []
    for entries, sign in ((found.firing, ">"), (found.resting, r"\le")):
        for count, point in entries:
            left = _left((Fraction(1), *point), names)
            rows.append(f"{left} &{sign} 0" + (rf" && \text{{({count} times)}}" if count > 1 else ""))
    total = _left(found.total, names)
    rows += [rf"{total} &> 0 && \text{{sum of the first}}", rf"{total} &\le 0 && \text{{sum of the others}}"]
    body = " \\\\\n".join(rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def separation_dict(found: Separation | Inseparable) -> dict[str, Any]:
    if isinstance(found, Separation):
        return {"separable": True, "weights": [number(value) for value in found.weights], "certificate": None}

    def entries(which: Sequence[tuple[int, Point]]) -> list[dict[str, Any]]:
        return [{"times": count, "point": [number(v) for v in point]} for count, point in which]

    return {
        "separable": False,
        "weights": None,
        "certificate": {
            "firing": entries(found.firing),
            "resting": entries(found.resting),
            "total": [number(value) for value in found.total],
        },
    }


def network_text(network: Layered, every: Sequence[tuple[int, ...]]) -> str:
    """The units, and a table of what each does on every row."""
    lines = [f"h_{i} = g(z) with {unit_text(unit)}" for i, unit in enumerate(network.hidden, 1)]
    lines.append(f"y = g(z) with {unit_text(network.output, 'h')}")
    lines.append(f"{network.units} units")
    hidden = " ".join(f"h_{i}" for i in range(1, len(network.hidden) + 1))
    lines += ["", f"  x   {hidden}   y"]
    for row in every:
        values = [int(unit.fires(row)) for unit in network.hidden]
        fired = "  ".join(f"{value:>2}"[-2:] for value in values)
        lines.append(f"  {row_text(row)}   {fired}   {int(network.fires(row))}")
    return "\n".join(lines)


def network_dict(network: Layered) -> dict[str, Any]:
    def unit(one: Unit) -> dict[str, Any]:
        return {"bias": number(one.bias), "weights": [number(value) for value in one.weights]}

    return {
        "hidden": [unit(one) for one in network.hidden],
        "output": unit(network.output),
        "units": network.units,
    }


def learning_text(learning: Learning) -> str:
    """A line for every look at a point; a star where the weights change."""
    rows = [("sweep", "x", "y", "y w.x", "", "w after (w_0 first)")]
    for visit in learning.visits:
        star = "*" if visit.is_mistake else ""
        cells = (str(visit.sweep), row_text(visit.point), f"{visit.label:+d}", number(visit.margin), star)
        rows.append((*cells, row_text(visit.weights)))
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    lines = ["Rule: where y w.x <= 0 (*), w <- w + y x, with x = (1, x_1, ..., x_n)", ""]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.append("")
    if learning.converged:
        lines.append(
            f"Done: {learning.mistakes} mistakes, none in the last sweep; w = {row_text(learning.weights)}"
        )
    else:
        lines.append(f"Not done: {learning.mistakes} mistakes so far")
    if learning.bound is not None and learning.by is not None:
        lines.append(
            f"Novikoff: at most {floor(learning.bound)} mistakes, as (R |w| / gamma)^2 = {learning.bound} "
            f"for w = {row_text(learning.by)}"
        )
    if isinstance(learning.separation, Inseparable):
        lines += ["It never will be:", certificate_text(learning.separation)]
    return "\n".join(lines)


def learning_dict(learning: Learning) -> dict[str, Any]:
    return {
        "converged": learning.converged,
        "mistakes": learning.mistakes,
        "weights": [number(value) for value in learning.weights],
        "bound": None if learning.bound is None else float(learning.bound),
        "visits": [
            {
                "sweep": visit.sweep,
                "point": [number(value) for value in visit.point],
                "label": visit.label,
                "margin": number(visit.margin),
                "mistake": visit.is_mistake,
                "weights": [number(value) for value in visit.weights],
            }
            for visit in learning.visits
        ],
        "separation": separation_dict(learning.separation),
    }
