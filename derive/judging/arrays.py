"""Batches of scalars and matrices, whatever their entries are made of.

A scalar is an array ``(B,)``, a matrix ``(B, rows, columns)``, a column vector ``(B, n, 1)``; B counts the
points at
which a formula is evaluated together. Entries are float64, or objects: fractions, mpmath numbers,
intervals, duals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from derive.judging.duals import Dual, numbers, plain
from derive.judging.limits import OBJECT, ShapeMismatch, Unknown, spend

Array = npt.NDArray[Any]


def shape_text(x: Array) -> str:
    """``a number`` or ``3x5``."""
    return "a number" if x.ndim == 1 else f"{x.shape[1]}x{x.shape[2]}"


def collapse(x: Array) -> Array:
    """A 1x1 matrix is a number."""
    return x[:, 0, 0] if x.ndim == 3 and x.shape[1:] == (1, 1) else x


def align(a: Array, b: Array, what: str) -> tuple[Array, Array]:
    """Both with the same number of axes; a number goes with every entry. Raises :class:`ShapeMismatch`."""
    if a.ndim == b.ndim:
        if a.shape[1:] != b.shape[1:]:
            raise ShapeMismatch(f"{what} of {shape_text(a)} and {shape_text(b)}")
        return a, b
    return (a[:, None, None], b) if a.ndim == 1 else (a, b[:, None, None])


def multiply(a: Array, b: Array, dot: bool = False) -> Array:
    """The product of two factors in written order: of numbers, by a number, of matrices, or a dot product."""
    if a.ndim == 1 or b.ndim == 1:
        a, b = align(a, b, "a product")
        return a * b
    if dot and a.shape == b.shape and 1 in a.shape[1:]:
        return (a * b).sum(axis=(1, 2))
    if a.shape[2] != b.shape[1]:
        raise ShapeMismatch(f"a product of {shape_text(a)} and {shape_text(b)}")
    return collapse(matmul(a, b))


def matmul(a: Array, b: Array) -> Array:
    """The matrix product of every pair, its work counted before it is done."""
    spend(_work(max(numbers(a) * b.shape[-1], numbers(b) * a.shape[-2]), a, b))
    return np.matmul(a, b)


def _work(products: int, *factors: Array) -> int:
    # a product of float64 inside a matrix product is far cheaper than an operation of its own
    return products // 16 if all(plain(x).dtype != object for x in factors) else products * OBJECT


def divide(a: Array, b: Array) -> Array:
    """The quotient, elementwise if both are tensors. Division by zero gives nan in float64 and raises
    elsewhere."""
    a, b = align(a, b, "a quotient")
    with np.errstate(all="ignore"):
        return a / b


def _square(a: Array, what: str) -> int:
    if a.ndim != 3 or a.shape[1] != a.shape[2]:
        raise ShapeMismatch(f"{what} of {shape_text(a)}, which is not square")
    return int(a.shape[1])


def inverse(a: Array) -> Array:
    """The inverse of every matrix of the batch. Raises :class:`ShapeMismatch` if it is not square."""
    n = _square(a, "the inverse")
    spend(_work(4 * numbers(a) * n, a))
    if isinstance(a, Dual):
        y = inverse(a.value)  # A Y = I, so dY = -Y dA Y
        return Dual(y, -matmul(matmul(y, a.slope), y), a.level)
    if a.dtype != object:
        try:
            return np.linalg.inv(a)
        except np.linalg.LinAlgError:
            return np.full_like(a, np.nan)
    result = np.empty_like(a)
    for k, matrix in enumerate(a):
        result[k] = _eliminate(matrix, n)[0]
    return result


def determinant(a: Array) -> Array:
    """The determinant of every matrix of the batch."""
    n = _square(a, "the determinant")
    spend(_work(4 * numbers(a) * n, a))
    if isinstance(a, Dual):
        d = determinant(a.value)  # Jacobi: d det A = det A tr(A^-1 dA)
        products = matmul(inverse(a.value), a.slope)
        return Dual(d, d * sum(products[..., k, k] for k in range(n)), a.level)
    if a.dtype != object:
        return np.asarray(np.linalg.det(a))
    result = np.empty(a.shape[0], dtype=object)
    for k, matrix in enumerate(a):
        result[k] = _eliminate(matrix, n)[1]
    return result


def _eliminate(matrix: Array, n: int) -> tuple[Array, Any]:
    """Gauss-Jordan on any kind of number: the inverse and the determinant."""
    work = np.concatenate([matrix, np.eye(n, dtype=int).astype(object)], axis=1)
    determinant: Any = 1
    for column in range(n):
        pivot = max(range(column, n), key=lambda row: abs(plain(work[row, column])))
        if plain(work[pivot, column]) == 0:
            raise Unknown("the inverse of a singular matrix")
        if pivot != column:
            work[[column, pivot]] = work[[pivot, column]]
            determinant = -determinant
        determinant = determinant * work[column, column]
        work[column] = work[column] / work[column, column]
        for row in range(n):
            if row != column:
                work[row] = work[row] - work[column] * work[row, column]
    return work[:, n:], determinant
