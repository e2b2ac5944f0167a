"""Matrix notation step by step: ``dz_t = W^T dz_{t+1}``, ``dL/dW = sum_t dz_t h_{t-1}^T``.

What runs over steps has one index more than a matrix can show. Each step by itself is a matrix or a column,
called by its number as in a textbook; before the first step and after the last it is 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from derive.tensor.index import Index
from derive.tensor.matrix import Matrix, Shape, Values
from derive.tensor.matrix_form import NotAMatrixFormulaError, to_matrix
from derive.tensor.nodes import Access, Sum, Tensor, nodes
from derive.tensor.printing import MULTIPLY, Printer, script


class Slice(Tensor):
    """What a tensor holds at step ``at``, a step's index plus a whole number."""

    whole: Tensor
    position: int
    at: sp.Expr

    def __new__(cls, whole: Tensor, position: int, at: sp.Expr) -> Slice:
        rest = [extent for place, extent in enumerate(whole.shape) if place != position]
        text, latex = Printer("text")(at), Printer("latex")(at)
        # A label that is there already comes first: z_{f,t}.
        base, _, label = whole.latex.partition("_")
        below = f"{label.strip('{}')},{latex}" if label else latex
        self = super().__new__(
            cls,
            f"{whole.name}[{text}]",
            rest,
            latex=base + script("_", below),
            text=f"{whole.text}_{text}" if text.isalpha() else f"{whole.text}_({text})",
        )
        self.whole, self.position, self.at = whole, position, at
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.whole, self.position, self.at), {}

    def value(self, array: np.ndarray, step: Index, number: int) -> np.ndarray:
        """The slice of the whole array at this step's number."""
        place = int(self.at.xreplace({step: sp.Integer(number)}))
        if not 0 <= place < array.shape[self.position]:
            return np.zeros_like(np.take(array, 0, axis=self.position))
        return np.take(array, place, axis=self.position)


@dataclass(frozen=True)
class OverSteps(Matrix):
    """The sum over all steps."""

    step: Index
    operand: Matrix

    @property
    def shape(self) -> Shape:
        return self.operand.shape

    def parts(self) -> Iterable[Matrix]:
        return (self.operand,)

    def write(self, printer: Printer) -> tuple[str, int]:
        inner, level = self.operand.write(printer)
        sign = r"\sum" if printer.is_latex else "Σ"
        body = inner if level >= MULTIPLY else printer.parenthesise(inner)
        return f"{sign}{script('_', printer(self.step))} {body}", min(level, MULTIPLY)

    def evaluate(self, values: Values) -> np.ndarray:
        steps = range(values.extent(self.step.size))
        return np.sum(
            [self.operand.evaluate(at_step(values, self.operand, self.step, t)) for t in steps], axis=0
        )


def at_step(values: Values, form: Matrix, step: Index, number: int) -> Values:
    """The values with those of all slices in a form at one step."""
    slices = {one.tensor for one in form.walk() if isinstance(getattr(one, "tensor", None), Slice)}  # type: ignore[attr-defined]
    arrays = {one.name: one.value(np.asarray(values.arrays[one.whole.name]), step, number) for one in slices}
    return Values({**values.arrays, **arrays}, values.numbers)


def step_form(target: Access, result: sp.Expr, step: Index) -> tuple[Tensor, Matrix]:
    """What stands on the left and the matrix form on the right, for one step or as a sum over all.

    Raises :class:`NotAMatrixFormulaError` where it has no such form.
    """
    if step in target.indices:
        left = _sliced(target, step)
        assert isinstance(left, Access)
        row, column = _row_and_column(left)
        return left.tensor, to_matrix(_sliced(result, step), row, column)
    bodies = []
    for term in sp.Add.make_args(result):
        sums = [one for one in sp.Mul.make_args(term) if isinstance(one, Sum)]
        if len(sums) != 1 or not any(index.size == step.size for index in sums[0].bound):
            raise NotAMatrixFormulaError("a term that is no sum over the steps")
        inner, own = sums[0].open()
        over = next(index for index in own if index.size == step.size)
        rest = tuple(index for index in own if index != over)
        bodies.append(Sum(term / sums[0] * inner.xreplace({over: step}), *rest))
    row, column = _row_and_column(target)
    return target.tensor, OverSteps(step, to_matrix(_sliced(sp.Add(*bodies), step), row, column))


def _row_and_column(target: Access) -> tuple[Index | None, Index | None]:
    indices = [index for index in target.indices if isinstance(index, Index)]
    if len(indices) > 2:
        raise NotAMatrixFormulaError(f"{len(indices)} indices")
    row, column, *_ = (*indices, None, None)
    return row, column


def _sliced(expression: sp.Expr, step: Index) -> sp.Expr:
    """Every entry ``T[t + c, j]`` as the entry ``j`` of T's slice at ``t + c``."""
    found: dict[sp.Expr, sp.Expr] = {}
    for node in nodes(expression):
        if isinstance(node, Access):
            places = [place for place, index in enumerate(node.indices) if sp.expand(index - step).is_Integer]
            if len(places) == 1:
                (place,) = places
                rest = [index for other, index in enumerate(node.indices) if other != place]
                found[node] = Access(Slice(node.tensor, place, node.indices[place]), *rest)
    return expression.xreplace(found)
