"""What written digits claim: 0.66 stands for everything that rounds to it; and numbers written in return."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal

from derive.judging.duals import plain
from derive.judging.scalars import Interval, interval
from derive.judging.trees import UNITS, rebuild
from derive.judging.values import Rounded
from derive.reading.tree import List, Matrix, Negative, Number, Tree

Fit = Literal["rounds", "truncates", "approximates"]


def literal(tree: Tree) -> tuple[int, Number] | None:
    """``(sign, number)`` of a plain number with an optional minus."""
    if isinstance(tree, Negative):
        inner = literal(tree.operand)
        return None if inner is None else (-inner[0], inner[1])
    return (1, tree) if isinstance(tree, Number) and tree.unit in UNITS else None


def step(number: Number) -> Fraction:
    """The value of one in the last written place: 1/100 for 0.66, 10 000 for 1.73e6."""
    return Fraction(10) ** -number.places * UNITS[number.unit]


def _significant(number: Number) -> int:
    digits = number.digits.partition("e")[0].replace(".", "").lstrip("0")
    return len(digits)


def fits(number: Number, sign: int, x: Any, approximately: bool = False) -> Fit | None:
    """Whether the value ``x`` (a number or an interval) may be written with these digits, and how.

    A decimal claims what rounds to it; cutting off is accepted and said. An integer claims itself, unless
    it has three
    or more digits or the sign is an approximate one.

    >>> fits(Number("0.22"), 1, Fraction(2244, 10000)), fits(Number("0.15"), -1, Fraction(-1584, 10000))
    ('rounds', 'truncates')
    >>> fits(Number("0.66"), 1, Fraction(2244, 10000)) is None
    True
    """
    unit = last = step(number)
    if approximately and number.places == 0:
        unit *= 10 ** (
            len(number.digits) - len(number.digits.rstrip("0"))
        )  # about 1000: no digit but the first
    value = sign * number.value * UNITS[number.unit]
    whole_number = number.places <= 0 and not number.unit and "e" not in number.digits
    if whole_number and not approximately and _significant(number) < 3:
        return None
    exact = x
    x = x if isinstance(x, Interval) else interval(_float(x))
    half, whole = float(unit) / 2, float(unit)
    middle = float(value)
    if tie(number, sign, exact) != "down" and x.overlaps(Interval(middle - half, middle + half)):
        return "rounds"
    away = Interval(middle, middle + whole) if sign > 0 else Interval(middle - whole, middle)
    # 0.09 for 0.0997, but not 0.1 for 0.19: nobody cuts off half of a number.
    close = abs(x.middle - middle) <= abs(x.middle) / 4
    if close and x.overlaps(away) and not _only_touches(x, middle + sign * whole, sign):
        return "truncates"
    whole = float(last)
    if approximately and x.overlaps(Interval(middle - whole, middle + whole)):
        return "approximates"
    return None


def meet(first: tuple[int, Number], second: tuple[int, Number]) -> bool:
    """Whether two written numbers may be roundings of one value.

    >>> meet((1, Number("553", "MB")), (1, Number("528", "MiB")))
    True
    """
    spans = []
    for sign, number in (first, second):
        exact = number.places <= 0 and _significant(number) < 3
        half = Fraction(0) if exact else step(number) / 2
        middle = sign * number.value * UNITS[number.unit]
        spans.append((middle - half, middle + half))
    (low, high), (from_, to) = spans
    return max(low, from_) < min(high, to)


def tie(number: Number, sign: int, x: Any) -> Literal["", "half up", "half to even", "up", "down"]:
    """How a value that lies in the middle between two roundings was rounded; empty where it does not.

    Away from zero is ``half up``, to an even last digit ``half to even`` (``up`` where both rules say so);
    ``down`` is neither, the rest was cut off.

    >>> [tie(Number(d), 1, Fraction(1, 8)) for d in ("0.13", "0.12", "0.125")]
    ['half up', 'half to even', '']
    >>> [tie(Number(d), 1, Fraction(3, 8)) for d in ("0.38", "0.37")]
    ['up', 'down']
    """
    x = plain(x)
    if not isinstance(x, (Fraction, int)) or x == 0:
        return ""
    last, written_value = step(number), number.value * UNITS[number.unit]
    gap = written_value - sign * x
    if 2 * abs(gap) != last:
        return ""
    even = (written_value / last) % 2 == 0
    if gap > 0:
        return "up" if even else "half up"
    return "half to even" if even else "down"


def _only_touches(x: Interval, end: float, sign: int) -> bool:
    return x.low >= end if sign > 0 else x.high <= end


def _float(x: Any) -> float:
    return float(plain(x))


def as_rounded(
    tree: Tree, exact: Collection[str] = (), drift: Mapping[str, Fraction] = MappingProxyType({})
) -> Tree:
    """The same tree with every decimal marked as rounded by its writer, but for the digits in ``exact``.

    ``drift`` says which digits are further from the true value than their last place, and how far. A whole
    number of five
    digits and more may be a rounding too: ``252982`` for ``4000^{1.5}``.
    """
    if type(tree) is Number and tree.digits not in exact and _may_be_rounded(tree):
        return Rounded(tree.digits, tree.unit, drift.get(tree.digits, Fraction(0)))
    return rebuild(tree, lambda part: as_rounded(part, exact, drift))


def _may_be_rounded(number: Number) -> bool:
    return number.places > 0 or (number.digits.isdigit() and _significant(number) >= 5)


def decimals(tree: Tree) -> list[Number]:
    """The numbers written with decimal places."""
    return [n for n in tree.walk() if isinstance(n, Number) and n.places > 0]


def entries(tree: Tree) -> list[list[Tree]] | None:
    """The rows of a written matrix; a list is a column."""
    if isinstance(tree, Matrix):
        return [list(row) for row in tree.rows]
    if isinstance(tree, List):
        return [[item] for item in tree.items]
    return None


def short(x: Any) -> float | int:
    """A value for a witness: a plain number with at most six significant digits."""
    x = plain(x)
    if isinstance(x, Fraction) and x.denominator == 1 and abs(x) < 10**15:
        return int(x)
    value = x.middle if isinstance(x, Interval) else float(x)
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e6 else rounded


def written(x: Any, places: int) -> str:
    """``x`` with a number of decimal places, as LaTeX.

    >>> written(0.2244, 2), written(-3.0, 0)
    ('0.22', '-3')
    """
    value = x.middle if isinstance(x, Interval) else plain(x)
    if places <= 0 and isinstance(value, Fraction) and value.denominator != 1:
        return f"{float(value):.6g}"
    if places <= 0 and float(value) != int(float(value)):
        return f"{float(value):.6g}"
    text = f"{float(value):.{max(places, 0)}f}"
    return text[1:] if text.startswith("-") and float(text) == 0 else text


def places_of(tree: Tree) -> int:
    """The most decimal places among the numbers written."""
    return max((n.places for n in decimals(tree)), default=0)


def matrix_latex(rows: Iterable[Iterable[str]]) -> str:
    """Rows of entries as a LaTeX matrix."""
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
