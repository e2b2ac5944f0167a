"""Sums, products and extrema over an index: the body is evaluated once for each value of the bound letter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.judging import arrays
from derive.judging.arrays import Array
from derive.judging.chance import expectation
from derive.judging.duals import plain
from derive.judging.endless import endless, infinite_sum, integral, limit
from derive.judging.limits import MAX_TERMS, TooLarge, Unknown, cost
from derive.judging.names import access, is_letter
from derive.reading.tree import Big, Indexed, Name, Relation, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator


def big(at: Evaluator, tree: Big) -> Array:
    folds: dict[str, Callable[[Array, Array], Any]] = {
        "sum": np.add,
        "prod": np.multiply,
        "max": np.maximum,
        "min": np.minimum,
    }
    if tree.operator == "E" and not tree.variables and tree.condition is None:
        return expectation(at, tree.body)
    if tree.operator == "int":
        return integral(at, tree)
    if tree.operator == "lim":
        return limit(at, tree)
    if tree.operator == "sum" and endless(tree):
        return infinite_sum(at, tree)
    if tree.operator in ("argmax", "argmin"):
        return _where(at, tree)
    if tree.operator not in folds:
        raise Unknown(f"{tree.operator} is not evaluated")
    variables = list(tree.variables) or _implied(tree.body)
    return _fold(at, tree, variables, folds[tree.operator])


def _where(at: Evaluator, tree: Big) -> Array:
    """The index at which the body is largest or smallest, the first one of several; for several letters the
    list of their values."""
    if tree.condition is not None or not tree.variables:
        raise Unknown(f"{tree.operator} with a condition")
    ranges = []
    for variable in tree.variables:
        low, high = _range(at, tree, variable)
        if (low != low[0]).any() or (high != high[0]).any():
            raise Unknown(f"{tree.operator} over ranges that differ")
        ranges.append(range(int(low[0]), int(high[0]) + 1))
    places = list(product(*ranges))
    outer = {variable: at.indices.get(variable) for variable in tree.variables}
    columns = []
    try:
        for place in places:
            at.indices.update(
                {v: np.full(at.point.batch, k) for v, k in zip(tree.variables, place, strict=True)}
            )
            columns.append(at.value(tree.body))
    finally:
        for variable, before in outer.items():
            if before is None:
                at.indices.pop(variable, None)
            else:
                at.indices[variable] = before
    sign = 1 if tree.operator == "argmax" else -1
    best = [max(range(len(row)), key=lambda k: sign * plain(row[k])) for row in zip(*columns, strict=True)]
    found = [
        at.objects([at.convert(Fraction(places[k][axis])) for k in best]) + at.full(0)
        for axis in range(len(tree.variables))
    ]
    return found[0] if len(found) == 1 else np.stack(found, axis=1)[:, :, None]


def _implied(body: Tree) -> list[Tree]:
    letters = {
        i for node in body.walk() if isinstance(node, Indexed) for i in access(node)[1] if is_letter(i)
    }
    letters = {i for i in letters if not (isinstance(i, Name) and "#" in i.text)}
    if len(letters) != 1:
        raise Unknown("a sum that does not say over what")
    return list(letters)


def _range(at: Evaluator, tree: Big, variable: Tree) -> tuple[Array, Array]:
    low = at.index(tree.lower) if tree.lower is not None else np.full(at.point.batch, at.layout.origin)
    if tree.upper is not None:
        high = at.index(tree.upper)
    elif tree.domain is not None:
        raise Unknown("a sum over a set")
    else:
        dim = at.layout.letters.get(variable)
        if dim is None or (at.layout.find(dim) not in at.sized and not isinstance(at.layout.find(dim), int)):
            raise Unknown("a sum whose range is not known")
        high = np.full(at.point.batch, at.layout.origin + at.size(dim) - 1)
    if int(high.max(initial=0)) - int(low.min(initial=0)) > MAX_TERMS:
        raise TooLarge(f"a sum of more than {MAX_TERMS} terms")
    return low, high


def _fold(at: Evaluator, tree: Big, variables: list[Tree], fold: Callable[[Array, Array], Any]) -> Array:
    if not variables:
        return at.value(tree.body)
    variable, rest = variables[0], variables[1:]
    low, high = _range(at, tree, variable)
    outer = at.indices.get(variable)
    neutral = at.full(Fraction(0 if tree.operator == "sum" else 1))
    total: Array | None = neutral if tree.operator in ("sum", "prod") else None
    try:
        for k in range(int(low.min()), int(high.max()) + 1):
            at.indices[variable] = np.full(at.point.batch, k)
            inside = (low <= k) & (k <= high)
            if tree.condition is not None and not rest:
                if not isinstance(tree.condition, Relation):
                    raise Unknown("a condition in words")
                inside = inside & (at.truth(tree.condition) > 0)
            if not inside.any():
                continue
            term = _fold(at, tree, rest, fold)
            if total is None:
                if not inside.all():
                    raise Unknown("a maximum over ranges that differ")
                total = term
                continue
            a, b = arrays.align(total, term, "a sum")
            mask = inside if a.ndim == 1 else inside[:, None, None]
            total = np.where(mask, fold(a, b), a) if not inside.all() else fold(a, b)
            at.budget.spend(cost(total))
    finally:
        if outer is None:
            at.indices.pop(variable, None)
        else:
            at.indices[variable] = outer
    if total is None:
        raise Unknown("a maximum over nothing")
    return total
