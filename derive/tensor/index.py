"""Indices and what is known of them: which occur free, and between which bounds an affine one stays."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any, TypeAlias

import sympy as sp
from sympy.core.expr import AtomicExpr

Size: TypeAlias = sp.Expr

_fresh_numbers = itertools.count()


def size(name: str) -> sp.Symbol:
    """A symbolic size: a positive integer."""
    return sp.Symbol(name, integer=True, positive=True)


class Index(AtomicExpr):
    """An index that runs over ``0 .. size - 1``.

    >>> Index("i", size("n")) == Index("i", size("n")), Index("i", size("n")) == Index("i", size("m"))
    (True, False)
    """

    is_commutative = True
    is_integer = True
    is_nonnegative = True
    is_real = True
    name: str
    size: Size

    def __new__(cls, name: str, size: Size | int) -> Index:
        self = super().__new__(cls)
        self.name, self.size = name, sp.sympify(size)
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.size)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.size)

    def _sympystr(self, printer: Any) -> str:
        return self.name

    # Not among ``free_symbols``: SymPy would differentiate by it to find the sign of ``2i - 1``, and fail.


def fresh(index: Index) -> Index:
    """An index like this one that occurs nowhere else."""
    return Index(f"~{next(_fresh_numbers)}", index.size)


@lru_cache(maxsize=65536)
def free_indices(expression: sp.Basic) -> frozenset[Index]:
    """The indices that occur free."""
    if isinstance(expression, Index):
        return frozenset([expression])
    found = frozenset(itertools.chain.from_iterable(free_indices(argument) for argument in expression.args))
    return found - frozenset(getattr(expression, "bound", ()))  # a sum binds its indices


def coefficient_of(affine: sp.Expr, index: Index) -> sp.Expr:
    """The coefficient of an index in an affine expression."""
    return sp.expand(affine.xreplace({index: sp.S.One}) - affine.xreplace({index: sp.S.Zero}))


def bounds(affine: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The least and greatest value of an affine expression over its indices (NaN where a sign is unknown)."""
    low = high = affine
    for index in free_indices(affine):
        coefficient, last = coefficient_of(affine, index), index.size - 1
        if coefficient.is_nonnegative:
            low, high = low.xreplace({index: sp.S.Zero}), high.xreplace({index: last})
        elif coefficient.is_nonpositive:
            low, high = low.xreplace({index: last}), high.xreplace({index: sp.S.Zero})
        else:
            return sp.nan, sp.nan
    return sp.expand(low), sp.expand(high)


def within(affine: sp.Expr, extent: Size) -> bool:
    """Whether an affine index provably stays in ``0 .. extent - 1``."""
    if isinstance(affine, Index):
        return affine.size == extent or bool((extent - affine.size).is_nonnegative)
    low, high = bounds(affine)
    return bool(low.is_nonnegative and sp.expand(extent - 1 - high).is_nonnegative)


def count_fitting(affine: sp.Expr, index: Index, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """How many values 0, 1, 2, ... of ``index`` keep an affine expression in ``low .. high - 1``.

    The expression must grow with the index and fit at 0; the other indices run over their whole range.

    >>> n, k, s, p = size("n"), size("k"), size("s"), sp.Symbol("p", integer=True, nonnegative=True)
    >>> i, u = Index("i", size("m")), Index("u", k)
    >>> count_fitting(s * i + u - p, i, -p, n + p)
    floor((-k + n + 2*p)/s) + 1
    """
    rest = affine.xreplace({index: sp.S.Zero})
    least, greatest = bounds(rest)
    if not sp.expand(least - low).is_nonnegative:
        raise ValueError(f"at {index} = 0, {affine} may be below {low}")
    return sp.floor((high - 1 - greatest) / coefficient_of(affine, index)) + 1
