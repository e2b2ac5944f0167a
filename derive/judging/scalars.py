"""Numbers with an uncertainty: intervals.

Arrays of dtype ``object`` hold them, so that one evaluator serves floats, exact fractions, high precision
and rounding. Functions of them are in :mod:`derive.judging.functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from derive.judging.duals import Dual, plain


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """All numbers from ``low`` to ``high``: what a rounded value may have been.

    Ends are floats; one result is at most a few ulps too narrow, which the tolerance of the rounding test
    covers.

    >>> Interval(0.65, 0.66) * 2
    Interval(low=1.3, high=1.32)
    """

    low: float
    high: float

    # Beside a dual array the dual's own operations apply: they hand the intervals back here.
    def __add__(self, other: Any) -> Any:
        if isinstance(other, Dual):
            return NotImplemented
        other = interval(other)
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, Dual) else self + (-interval(other))

    def __rsub__(self, other: Any) -> Any:
        return (-self) + other

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Dual):
            return NotImplemented
        other = interval(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Dual):
            return NotImplemented
        other = interval(other)
        if other.low <= 0 <= other.high:
            raise ZeroDivisionError("an interval that contains zero divides")
        return self * Interval(1 / other.high, 1 / other.low)

    def __rtruediv__(self, other: Any) -> Any:
        return interval(other) / self

    def through(self, rising: Callable[[float], float]) -> Interval:
        """The image under a monotone function."""
        ends = (rising(self.low), rising(self.high))
        return Interval(min(ends), max(ends))

    @property
    def middle(self) -> float:
        """The midpoint."""
        return (self.low + self.high) / 2

    def overlaps(self, other: Interval) -> bool:
        """Whether some number lies in both, up to the error of float arithmetic."""
        slack = 1e-9 * max(abs(self.low), abs(self.high), abs(other.low), abs(other.high))
        return self.low <= other.high + slack and other.low <= self.high + slack

    # A comparison decides a branch (a case, a maximum): the midpoint decides it, as it did for the writer.
    def __lt__(self, other: Any) -> bool:
        return self.middle < interval(other).middle

    def __gt__(self, other: Any) -> bool:
        return self.middle > interval(other).middle

    def __le__(self, other: Any) -> bool:
        return self.middle <= interval(other).middle

    def __ge__(self, other: Any) -> bool:
        return self.middle >= interval(other).middle

    def __eq__(self, other: object) -> bool:
        return self.middle == interval(other).middle

    __hash__ = None  # type: ignore[assignment]  # compares by value, as the numbers do


def interval(x: Any) -> Interval:
    """``x`` as an interval; a plain number is one point."""
    x = plain(x)
    return x if isinstance(x, Interval) else Interval(float(x), float(x))
