"""The named functions of one number, on every kind of number the judge computes with.

One row a function: its NumPy form, its high-precision form, its derivative, where it is exact, whether it
is monotone. Adding a function is adding a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.judging.duals import Dual, plain
from derive.judging.limits import MAX_BITS, Irrational, TooLarge, Unknown
from derive.judging.scalars import Interval, interval

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Elementary:
    """A function of one real number.

    ``precise`` names mpmath's function or is one of its arguments' module; ``slope(x, y)`` is the
    derivative at
    ``x`` where the value is ``y``; ``exact`` gives the value of a fraction or None where it is irrational.
    """

    numpy: Callable[[Array], Array]
    precise: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], Any]
    exact: Callable[[Fraction], Fraction | None] = lambda x: None
    monotone: bool = True


def _at(point: int, value: int) -> Callable[[Fraction], Fraction | None]:
    return lambda x: Fraction(value) if x == point else None


def _exact_sqrt(x: Fraction) -> Fraction | None:
    if x < 0:
        return None
    top, bottom = math.isqrt(x.numerator), math.isqrt(x.denominator)
    return Fraction(top, bottom) if top * top == x.numerator and bottom * bottom == x.denominator else None


def _logistic(x: Array) -> Array:
    # 1/(1 + exp(-x)) overflows harmlessly to 0 for very negative x.
    return 1 / (1 + np.exp(-x))


def _normal(x: float) -> float:
    """The distribution function of the standard normal distribution."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


def pi(x: Any) -> Any:
    """Pi in the number system of ``x``."""
    x = plain(x)
    if isinstance(x, np.ndarray):
        x = x.flat[0]
    if isinstance(x, (Fraction, int)):
        raise Irrational("pi is not rational")
    if isinstance(x, Interval):
        return Interval(math.pi, math.pi)
    return math.pi if isinstance(x, (float, np.floating)) else +_mpmath().pi


def _sign(x: Any) -> Any:
    return (plain(x) > 0) * 1 - (plain(x) < 0) * 1


def _step(x: Any) -> Any:
    return (plain(x) > 0) * 1


