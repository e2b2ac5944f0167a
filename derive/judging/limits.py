"""Why a formula cannot be evaluated, and the ceilings that keep a hostile one from costing anything."""

from __future__ import annotations

#: A power is computed only if its result has at most this many bits.
MAX_BITS = 20_000
#: ``factorial`` and ``binom`` take arguments up to this.
MAX_FACTORIAL = 500
#: A sum or product has at most this many terms.
MAX_TERMS = 20_000
#: A formula, its definitions put in, has at most this many nodes.
MAX_NODES = 6_000
#: A written number has at most this many digits.
MAX_DIGITS = 400
#: A name is given at most this many values over all points.
MAX_VALUES = 1_000_000
#: One evaluation touches at most this many array elements, counted once for every operation.
MAX_WORK = 1_500_000


class Refusal(Exception):  # noqa: N818 - a verdict of the program on a formula, not a programming error
    """A formula has no value here; the text says why, for the reader of the verdict."""


class TooLarge(Refusal):
    """Computing it would cost more than a claim is worth."""


class Unknown(Refusal):
    """It contains something whose meaning is not known: an unread piece, an undeclared function."""


class ShapeMismatch(Refusal):
    """Two shapes that do not go together; ``where`` is what was attempted."""


class Irrational(Refusal):
    """Exact arithmetic meets a value that is not rational: other number systems go on."""


class Budget:
    """Counts work and refuses when there has been too much of it.

    >>> budget = Budget(work=10)
    >>> budget.spend(4)
    >>> budget.spend(8)
    Traceback (most recent call last):
        ...
    derive.judging.limits.TooLarge: the formula needs too many operations to evaluate
    """

    def __init__(self, work: int = MAX_WORK) -> None:
        self.left = work

    def spend(self, work: int) -> None:
        """Take ``work`` elementary operations off the budget; raises :class:`TooLarge` when it is used up."""
        self.left -= work
        if self.left < 0:
            raise TooLarge("the formula needs too many operations to evaluate")
