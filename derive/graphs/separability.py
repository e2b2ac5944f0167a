"""Whether one threshold unit can tell two sets of points apart: weights that do, or a proof that none do.

The unit fires, ``g(z) = 1``, where ``z = w_0 + w_1 x_1 + ... + w_n x_n > 0``. If it cannot, some inequalities
for ``z > 0``, each taken so many times, add up to the same left side as some for ``z <= 0``: a contradiction.
In the picture: the two sets' convex hulls meet, and the combination names a common point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

from derive.graphs.feasibility import Contradiction, Solution, nonnegative_solution

Point = tuple[Fraction, ...]


@dataclass(frozen=True)
class Separation:
    """Weights ``(w_0, w_1, ..., w_n)`` of a unit that fires exactly on the points of the first set."""

    weights: tuple[Fraction, ...]


@dataclass(frozen=True)
class Inseparable:
    """How many times each point's inequality is taken; both sums have the left side ``total``.

    ``firing`` are for the points with ``z > 0``, ``resting`` for those with ``z <= 0``.
    """

    firing: tuple[tuple[int, Point], ...]
    resting: tuple[tuple[int, Point], ...]
    total: tuple[Fraction, ...]


def separate(firing: Sequence[Point], resting: Sequence[Point]) -> Separation | Inseparable:
    """Weights of one unit, or the certificate that there are none.

    Raises :class:`ValueError` where points have different numbers of coordinates, or there is none.

    >>> separate([(1, 1)], [(0, 0), (0, 1), (1, 0)]).weights
    (Fraction(-1, 1), Fraction(1, 1), Fraction(1, 1))
    >>> separate([(0, 1), (1, 0)], [(0, 0), (1, 1)]).total
    (Fraction(2, 1), Fraction(1, 1), Fraction(1, 1))
    """
    dimensions = {len(point) for point in (*firing, *resting)}
    if len(dimensions) != 1:
        raise ValueError("points are needed, all with the same number of coordinates")
    (dimension,) = dimensions
    if not firing or not resting:  # a unit that always or never fires
        return Separation((Fraction(1 if firing else -1), *([Fraction(0)] * dimension)))
    up, down = ([(Fraction(1), *map(Fraction, point)) for point in points] for points in (firing, resting))
    # A common point of both hulls: sum of l_i (1, p_i) = sum of m_j (1, q_j) with the l_i adding up to 1.
    A = [[point[i] for point in up] + [-point[i] for point in down] for i in range(dimension + 1)]
    A.append([Fraction(1)] * len(up) + [Fraction(0)] * len(down))
    found = nonnegative_solution(A, [Fraction(0)] * (dimension + 1) + [Fraction(1)])
    if isinstance(found, Contradiction):
        # y A <= 0 and y b > 0: -y gives at least y b, above 0, on the one set and at most 0 on the other.
        return Separation(_whole([-value for value in found.multipliers[:-1]]))
    return _certificate(found, up, down)


def _certificate(
    found: Solution, up: list[tuple[Fraction, ...]], down: list[tuple[Fraction, ...]]
) -> Inseparable:
    times = [int(value) for value in _whole(found.values)]
    firing = [(count, point) for count, point in zip(times, up, strict=False) if count]
    resting = [(count, point) for count, point in zip(times[len(up) :], down, strict=True) if count]
    total = tuple(sum(count * point[i] for count, point in firing) for i in range(len(up[0])))
    return Inseparable(
        tuple((count, point[1:]) for count, point in firing),
        tuple((count, point[1:]) for count, point in resting),
        tuple(map(Fraction, total)),
    )


def _whole(values: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The same up to a positive factor, in the smallest whole numbers."""
    common = lcm(*(value.denominator for value in values))
    numbers = [int(value * common) for value in values]
    divisor = reduce(gcd, numbers, 0) or 1
    return tuple(Fraction(number // divisor) for number in numbers)
