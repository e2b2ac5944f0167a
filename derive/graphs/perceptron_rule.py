"""Rosenblatt's rule: a unit learns from its mistakes, with a trace of every step and Novikoff's bound.

Where a point is on the wrong side or on the border, ``y w . x <= 0``, its vector is added with its sign:
``w <- w + y x``. ``x`` is the point with a 1 before it, so that ``w_0`` is the bias; ``y`` is 1 or -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.graphs.separability import Inseparable, Separation, separate
from derive.graphs.threshold import ThresholdError

MOST_SWEEPS = 10_000


@dataclass(frozen=True)
class Visit:
    """One look at one point: ``margin`` is ``y w . x`` before; the weights change if it is not positive."""

    sweep: int
    point: tuple[Fraction, ...]
    label: int
    margin: Fraction
    weights: tuple[Fraction, ...]

    @property
    def is_mistake(self) -> bool:
        return self.margin <= 0


@dataclass(frozen=True)
class Learning:
    """All visits, in order.

    ``bound`` is Novikoff's on the mistakes, where the points can be told apart, and ``by`` the weights that
    it is of: the better of those that were learnt and those that :func:`separate` finds.
    """

    visits: tuple[Visit, ...]
    converged: bool
    separation: Separation | Inseparable
    bound: Fraction | None
    by: tuple[Fraction, ...] | None = None

    @property
    def mistakes(self) -> int:
        return sum(visit.is_mistake for visit in self.visits)

    @property
    def weights(self) -> tuple[Fraction, ...]:
        """The weights at the end, the bias first."""
        return self.visits[-1].weights


def learn(
    points: Sequence[Sequence[int | Fraction]],
    labels: Sequence[int],
    start: Sequence[int | Fraction] | None = None,
    sweeps: int = 100,
) -> Learning:
    """Go through the points again and again until a whole sweep is without mistake.

    Raises :class:`ThresholdError` where labels are not 1 and -1, or numbers do not fit.

    >>> learning = learn([(0, 0), (0, 1), (1, 0), (1, 1)], [-1, -1, -1, 1])
    >>> learning.converged, [int(w) for w in learning.weights]
    (True, [-4, 3, 2])
    """
    if not points or len(points) != len(labels):
        raise ThresholdError(f"there are {len(points)} points and {len(labels)} labels; each needs one")
    if set(labels) - {1, -1}:
        raise ThresholdError("labels are 1 and -1")
    if len({len(point) for point in points}) != 1:
        raise ThresholdError("the points have different numbers of coordinates")
    if not 1 <= sweeps <= MOST_SWEEPS:
        raise ThresholdError(f"from 1 to {MOST_SWEEPS} sweeps are possible; here are {sweeps}")
    size = len(points[0]) + 1
    weights = tuple(map(Fraction, start)) if start is not None else (Fraction(0),) * size
    if len(weights) != size:
        raise ThresholdError(f"{size} weights are needed, the bias first; here are {len(weights)}")
    extended = [(Fraction(1), *map(Fraction, point)) for point in points]
    visits: list[Visit] = []
    converged = False
    for sweep in range(1, sweeps + 1):
        for x, y in zip(extended, labels, strict=True):
            margin = y * _dot(weights, x)
            if margin <= 0:
                weights = tuple(w + y * value for w, value in zip(weights, x, strict=True))
            visits.append(Visit(sweep, x[1:], y, margin, weights))
        if not any(visit.is_mistake for visit in visits[-len(points) :]):
            converged = True
            break
    separation = separate(
        [x[1:] for x, y in zip(extended, labels, strict=True) if y == 1],
        [x[1:] for x, y in zip(extended, labels, strict=True) if y == -1],
    )
    bounds: list[tuple[Fraction, tuple[Fraction, ...]]] = []
    if isinstance(separation, Separation) and not any(start or ()):
        found = [weights, _to_the_middle(extended, labels, weights)] if converged else []
        found.append(_to_the_middle(extended, labels, separation.weights))
        for one in found:
            if (most := _novikoff(extended, labels, one)) is not None:
                bounds.append((most, one))
    bound, by = min(bounds, default=(None, None))
    return Learning(tuple(visits), converged, separation, bound, by)


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def _to_the_middle(
    points: Sequence[tuple[Fraction, ...]], labels: Sequence[int], weights: tuple[Fraction, ...]
) -> tuple[Fraction, ...]:
    """The weights with the bias in the middle between both sides: no point is left on the border."""
    up = min((_dot(weights, x) for x, y in zip(points, labels, strict=True) if y == 1), default=None)
    down = max((_dot(weights, x) for x, y in zip(points, labels, strict=True) if y == -1), default=None)
    if up is None or down is None:
        return weights
    return (weights[0] - (up + down) / 2, *weights[1:])


def _novikoff(
    points: Sequence[tuple[Fraction, ...]], labels: Sequence[int], weights: tuple[Fraction, ...]
) -> Fraction | None:
    """``(R |w| / gamma)^2`` for one separating ``w``: R the longest point, gamma the smallest ``y w . x``."""
    gamma = min(y * _dot(weights, x) for x, y in zip(points, labels, strict=True))
    return max(_dot(x, x) for x in points) * _dot(weights, weights) / gamma**2 if gamma > 0 else None