TABLE: dict[str, Elementary] = {
    "exp": Elementary(np.exp, lambda m, x: m.exp(x), lambda x, y: y, _at(0, 1)),
    "log": Elementary(np.log, lambda m, x: m.log(x), lambda x, y: 1 / x, _at(1, 0)),
    "sin": Elementary(np.sin, lambda m, x: m.sin(x), lambda x, y: value("cos", x), _at(0, 0), False),
    "cos": Elementary(np.cos, lambda m, x: m.cos(x), lambda x, y: -value("sin", x), _at(0, 1), False),
    "tan": Elementary(np.tan, lambda m, x: m.tan(x), lambda x, y: 1 + y * y, _at(0, 0), False),
    "arcsin": Elementary(
        np.arcsin, lambda m, x: m.asin(x), lambda x, y: 1 / value("sqrt", 1 - x * x), _at(0, 0)
    ),
    "arccos": Elementary(
        np.arccos, lambda m, x: m.acos(x), lambda x, y: -1 / value("sqrt", 1 - x * x), _at(1, 0)
    ),
    "arctan": Elementary(np.arctan, lambda m, x: m.atan(x), lambda x, y: 1 / (1 + x * x), _at(0, 0)),
    "sinh": Elementary(np.sinh, lambda m, x: m.sinh(x), lambda x, y: value("cosh", x), _at(0, 0)),
    "cosh": Elementary(np.cosh, lambda m, x: m.cosh(x), lambda x, y: value("sinh", x), _at(0, 1), False),
    "tanh": Elementary(np.tanh, lambda m, x: m.tanh(x), lambda x, y: 1 - y * y, _at(0, 0)),
    "sech": Elementary(
        lambda x: 1 / np.cosh(x), lambda m, x: m.sech(x), lambda x, y: -y * value("tanh", x), _at(0, 1), False
    ),
    "csch": Elementary(
        lambda x: 1 / np.sinh(x), lambda m, x: m.csch(x), lambda x, y: -y * value("coth", x), monotone=False
    ),
    "coth": Elementary(
        lambda x: 1 / np.tanh(x), lambda m, x: m.coth(x), lambda x, y: 1 - y * y, monotone=False
    ),
    "sec": Elementary(
        lambda x: 1 / np.cos(x), lambda m, x: m.sec(x), lambda x, y: y * value("tan", x), _at(0, 1), False
    ),
    "csc": Elementary(
        lambda x: 1 / np.sin(x), lambda m, x: m.csc(x), lambda x, y: -y * value("cot", x), monotone=False
    ),
    "cot": Elementary(
        lambda x: 1 / np.tan(x), lambda m, x: m.cot(x), lambda x, y: -1 - y * y, monotone=False
    ),
    "arsinh": Elementary(
        np.arcsinh, lambda m, x: m.asinh(x), lambda x, y: 1 / value("sqrt", x * x + 1), _at(0, 0)
    ),
    "artanh": Elementary(np.arctanh, lambda m, x: m.atanh(x), lambda x, y: 1 / (1 - x * x), _at(0, 0)),
    "swish": Elementary(
        lambda x: x * _logistic(x),
        lambda m, x: x / (1 + m.exp(-x)),
        lambda x, y: value("sigmoid", x) + y * (1 - value("sigmoid", x)),
        _at(0, 0),
        False,
    ),
    "gelu": Elementary(
        lambda x: x * np.vectorize(_normal, otypes=[float])(x),
        lambda m, x: x * m.ncdf(x),
        lambda x, y: (
            (1 + value("erf", x / value("sqrt", 0 * x + 2))) / 2
            + x * value("exp", -x * x / 2) / value("sqrt", 2 * pi(x))
        ),
        _at(0, 0),
        False,
    ),
    "sigmoid": Elementary(
        _logistic,
        lambda m, x: 1 / (1 + m.exp(-x)),
        lambda x, y: y * (1 - y),
        lambda x: Fraction(1, 2) if x == 0 else None,
    ),
    "logit": Elementary(
        lambda x: np.log(x / (1 - x)), lambda m, x: m.log(x / (1 - x)), lambda x, y: 1 / (x * (1 - x))
    ),
    "softplus": Elementary(
        lambda x: np.logaddexp(0, x), lambda m, x: m.log(1 + m.exp(x)), lambda x, y: value("sigmoid", x)
    ),
    "relu": Elementary(
        lambda x: np.maximum(x, 0),
        lambda m, x: max(x, m.mpf(0)),
        lambda x, y: _step(x),
        lambda x: max(x, Fraction(0)),
    ),
    "abs": Elementary(np.abs, lambda m, x: abs(x), lambda x, y: _sign(x), abs, False),
    "sign": Elementary(np.sign, lambda m, x: m.sign(x), lambda x, y: 0 * y, lambda x: Fraction(_sign(x))),
    "sqrt": Elementary(np.sqrt, lambda m, x: m.sqrt(x), lambda x, y: 1 / (2 * y), _exact_sqrt),
    "floor": Elementary(
        np.floor, lambda m, x: m.floor(x), lambda x, y: 0 * y, lambda x: Fraction(math.floor(x))
    ),
    "ceil": Elementary(np.ceil, lambda m, x: m.ceil(x), lambda x, y: 0 * y, lambda x: Fraction(math.ceil(x))),
    "round": Elementary(np.round, lambda m, x: m.nint(x), lambda x, y: 0 * y, lambda x: Fraction(round(x))),
    "erf": Elementary(
        lambda x: np.vectorize(math.erf, otypes=[float])(x),
        lambda m, x: m.erf(x),
        lambda x, y: 2 * value("exp", -x * x) / value("sqrt", pi(x)),
        _at(0, 0),
    ),
}

#: Other spellings of the names above.
SPELLINGS = {
    "ln": "log",
    "lg": "log",
    "sigma": "sigmoid",
    "varsigma": "sigmoid",
    "sigm": "sigmoid",
    "Sigmoid": "sigmoid",
    "logistic": "sigmoid",
    "ReLU": "relu",
    "Relu": "relu",
    "RELU": "relu",
    "Softplus": "softplus",
    "Tanh": "tanh",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "sgn": "sign",
    "ceiling": "ceil",
    "th": "tanh",
    "SiLU": "swish",
    "silu": "swish",
    "Swish": "swish",
    "GELU": "gelu",
    "GeLU": "gelu",
    "arctanh": "artanh",
    "atanh": "artanh",
    "asinh": "arsinh",
}


@cache
def _mpmath() -> Any:
    import mpmath  # 60 ms to import, and most claims are settled without it

    return mpmath.mp


def value(name: str, x: Any) -> Any:
    """``name`` of one number of any kind, or of an array.

    >>> value("sigmoid", Fraction(0))
    Fraction(1, 2)
    """
    if hasattr(x, "ndim") and not isinstance(x, np.floating):
        return apply(name, x)
    row = TABLE[name]
    if isinstance(x, Interval):
        if row.monotone:
            return x.through(lambda end: float(value(name, end)))
        return _image(name, x)
    if isinstance(x, (Fraction, int)):
        exact = row.exact(Fraction(x))
        if exact is None:
            raise Irrational(f"{name}({x}) is not rational")
        return exact
    if isinstance(x, (float, np.floating)):
        with np.errstate(all="ignore"):
            return np.float64(row.numpy(np.asarray(float(x))))  # divides by zero without an exception
    return _precise(row, x)


def _precise(row: Elementary, x: Any) -> Any:
    mp = _mpmath()
    if abs(x) > 1e6 and row not in (TABLE["abs"], TABLE["relu"], TABLE["sqrt"], TABLE["log"], TABLE["floor"]):
        raise TooLarge("a function of a number beyond a million")
    try:
        result = row.precise(mp, x)
    except (ValueError, ZeroDivisionError):
        return mp.nan
    return mp.nan if isinstance(result, mp.mpc) else result


