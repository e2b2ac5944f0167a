"""Two networks side by side: each count, and its ratio as a formula and a number."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from derive.counting.formulas import Size
from derive.counting.network import QUANTITIES, NetworkCount


@dataclass(frozen=True)
class Compared:
    """One quantity of two networks; ``ratio`` is the first over the second, None where that is 0."""

    quantity: str
    first: Size
    second: Size

    @property
    def ratio(self) -> sp.Expr | None:
        """First over second, simplified."""
        if self.second == 0:
            return None
        if isinstance(self.first, int) and isinstance(self.second, int):
            return sp.Rational(self.first, self.second)
        quotient = sp.cancel(sp.sympify(self.first) / sp.sympify(self.second))
        split = sp.expand(quotient)
        return split if sp.count_ops(split) <= sp.count_ops(quotient) + 2 else sp.factor(quotient)

    @property
    def number(self) -> float | None:
        """The ratio as a number, if it is one."""
        ratio = self.ratio
        return (
            float(Fraction(int(ratio.p), int(ratio.q))) if ratio is not None and ratio.is_Rational else None
        )


def compare_networks(first: NetworkCount, second: NetworkCount) -> tuple[Compared, ...]:
    """Every quantity that one of two networks has.

    >>> from derive.counting.describe import network_from_text
    >>> from derive.counting.network import count_network
    >>> five = count_network(network_from_text("Conv2d(8, 8, 5, padding=2, bias=False)"), [(8, 9, 9)])
    >>> threes = network_from_text("2 * Conv2d(8, 8, 3, padding=1, bias=False)")
    >>> compare_networks(five, count_network(threes, [(8, 9, 9)]))[0].ratio
    25/18
    """
    pairs = ((name, first.totals[name], second.totals[name]) for name in QUANTITIES)
    return tuple(Compared(*pair) for pair in pairs if pair[1] != 0 or pair[2] != 0)
