"""Why a formula cannot be evaluated, and the ceilings that keep a hostile one from costing anything.

Two kinds of ceiling. Those on *one number* (digits, bits, factorials, terms) are refused where they are met:
a :class:`TooLarge` with the reason. What *adds up* (operations, array entries, digits multiplied) is counted
by the :class:`Meter` of the claim, wherever it is spent; when it runs out, :class:`Heavy` ends the claim as a
whole, for half an evaluation proves nothing. The count does not depend on the machine, so nor does the
verdict.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

#: A power is computed only if its result has at most this many bits.
MAX_BITS = 20_000
#: An exact number may grow to this many bits by sums and products.
MAX_GROWTH = 5 * MAX_BITS
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
#: Derivatives inside derivatives go at most this deep: each level doubles the work.
MAX_LEVELS = 6
#: All that is computed for one claim, in units of about 50 ns: a second or so.
MAX_WORK = 16_000_000
#: So much work goes by between two looks at the clock.
UNWATCHED = 50_000
#: What one operation costs, whatever it works on.
NODE = 64
#: What one number costs that is no float64: a fraction, a high-precision number, an interval.
OBJECT = 24


class Refusal(Exception):  # noqa: N818 - a verdict of the program on a formula, not a programming error
    """A formula has no value here; the text says why, for the reader of the verdict."""


class TooLarge(Refusal):
    """Computing it would cost more than a claim is worth."""


class Unknown(Refusal):
    """It contains something whose meaning is not known: an unread piece, an undeclared function."""


class Outside(Unknown):
    """An index goes beyond the entries that there are."""


class ShapeMismatch(Refusal):
    """Two shapes that do not go together; ``where`` is what was attempted."""


class Irrational(Refusal):
    """Exact arithmetic meets a value that is not rational: other number systems go on."""


class Heavy(Exception):  # noqa: N818 - the end of a claim, not an error
    """The claim as a whole costs more than is allowed here.

    No :class:`Refusal`, for the rungs of the ladder go on after a refusal, and none may go on after this.
    """


class Meter:
    """Counts the work of one claim; raises :class:`Heavy` when there has been too much of it.

    ``seconds`` (of this thread's processor time) is for the program's own process: there a claim that takes
    long is handed to a worker, which counts work alone, so that the time it took decides where a verdict is
    found and not what it is. ``hands_on`` says so: what is known when it runs out is found again there.

    >>> meter = Meter(work=10)
    >>> meter.spend(4)
    >>> meter.spend(8)
    Traceback (most recent call last):
        ...
    derive.judging.limits.Heavy: it needs too many operations
    """

    def __init__(self, work: int = MAX_WORK, seconds: float | None = None, hands_on: bool = False) -> None:
        self.left = work
        self.hands_on = hands_on
        self._end = None if seconds is None else time.thread_time() + seconds
        self._unwatched = 0

    def spend(self, work: int) -> None:
        """Take ``work`` units off; raises :class:`Heavy` when they are used up, or the time is."""
        self.left -= work
        if self.left < 0:
            raise Heavy("it needs too many operations")
        if self._end is not None:
            self._unwatched += work
            if self._unwatched > UNWATCHED:  # to look at the clock costs more than most operations
                self._unwatched = 0
                if time.thread_time() > self._end:
                    raise Heavy("it needs too many operations")


_meter: ContextVar[Meter | None] = ContextVar("the meter of the claim that is judged", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """Everything inside is counted by ``meter``."""
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def in_force() -> Meter | None:
    """The meter of the claim that is being judged, if any."""
    return _meter.get()


def spend(work: int) -> None:
    """Count work of the claim that is being judged. To be called *before* anything whose cost may grow: a
    product of matrices, an expansion, a search.

    >>> with metered(Meter(work=100)):
    ...     spend(30**3)
    Traceback (most recent call last):
        ...
    derive.judging.limits.Heavy: it needs too many operations
    """
    meter = _meter.get()
    if meter is not None:
        meter.spend(work)


class Budget:
    """What one evaluation may cost: what the meter of the claim leaves; without one, :data:`MAX_WORK`.

    >>> budget = Budget(work=10)
    >>> budget.spend(4)
    >>> budget.spend(8)
    Traceback (most recent call last):
        ...
    derive.judging.limits.TooLarge: the formula needs too many operations to evaluate
    """

    def __init__(self, work: int = MAX_WORK) -> None:
        self.left = work
        self._meter = _meter.get()

    def spend(self, work: int) -> None:
        """Take ``work`` units off; raises :class:`Heavy` or :class:`TooLarge` when they are used up."""
        if self._meter is not None:
            self._meter.spend(work)
            return
        self.left -= work
        if self.left < 0:
            raise TooLarge("the formula needs too many operations to evaluate")


def cost(x: Any) -> int:
    """What computing an array has cost, in units; raises :class:`TooLarge` if a fraction in it has grown
    beyond :data:`MAX_GROWTH` bits.

    >>> import numpy as np
    >>> cost(np.zeros((24, 3, 5))), cost(np.array([Fraction(1, 3)]))
    (424, 88)
    """
    if x.dtype != object:
        return int(x.size) + NODE
    slope = getattr(x, "slope", None)
    if slope is not None:  # an array with slopes
        return cost(x.value) + cost(slope)
    units = NODE
    for item in x.flat:
        units += OBJECT
        if isinstance(item, Fraction):
            bits = item.numerator.bit_length() + item.denominator.bit_length()
            if bits > MAX_GROWTH:
                raise TooLarge("a number with too many digits")
            units += (bits >> 8) + (bits * bits >> 24)  # the time of a product and its reduction
    return units
