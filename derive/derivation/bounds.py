"""Between which values a ratio lies for all whole numbers from some on: a storage ratio, for example."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp


class BoundsError(ValueError):
    """The expression is no ratio of polynomials, or has no value somewhere; the message says what."""


@dataclass(frozen=True)
class Bounds:
    """The range of a ratio of polynomials in ``variable`` over the whole numbers from ``first`` on.

    ``parts`` is the ratio taken apart, ``slope`` its derivative; a bound's place is where it is reached, and
    None where it is only approached.
    """

    expression: sp.Expr
    variable: sp.Symbol
    first: int
    parts: sp.Expr
    slope: sp.Expr
    limit: sp.Expr
    low: sp.Expr
    low_at: int | None
    high: sp.Expr
    high_at: int | None

    @property
    def falling(self) -> bool | None:
        """Whether it falls throughout (False: rises); None if it does neither."""
        if self.low_at is None and self.high_at == self.first:
            return True
        return False if self.high_at is None and self.low_at == self.first else None


def bounds(expression: sp.Expr, variable: sp.Symbol, first: int = 1) -> Bounds:
    """The least and the greatest value, exactly.

    Raises :class:`BoundsError` where other letters occur, or a denominator is 0 for some number on the way.

    >>> n = sp.Symbol("n")
    >>> found = bounds((8 * n**2 + 4 * n) / (32 * n**2), n)
    >>> found.parts, found.low, found.low_at, found.high, found.high_at
    (1/4 + 1/(8*n), 1/4, None, 3/8, 1)
    """
    others = sorted(map(str, expression.free_symbols - {variable}))
    if others:
        raise BoundsError(f"bounds are of a ratio in {variable} alone; {others[0]} occurs too")
    if not expression.is_rational_function(variable):
        raise BoundsError(f"{expression} is no ratio of polynomials in {variable}")
    ratio = sp.cancel(sp.nsimplify(expression, rational=True))
    _, below = sp.fraction(ratio)
    poles = (
        [root for root in sp.Poly(below, variable).real_roots() if root >= first]
        if below.has(variable)
        else []
    )
    if any(root.is_Integer for root in poles):
        raise BoundsError(f"at {variable} = {poles[0]} the denominator is 0")
    slope = sp.factor(sp.diff(ratio, variable))
    turning = sp.fraction(slope)[0]
    roots = sp.Poly(turning, variable).real_roots() if turning.has(variable) else []
    places = {first}
    for root in (*roots, *poles):
        places |= {int(n) for n in (sp.floor(root), sp.ceiling(root)) if n >= first}
    values = {place: ratio.subs(variable, place) for place in places}
    limit = sp.limit(ratio, variable, sp.oo)
    lowest, highest = (choose(sorted(values), key=values.__getitem__) for choose in (min, max))
    low_at: int | None = lowest
    high_at: int | None = highest
    low, high = values[lowest], values[highest]
    if limit < low:
        low, low_at = limit, None
    if limit > high:
        high, high_at = limit, None
    parts = sp.apart(ratio, variable)
    return Bounds(expression, variable, first, parts, slope, limit, low, low_at, high, high_at)


def solutions(found: Bounds, value: sp.Expr) -> list[int]:
    """The whole numbers at which the ratio has a value."""
    above, _ = sp.fraction(sp.cancel(sp.nsimplify(found.expression - value, rational=True)))
    if not above.has(found.variable):
        return []
    roots = sp.Poly(above, found.variable).real_roots()
    return [int(root) for root in dict.fromkeys(roots) if root.is_Integer and root >= found.first]
