"""The Taylor expansion of a function of one variable: its terms, its remainder, what a claimed one lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

MOST_ORDERS = 12


class TaylorError(ValueError):
    """There is no expansion at this point; the message says why."""


@dataclass(frozen=True)
class Term:
    """One order: the derivative, its value at the point, and the term ``f^(k)(a)/k! (x - a)^k``."""

    order: int
    derivative: sp.Expr
    value: sp.Expr
    coefficient: sp.Expr


@dataclass(frozen=True)
class Expansion:
    """``sum of terms + remainder``.

    ``remainder`` is Lagrange's, ``f^(n+1)(xi)/(n+1)! (x - a)^(n+1)`` with ``xi`` between ``a`` and ``x``;
    ``even`` or ``odd`` say that every other term is 0, where that follows from the function.
    """

    function: sp.Expr
    variable: sp.Symbol
    point: sp.Expr
    terms: tuple[Term, ...]
    remainder: sp.Expr

    @property
    def order(self) -> int:
        return self.terms[-1].order

    @property
    def polynomial(self) -> sp.Expr:
        """The terms added up, not multiplied out."""
        away = self.variable - self.point
        return sp.Add(*(term.coefficient * away**term.order for term in self.terms))


@dataclass(frozen=True)
class Difference:
    """An order at which a claimed expansion has another coefficient."""

    order: int
    expected: sp.Expr
    found: sp.Expr

    @property
    def kind(self) -> str:
        """``missing``, ``extra`` or ``coefficient``."""
        if self.found == 0:
            return "missing"
        return "extra" if self.expected == 0 else "coefficient"


XI = sp.Symbol("xi", real=True)


def expand(function: sp.Expr, variable: sp.Symbol, point: sp.Expr, order: int) -> Expansion:
    """The expansion about a point up to an order, with Lagrange's remainder.

    Raises :class:`TaylorError` where a derivative has no finite value at the point.

    >>> x = sp.Symbol("x", real=True)
    >>> expand(1 / (1 + sp.exp(-x)), x, sp.S.Zero, 3).polynomial
    -x**3/48 + x/4 + 1/2
    """
    if not 0 <= order <= MOST_ORDERS:
        raise TaylorError(f"orders from 0 to {MOST_ORDERS} are expanded; here is {order}")
    terms, derivative = [], function
    for k in range(order + 1):
        value = sp.nsimplify(sp.simplify(derivative.subs(variable, point)), rational=None)
        if not value.is_number or not value.is_finite or not value.is_real:
            which = "the function" if k == 0 else f"its derivative of order {k}"
            raise TaylorError(f"{which} has no finite value at {variable} = {point}: {value}")
        if derivative.has(sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise):
            _check_smooth(derivative, variable, point)
        terms.append(Term(k, derivative, value, value / sp.factorial(k)))
        derivative = sp.factor(sp.diff(derivative, variable))
    away = variable - point
    last = derivative.subs(variable, XI) / sp.factorial(order + 1) * away ** (order + 1)
    return Expansion(function, variable, point, tuple(terms), last)


def _check_smooth(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr) -> None:
    """Where a kink lies at the point there is no expansion."""
    for node in expression.atoms(sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min):
        sides = node.args if isinstance(node, sp.Max | sp.Min) else (node.args[0], sp.S.Zero)
        values = [sp.simplify(side.subs(variable, point)) for side in sides]
        if len(set(values)) < len(values):
            raise TaylorError(f"{node} has a kink at {variable} = {point}: there is no expansion about it")
    if expression.has(sp.Piecewise):
        raise TaylorError("a function in pieces is not expanded; take the piece that holds at the point")


def compare(expansion: Expansion, claimed: sp.Expr) -> Sequence[Difference]:
    """The orders, up to the expansion's, at which a claimed polynomial has another coefficient.

    Raises :class:`TaylorError` where what is claimed is no polynomial in the variable.

    >>> x = sp.Symbol("x", real=True)
    >>> exact = expand(sp.exp(x), x, sp.S.Zero, 3)
    >>> [(one.order, one.kind) for one in compare(exact, x + x**2 / 3)]
    [(0, 'missing'), (2, 'coefficient'), (3, 'missing')]
    """
    away = sp.Dummy("away")
    shifted = sp.expand(claimed.subs(expansion.variable, expansion.point + away))
    if not shifted.is_polynomial(away):
        raise TaylorError(f"{claimed} is no polynomial in {expansion.variable}")
    polynomial = sp.Poly(shifted, away)
    wanted = {term.order: term.coefficient for term in expansion.terms}
    orders = sorted({*wanted, *(int(powers[0]) for powers in polynomial.monoms())})
    found = []
    for k in orders:
        if k > expansion.order:
            continue  # a longer expansion is no error of the shorter one
        actual = polynomial.coeff_monomial(away**k)
        if sp.simplify(actual - wanted[k]) != 0:
            found.append(Difference(k, wanted[k], actual))
    return found
