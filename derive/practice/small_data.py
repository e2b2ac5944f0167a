"""What is done by hand on a few points: nearest neighbours, folds, principal components."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

Point = tuple[Fraction, ...]


class DataError(ValueError):
    """Points or numbers do not fit; the message says what would work."""


@dataclass(frozen=True)
class Neighbour:
    """A point of the data, by its number from 1, with its squared distance to the one in question."""

    number: int
    point: Point
    label: str
    distance: Fraction


@dataclass(frozen=True)
class Vote:
    """The points by their distance, the ``k`` nearest of them, and what these vote for.

    ``winner`` is None where two classes have equally many votes; ``tied`` says that the last place among the
    nearest could as well have gone to another point.
    """

    neighbours: tuple[Neighbour, ...]
    k: int
    votes: tuple[tuple[str, int], ...]
    winner: str | None
    tied: bool


def nearest(points: Sequence[Point], labels: Sequence[str], query: Point, k: int) -> Vote:
    """The vote of the ``k`` nearest points; equal distances go by the order of the data.

    >>> nearest([(0,), (1,), (5,)], ["a", "a", "b"], (2,), 1).winner
    'a'
    """
    if len({len(point) for point in (*points, query)}) != 1 or not points:
        raise DataError("all points need the same number of coordinates")
    if not 1 <= k <= len(points):
        raise DataError(f"k has to be from 1 to {len(points)}, the number of points; it is {k}")
    every = [
        Neighbour(i, point, label, Fraction(sum((a - b) ** 2 for a, b in zip(point, query, strict=True))))
        for i, (point, label) in enumerate(zip(points, labels, strict=True), 1)
    ]
    every.sort(key=lambda one: one.distance)  # stable: equal distances stay in order
    votes = Counter(one.label for one in every[:k]).most_common()
    clear = len(votes) == 1 or votes[0][1] > votes[1][1]
    tied = k < len(every) and every[k - 1].distance == every[k].distance
    return Vote(tuple(every), k, tuple(votes), votes[0][0] if clear else None, tied)


def folds(n: int, k: int) -> list[list[int]]:
    """The numbers 1 to n in k folds, one after the other; where k does not divide n the first have one more.

    >>> folds(7, 3)
    [[1, 2, 3], [4, 5], [6, 7]]
    """
    if not 2 <= k <= n:
        raise DataError(f"from 2 to {n} folds can be made of {n} examples; here are {k}")
    sizes = [n // k + (i < n % k) for i in range(k)]
    starts = [sum(sizes[:i]) for i in range(k)]
    return [list(range(start + 1, start + size + 1)) for start, size in zip(starts, sizes, strict=True)]


@dataclass(frozen=True)
class Components:
    """Mean and covariance (divided by the number of points) exactly; variances and directions numerically.

    ``variances[i]`` is that along ``directions[i]``, the largest first; ``rank`` of the covariance is how
    many numbers an autoencoder needs at least to give the points back exactly.
    """

    mean: tuple[Fraction, ...]
    covariance: tuple[tuple[Fraction, ...], ...]
    variances: tuple[float, ...]
    directions: tuple[tuple[float, ...], ...]
    rank: int


def principal_components(points: Sequence[Point]) -> Components:
    """Principal components of a few points.

    The sign of a direction is free; here its largest entry is positive.

    >>> found = principal_components([(1, 1), (2, 2), (3, 3)])
    >>> found.rank, [round(one, 6) for one in found.variances]
    (1, [1.333333, 0.0])
    """
    if len(points) < 2 or len({len(point) for point in points}) != 1:
        raise DataError("at least two points are needed, all with the same number of coordinates")
    n, d = len(points), len(points[0])
    mean = tuple(Fraction(sum(point[j] for point in points), n) for j in range(d))
    away = [[Fraction(point[j]) - mean[j] for j in range(d)] for point in points]
    covariance = tuple(
        tuple(Fraction(sum(row[i] * row[j] for row in away), n) for j in range(d)) for i in range(d)
    )
    values, vectors = np.linalg.eigh(np.array(covariance, dtype=float))
    order = np.argsort(-values, kind="stable")
    directions = []
    for i in order:
        vector = vectors[:, i]
        largest = int(np.argmax(np.abs(np.round(vector, 12))))
        directions.append(tuple(map(float, vector * (1 if vector[largest] > 0 else -1))))
    variances = tuple(max(0.0, float(values[i])) for i in order)
    return Components(mean, covariance, variances, tuple(directions), _rank(away))


def _rank(rows: Sequence[Sequence[Fraction]]) -> int:
    """By elimination, exactly."""
    left, rank = [list(row) for row in rows], 0
    for column in range(len(left[0])):
        pivot = next((row for row in left[rank:] if row[column] != 0), None)
        if pivot is None:
            continue
        left.remove(pivot)
        left.insert(rank, pivot)
        for row in left[rank + 1 :]:
            factor = row[column] / pivot[column]
            row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
        rank += 1
    return rank
