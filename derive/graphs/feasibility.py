"""Whether linear equations have a solution without negative numbers, decided exactly, with its proof.

Either there is a solution, or there is a combination of the equations that contradicts itself (the lemma of
Farkas). The simplex method with fractions finds the one or the other; Bland's rule keeps it from going round
in circles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Row = Sequence[Fraction | int]


@dataclass(frozen=True)
class Solution:
    """Numbers ``z >= 0`` with ``A z = b``."""

    values: tuple[Fraction, ...]


@dataclass(frozen=True)
class Contradiction:
    """Numbers ``y`` with ``y A <= 0`` and ``y b > 0``: no ``z >= 0`` can have ``A z = b``."""

    multipliers: tuple[Fraction, ...]


def nonnegative_solution(A: Sequence[Row], b: Row) -> Solution | Contradiction:
    """A solution of ``A z = b`` with ``z >= 0``, or the proof that there is none.

    >>> nonnegative_solution([[1, 1]], [2]).values
    (Fraction(2, 1), Fraction(0, 1))
    >>> nonnegative_solution([[1, 1]], [-2]).multipliers
    (Fraction(-1, 1),)
    """
    signs = [-1 if value < 0 else 1 for value in b]
    rows = len(A)
    columns = len(A[0]) if rows else 0
    # Beside every equation a variable of its own, to be driven to 0; its columns keep track of the rows.
    table = [
        [Fraction(sign * value) for value in row]
        + [Fraction(int(i == j)) for j in range(rows)]
        + [Fraction(sign * b[i])]
        for i, (sign, row) in enumerate(zip(signs, A, strict=True))
    ]
    basis = [columns + i for i in range(rows)]
    # What is left over, as a function of the variables outside of the basis: its cost row.
    cost = [sum((row[j] for row in table), Fraction(0)) for j in range(columns)] + [Fraction(0)] * rows
    cost.append(sum((row[-1] for row in table), Fraction(0)))
    while True:
        entering = next((j for j in range(columns) if cost[j] > 0), None)
        if entering is None:
            break
        candidates = [i for i in range(rows) if table[i][entering] > 0]
        leaving = min(candidates, key=lambda i: (table[i][-1] / table[i][entering], basis[i]))
        _pivot(table, cost, leaving, entering)
        basis[leaving] = entering
    if cost[-1] > 0:
        # The cost of the added variables says with which weights the rows were added up.
        return Contradiction(tuple(sign * (1 + cost[columns + i]) for i, sign in enumerate(signs)))
    values = [Fraction(0)] * (columns + rows)
    for i, j in enumerate(basis):
        values[j] = table[i][-1]
    return Solution(tuple(values[:columns]))


def _pivot(table: list[list[Fraction]], cost: list[Fraction], row: int, column: int) -> None:
    pivot = table[row][column]
    table[row] = [value / pivot for value in table[row]]
    for other in (*(line for i, line in enumerate(table) if i != row), cost):
        factor = other[column]
        if factor:
            other[:] = [value - factor * mine for value, mine in zip(other, table[row], strict=True)]
