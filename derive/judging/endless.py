r"""What has no end: integrals to infinity, infinite sums, limits. Computed numerically, to some ten digits.

Each is computed in more than one way (two steps of integration, terms until nothing changes, a limit along
three paths and from both sides) and has a value only where those agree; elsewhere it is not known, never
wrong. Densities, geometric and exponential series and the limits of course work agree; what converges slowly
does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import cosh, exp, pi, sinh
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.judging.arrays import Array
from derive.judging.duals import plain
from derive.judging.limits import Irrational, Refusal, TooLarge, Unknown
from derive.reading.tree import Big, Name, Negative, Power, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator

#: How near two computations of one value have to be.
NEAR = 1e-10
#: The two steps of an integral to infinity.
STEPS = (1 / 32, 1 / 48)
#: An infinite sum is given up after so many terms.
MOST_TERMS = 800
#: So many terms in a row have to be negligible.
QUIET = 8
INFINITY = Name("infty")


def infinite(tree: Tree | None) -> int:
    """1 for infinity, -1 for minus infinity, 0 for anything else."""
    if isinstance(tree, Negative):
        return -infinite(tree.operand)
    return 1 if tree == INFINITY else 0


def endless(tree: Tree) -> bool:
    """Whether this is a sum or an integral to infinity, or a limit."""
    return isinstance(tree, Big) and (
        tree.operator == "lim"
        or (tree.operator in ("sum", "int") and bool(infinite(tree.lower) or infinite(tree.upper)))
    )


def _inexact(at: Evaluator) -> None:
    if at.system in ("exact", "interval"):
        raise Irrational("it is computed numerically")


# -- integrals ---------------------------------------------------------------------------------------------


def integral(at: Evaluator, tree: Big) -> Array:
    """A definite integral: Gauss-Legendre between bounds, the double exponential rule to infinity."""
    if tree.lower is None or tree.upper is None or len(tree.variables) != 1 or tree.condition or tree.domain:
        raise Unknown("an integral without bounds")
    _inexact(at)
    ends = infinite(tree.lower), infinite(tree.upper)
    if ends == (0, 0):
        low, high = at.value(tree.lower), at.value(tree.upper)
        coarse, fine = (_weighted(at, tree, _gauss(low, high, order)) for order in (20, 28))
    elif ends == (-1, 1):
        coarse, fine = (_to_infinity(at, tree, _whole_line(step)) for step in STEPS)
    elif ends == (0, 1):
        start = at.value(tree.lower)
        coarse, fine = (_to_infinity(at, tree, _half_line(start, 1, step)) for step in STEPS)
    elif ends == (-1, 0):
        start = at.value(tree.upper)
        coarse, fine = (_to_infinity(at, tree, _half_line(start, -1, step)) for step in STEPS)
    else:
        raise Unknown("an integral from infinity")
    return _where_near(at, [coarse, fine], "an integral that does not settle")


#: Where to evaluate and with which weight; an array, or a number for all points.
_Rule = Iterator[tuple[Any, Any]]


def _weighted(at: Evaluator, tree: Big, rule: _Rule) -> Array:
    total: Any = 0
    for place, weight in rule:
        term = _body(at, tree, _converted(at, place))
        total = total + term * _converted(at, weight)
    return total


def _to_infinity(at: Evaluator, tree: Big, rule: _Rule) -> Array:
    """The sum of a rule whose ends have to be negligible. What is too far out to be computed there, such as
    the exponential of millions, has to lie beyond places that are negligible already."""
    total: Any = None
    sizes: list[Array | None] = []
    for place, weight in rule:
        try:
            term = _body(at, tree, _converted(at, place)) * _converted(at, weight)
        except TooLarge:
            sizes.append(None)
            continue
        total = term if total is None else total + term
        sizes.append(np.nan_to_num(_magnitudes(term), nan=np.inf))
    known = [k for k, size in enumerate(sizes) if size is not None]
    if not known or any(sizes[k] is None for k in range(known[0], known[-1])):
        raise Unknown("an integral that is beyond computing")
    inner = np.array([sizes[k] for k in known])
    small = 1e-13 * np.maximum(inner.sum(axis=0), 1e-300)
    settled = (inner[:3] <= small).all(axis=0) & (inner[-3:] <= small).all(axis=0) & (inner.max(axis=0) > 0)
    return _only(at, total, settled, "an integral that does not settle")


def _converted(at: Evaluator, x: Any) -> Any:
    return at.full(Fraction(x)) if isinstance(x, float) else x


def _body(at: Evaluator, tree: Big, x: Any) -> Array:
    """The body where its variable is ``x``."""
    variable = tree.variables[0]
    outer = at.overrides.get(variable)
    at.overrides[variable] = x
    try:
        term = at.value(tree.body)
    finally:
        if outer is None:
            del at.overrides[variable]
        else:
            at.overrides[variable] = outer
    if term.ndim != 1:
        raise Unknown(f"the {'limit' if tree.operator == 'lim' else 'integral'} of a vector")
    return term


def _gauss(low: Array, high: Array, order: int) -> _Rule:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    middle, half = (low + high) / 2, (high - low) / 2
    number = (lambda v: v) if low.dtype != object else _like(low)
    for node, weight in zip(nodes, weights, strict=True):
        yield middle + half * number(float(node)), half * number(float(weight))


def _like(x: Array) -> Callable[[float], Any]:
    kind = type(plain(x.flat[0]))
    return (lambda v: kind(v)) if kind.__name__ == "mpf" else Fraction


def _whole_line(step: float) -> _Rule:
    """``x = sinh(pi/2 sinh t)``, t in equal steps: whatever decays is soon beyond all figures."""
    for k in range(-round(4.0 / step), round(4.0 / step) + 1):
        inner = pi / 2 * sinh(k * step)
        yield sinh(inner), step * pi / 2 * cosh(k * step) * cosh(inner)


def _half_line(start: Array, sign: int, step: float) -> _Rule:
    """``x = start + exp(pi/2 sinh t)``."""
    number = (lambda v: v) if start.dtype != object else _like(start)
    for k in range(-round(4.0 / step), round(4.0 / step) + 1):
        away = exp(pi / 2 * sinh(k * step))
        weight = step * pi / 2 * cosh(k * step) * away
        yield start + number(sign * away), weight


# -- sums --------------------------------------------------------------------------------------------------


def infinite_sum(at: Evaluator, tree: Big) -> Array:
    """A sum to infinity: terms until they are negligible and shrink by a factor."""
    if len(tree.variables) != 1 or tree.condition or tree.domain or tree.lower is None:
        raise Unknown("this form of infinite sum")
    _inexact(at)
    if infinite(tree.lower):
        raise Unknown("a sum from minus infinity")
    variable, low = tree.variables[0], at.index(tree.lower)
    outer = at.indices.get(variable)
    total: Any = 0
    before: Array | None = None
    quiet = np.zeros(at.point.batch, dtype=int)
    try:
        for k in range(MOST_TERMS):
            at.indices[variable] = low + k
            term = at.value(tree.body)
            if term.ndim != 1:
                raise Unknown("an infinite sum of vectors")
            total = total + term
            size, sum_now = _magnitudes(term), _magnitudes(total)
            with np.errstate(all="ignore"):
                shrinks = size == 0 if before is None else size <= 0.97 * before
                small = size <= 1e-17 * np.maximum(1e-3, sum_now)
            quiet = np.where(small & (shrinks | (size == 0)), quiet + 1, 0)
            before = size
            if (quiet >= QUIET).all():
                break
    finally:
        if outer is None:
            at.indices.pop(variable, None)
        else:
            at.indices[variable] = outer
    # Where every single term is 0 nothing is known of the terms that come.
    return _only(at, total, (quiet >= QUIET) & (sum_now > 0), "a sum that does not settle")


# -- limits ------------------------------------------------------------------------------------------------


def limit(at: Evaluator, tree: Big) -> Array:
    """A limit along three paths (odd, even and broken numbers, or distances), and from both sides."""
    if len(tree.variables) != 1 or tree.lower is None or tree.condition or tree.domain:
        raise Unknown("this form of limit")
    _inexact(at)
    end: Tree = tree.lower
    sides: tuple[int, ...] = (1, -1)
    if isinstance(end, Power) and end.exponent in (Name("+"), Name("-")):
        sides = (1,) if end.exponent == Name("+") else (-1,)
        end = end.base
    last = 9 if at.system == "float" else 10
    if towards := infinite(end):
        ways = [[towards * _path(c, j) for j in range(2, last)] for c in _STARTS]
        found = [_extrapolated(at, tree, way) for way in ways]
        return _where_near(at, found, "a limit that does not settle")
    place = at.value(end)
    found = []
    for side in sides:
        for c in _STARTS[:2]:
            away = [side / _path(c, j) for j in range(1, last - 2)]
            try:
                values = [_moved(place, distance) for distance in away]
                found.append(_extrapolated(at, tree, values))
            except Refusal:
                if side == 1 or not found:  # x log x has no value on the left of 0
                    raise
    known = [x for x in found if not np.isnan(_floats(x)).all()]
    if not known:
        raise Unknown("a limit that does not settle")
    return _where_near(at, known, "a limit that does not settle")


_STARTS = (Fraction(1), Fraction(2), Fraction(237, 100))


def _path(start: Fraction, j: int) -> Fraction:
    return start * 3**j


def _moved(place: Array, distance: Fraction) -> Array:
    if place.dtype != object:
        return place + float(distance)
    number = _like(place)
    step = number(distance.numerator) / number(distance.denominator)
    return place + step


def _extrapolated(at: Evaluator, tree: Big, way: Sequence[Any]) -> Array:
    """Richardson's: what remains shrinks like powers of one third."""
    row = [_body(at, tree, at.full(x) if isinstance(x, Fraction) else x) for x in way]
    best = row[-1]
    for power in range(1, min(6, len(row))):
        factor = at.full(Fraction(3**power))
        one = at.full(Fraction(1))
        row = [(factor * later - earlier) / (factor - one) for earlier, later in pairwise(row)]
        with np.errstate(all="ignore"):
            apart = np.abs(_floats(row[-1]) - _floats(best))
        best = row[-1]
    return _only(
        at, best, apart <= 1e-7 * np.maximum(1, np.abs(_floats(best))), "a limit that does not settle"
    )


# -- what agrees -------------------------------------------------------------------------------------------


def _floats(x: Array) -> Array:
    x = plain(x)
    return np.asarray(x, dtype=float) if x.dtype != object else np.array([float(plain(item)) for item in x])


def _magnitudes(x: Array) -> Array:
    return np.abs(_floats(x))


def _where_near(at: Evaluator, found: Sequence[Array], otherwise: str) -> Array:
    """The last of several computations where all agree."""
    last = _floats(found[-1])
    near = np.isfinite(last)
    for other in found[:-1]:
        with np.errstate(all="ignore"):
            near &= np.abs(_floats(other) - last) <= NEAR * np.maximum(1, np.abs(last))
    return _only(at, found[-1], near, otherwise)


def _only(at: Evaluator, x: Array, known: Array, otherwise: str) -> Array:
    """``x`` where it is known; at float points nan elsewhere, so that other points go on."""
    if known.all():
        return x
    if at.system != "float" or x.dtype == object or not known.any():
        raise Unknown(otherwise)
    return np.where(known, x, np.nan)
