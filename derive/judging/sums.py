"""Sums, products and extrema over an index: the body is evaluated once for each value of the bound letter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from derive.judging import arrays
from derive.judging.arrays import Array
from derive.judging.chance import expectation
from derive.judging.limits import MAX_TERMS, Irrational, TooLarge, Unknown, cost
from derive.judging.names import access, is_letter
from derive.judging.scalars import plain
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
        return _integral(at, tree)
    if tree.operator in ("argmax", "argmin"):
        return _where(at, tree)
    if tree.operator not in folds:
        raise Unknown(f"{tree.operator} is not evaluated")
    variables = list(tree.variables) or _implied(tree.body)
    return _fold(at, tree, variables, folds[tree.operator])


def _integral(at: Evaluator, tree: Big) -> Array:
    """A definite integral over a bounded interval by Gauss-Legendre; refused where two orders disagree."""
    if tree.lower is None or tree.upper is None or len(tree.variables) != 1 or tree.condition or tree.domain:
        raise Unknown("an integral without bounds")
    if at.system in ("exact", "interval"):
        raise Irrational("an integral is computed numerically")
    low, high = at.value(tree.lower), at.value(tree.upper)
    results = [_gauss(at, tree, low, high, order) for order in (20, 28)]
    first, second = ([float(plain(v)) for v in r] for r in results)
    if any(abs(a - b) > 1e-10 * max(1, abs(b)) for a, b in zip(first, second, strict=True)):
        raise Unknown("an integral that does not settle")
    return results[1]


def _gauss(at: Evaluator, tree: Big, low: Array, high: Array, order: int) -> Array:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    middle, half = (low + high) / 2, (high - low) / 2
    variable = tree.variables[0]
    total: Any = 0
    for node, weight in zip(nodes, weights, strict=True):
        at.overrides[variable] = middle + half * at.convert(Fraction(float(node)))
        try:
            term = at.value(tree.body)
        finally:
            del at.overrides[variable]
        if term.ndim != 1:
            raise Unknown("the integral of a vector")
        total = total + term * at.convert(Fraction(float(weight)))
    return np.asarray(total * half)


def _where(at: Evaluator, tree: Big) -> Array:
    """The index at which the body is largest or smallest, the first one of several."""
    if len(tree.variables) != 1 or tree.condition is not None:
        raise Unknown(f"{tree.operator} over more than one letter")
    variable = tree.variables[0]
    low, high = _range(at, tree, variable)
    if (low != low[0]).any() or (high != high[0]).any():
        raise Unknown(f"{tree.operator} over ranges that differ")
    outer = at.indices.get(variable)
    columns = []
    try:
        for k in range(int(low[0]), int(high[0]) + 1):
            at.indices[variable] = np.full(at.point.batch, k)
            columns.append(at.value(tree.body))
    finally:
        if outer is None:
            at.indices.pop(variable, None)
        else:
            at.indices[variable] = outer
    sign = 1 if tree.operator == "argmax" else -1
    best = [max(range(len(row)), key=lambda k: sign * plain(row[k])) for row in zip(*columns, strict=True)]
    return at.objects([at.convert(Fraction(int(low[0]) + k)) for k in best]) + at.full(0)


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
