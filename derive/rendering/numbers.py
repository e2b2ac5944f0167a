"""Numbers as they are shown: short, and never more exact-looking than they are."""

from __future__ import annotations

import sympy as sp


def short(value: sp.Expr, digits: int = 6) -> str:
    """A number in at most ``digits`` significant digits; whole numbers of up to nine figures in full.

    >>> short(sp.Rational(-22)), short(sp.Rational(1, 8)), short(sp.Rational(1, 3)), short(sp.Float("1e-9"))
    ('-22', '0.125', '0.333333', '1e-09')
    """
    if value.is_Integer and abs(value) < 10**9:
        return str(value)
    return f"{float(value):.{digits}g}"
