"""Formulas in sizes that are evaluated often: with whole numbers in plain Python, with letters by SymPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp

Size: TypeAlias = int | sp.Expr
"""A size or a count: a number, or a formula in symbolic sizes."""

Evaluate: TypeAlias = Callable[[Mapping[str, Any]], Any]


def simplest(value: Any) -> Size:
    """A whole number as ``int``, everything else as it is.

    >>> simplest(sp.Integer(7)), simplest(Fraction(6, 2)), simplest(sp.Symbol("n"))
    (7, 3, n)
    """
    if isinstance(value, int):
        return value
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else sp.Rational(value.numerator, value.denominator)
    return int(value) if value.is_Integer else value


def product(values: Any) -> Size:
    """The product of sizes; 1 of none."""
    factors = list(values)
    if all(isinstance(one, int) for one in factors):
        return math.prod(factors)
    return simplest(sp.Mul(*factors))  # at once: 8 (n - 2) alone would be multiplied out


def divided(value: Size, by: Size) -> Size:
    """``value`` over ``by``; for numbers, which have to divide."""
    return value // by if isinstance(value, int) and isinstance(by, int) else simplest(sp.sympify(value) / by)


class Formula:
    """A formula by its SymPy expression; calling it with sizes by name gives its value.

    >>> n, k = sp.symbols("n k", integer=True, positive=True)
    >>> windows = Formula(sp.floor((n - k) / 2) + 1)
    >>> windows({"n": 7, "k": 3}), windows({"n": n, "k": 3})
    (3, floor(n/2 - 3/2) + 1)
    """

    def __init__(self, expression: sp.Expr) -> None:
        self.expression = sp.sympify(expression)
        self.symbols = {symbol.name: symbol for symbol in self.expression.free_symbols}
        self._evaluate = _compiled(self.expression)

    def __call__(self, sizes: Mapping[str, Any]) -> Size:
        if all(isinstance(sizes[name], int | Fraction) for name in self.symbols):
            return simplest(self._evaluate(sizes))
        values = {symbol: sp.sympify(sizes[name]) for name, symbol in self.symbols.items()}
        return simplest(self.expression.xreplace(values))


def _compiled(one: sp.Expr) -> Evaluate:
    """Plain Python for an expression in sizes."""
    if one.is_Integer:
        number = int(one)
        return lambda sizes: number
    if one.is_Rational:
        fraction = Fraction(int(one.p), int(one.q))
        return lambda sizes: fraction
    if one.is_Symbol:
        name = one.name
        return lambda sizes: sizes[name]
    parts = [_compiled(argument) for argument in one.args]
    if one.is_Add:
        return lambda sizes: sum(part(sizes) for part in parts)
    if one.is_Mul:
        return lambda sizes: math.prod(part(sizes) for part in parts)
    if one.is_Pow and one.exp.is_Integer:
        base, exponent = parts[0], int(one.exp)
        if exponent >= 0:
            return lambda sizes: base(sizes) ** exponent
        return lambda sizes: Fraction(1) / Fraction(base(sizes)) ** -exponent
    if isinstance(one, sp.floor):
        return lambda sizes: math.floor(parts[0](sizes))
    if isinstance(one, sp.ceiling):
        return lambda sizes: math.ceil(parts[0](sizes))
    if isinstance(one, sp.Max):
        return lambda sizes: max(part(sizes) for part in parts)
    if isinstance(one, sp.Min):
        return lambda sizes: min(part(sizes) for part in parts)
    raise TypeError(f"{one} is no formula in sizes")
