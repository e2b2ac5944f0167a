"""Arithmetic of a network's text: whole numbers, fractions, and symbolic sizes as SymPy has them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NoReturn

import sympy as sp

from derive.graphs.network import NetworkError

FUNCTIONS = ("ceil", "floor", "round", "min", "max", "int", "sqrt", "make_divisible")


def arithmetic(sign: str, left: Any, right: Any) -> Any:
    """What an operator makes of two values; a comparison of symbolic sizes has no answer.

    >>> arithmetic("/", 6, 4), arithmetic("//", 7, 2), arithmetic("<=", 2, 2)
    (Fraction(3, 2), 3, True)
    """
    if sign in ("==", "!="):
        return (left == right) == (sign == "==")
    left, right = number(left), number(right)
    if sign in ("/", "//", "%") and right == 0:
        _fail("a division by 0")
    if sign == "**" and not (isinstance(right, int) and 0 <= right <= 64):
        _fail("an exponent is a whole number from 0 to 64")
    if sign == "/":
        value = Fraction(left) / right if exact(left) and exact(right) else left / right
        return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value
    if sign == "//":
        return left // right if exact(left) and exact(right) else sp.floor(left / right)
    if sign == "%":
        return left % right
    if sign in ("<", "<=", ">", ">="):
        if not (exact(left) and exact(right)):
            _fail(f"whether {left} {sign} {right} depends on sizes that are not given")
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]
    result = {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right,
              "**": lambda: left**right}[sign]()  # fmt: skip
    if exact(result) and abs(result) > 10**30:
        _fail("a number with more than 30 figures")
    return int(result) if isinstance(result, Fraction) and result.denominator == 1 else result


def function(name: str, values: list[Any]) -> Any:
    """What a function makes of numbers.

    >>> function("make_divisible", [37]), function("ceil", [Fraction(7, 2)])
    (40, 4)
    """
    if name in ("min", "max"):
        if all(map(exact, values)):
            return min(values) if name == "min" else max(values)
        return sp.Min(*values) if name == "min" else sp.Max(*values)
    if name == "make_divisible":  # how MobileNet and EfficientNet round widths
        if not 1 <= len(values) <= 2 or not all(map(exact, values)):
            _fail("make_divisible(width, 8) takes numbers")
        value, divisor = values[0], values[1] if len(values) == 2 else 8
        rounded = max(divisor, int(value + Fraction(divisor, 2)) // divisor * divisor)
        return rounded + divisor if rounded < Fraction(9, 10) * value else rounded
    if len(values) != 1:
        _fail(f"{name} takes one number")
    (value,) = values
    if name == "sqrt":
        root = sp.sqrt(sp.sympify(value))
        return int(root) if root.is_Integer else root
    if not exact(value):
        return {"ceil": sp.ceiling, "floor": sp.floor, "int": sp.floor}.get(name, sp.floor)(value)
    if name == "ceil":
        return -((-value) // 1)
    return round(value) if name == "round" else int(value // 1) if name == "floor" else int(value)


def number(value: Any) -> Any:
    """The value, which has to be a number or a size."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction | sp.Expr):
        _fail(f"a number or a size is expected, not {getattr(value, 'text', value)!r}")
    return value


def truth(value: Any) -> bool:
    """Whether a condition holds."""
    if not isinstance(value, bool | int | str | type(None)):
        _fail(f"whether {value} holds depends on sizes that are not given")
    return bool(value)


def exact(value: Any) -> bool:
    """Whether it is a number and not a symbolic size."""
    return isinstance(value, int | Fraction)


def _fail(message: str) -> NoReturn:
    raise NetworkError(message)