def _image(name: str, x: Interval) -> Interval:
    # Ends, midpoint and the steepest slope in between: wide enough, and tight for the narrow intervals of
    # rounding.
    samples = [float(value(name, x.low + (x.high - x.low) * k / 8)) for k in range(9)]
    margin = (max(samples) - min(samples)) / 8
    return Interval(min(samples) - margin, max(samples) + margin)


def apply(name: str, x: Array) -> Array:
    """``name`` of every entry of an array.

    >>> apply("relu", np.array([-1.0, 2.0]))
    array([0., 2.])
    >>> apply("tanh", Dual(np.array([0.0]), np.ones((1, 1)), 1)).slope
    array([[1.]])
    """
    if isinstance(x, Dual):
        inner = apply(name, x.value)
        return Dual(inner, TABLE[name].slope(x.value, inner) * x.slope, x.level)
    if x.dtype != object:
        with np.errstate(all="ignore"):
            return TABLE[name].numpy(x)
    result = np.empty(x.shape, dtype=object)
    for position, item in np.ndenumerate(x):
        result[position] = value(name, item)
    return result


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent`` of two numbers of any kind, refused before it is computed if it is too large.

    Raises :class:`TooLarge`, :class:`Irrational` (exact arithmetic, fractional exponent), and gives nan
    outside
    the real numbers.
    """
    if isinstance(base, Interval) or isinstance(exponent, Interval):
        return _interval_power(interval(base), interval(exponent))
    if isinstance(base, (Fraction, int)) and isinstance(exponent, (Fraction, int)):
        return _exact_power(Fraction(base), Fraction(exponent))
    if isinstance(base, (float, np.floating)):
        with np.errstate(all="ignore"):
            return np.float64(np.power(float(base), float(exponent)))
    return _precise_power(base, exponent)


def powers(base: Array, exponent: Array) -> Array:
    """``base ** exponent``, entry by entry, of two arrays.

    >>> x = Dual(np.array([3.0]), np.ones((1, 1)), 1)
    >>> powers(x, np.array([2.0])).slope
    array([[6.]])
    """
    if isinstance(exponent, Dual):
        return apply("exp", exponent * apply("log", base))
    if isinstance(base, Dual):
        below = np.where(exponent == 0, exponent, exponent - 1)  # 0 x^{-1} is 0 at x = 0 too
        slope = exponent * powers(base.value, below) * base.slope
        return Dual(powers(base.value, exponent), slope, base.level)
    if base.dtype != object and exponent.dtype != object:
        with np.errstate(all="ignore"):
            return np.power(base, exponent)
    return np.asarray(np.frompyfunc(power, 2, 1)(base, exponent))


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        if exponent.denominator == 2 and (root := _exact_sqrt(base)) is not None:
            return _exact_power(root, exponent * 2)
        raise Irrational("a fractional power")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits > 1 and abs(exponent) * (bits - 1) > MAX_BITS:
        raise TooLarge("a power with too many digits")
    if base == 0 and exponent < 0:
        raise ZeroDivisionError("division by zero")
    if abs(base) == 1:
        return base if exponent % 2 else Fraction(1)
    return base ** int(exponent)


def _precise_power(base: Any, exponent: Any) -> Any:
    mp = _mpmath()
    if base == 0:
        return mp.mpf(0) if exponent > 0 else (mp.mpf(1) if exponent == 0 else mp.nan)
    if abs(exponent) > 1e7 or abs(exponent * mp.log(abs(base))) > 1e6:
        raise TooLarge("a power with too many digits")
    result = mp.power(base, exponent)
    return mp.nan if isinstance(result, mp.mpc) else result


def _interval_power(base: Interval, exponent: Interval) -> Interval:
    if exponent.low == exponent.high and exponent.low == int(exponent.low) and abs(exponent.low) < 1000:
        n = int(exponent.low)
        ends = [base.low ** abs(n), base.high ** abs(n)]
        low = 0.0 if n % 2 == 0 and base.low < 0 < base.high else min(ends)
        image = Interval(low, max(ends))
        return image if n >= 0 else 1 / image
    if base.low <= 0:
        raise Unknown("a fractional power of an interval that reaches zero")
    ends = [a**b for a in (base.low, base.high) for b in (exponent.low, exponent.high)]
    return Interval(min(ends), max(ends))


def factorial(x: Any, ceiling: int) -> Fraction:
    """``x!`` of a small natural number, exact. Raises :class:`TooLarge` above ``ceiling``."""
    n = plain(x)
    if n != int(n) or n < 0:
        raise Unknown("the factorial of something that is not a natural number")
    if n > ceiling:
        raise TooLarge(f"a factorial above {ceiling}!")
    return Fraction(math.factorial(int(n)))
