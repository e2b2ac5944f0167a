"""Functions applied: the elementary ones elementwise, and those of vectors, matrices and several
arguments."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from derive.judging import arrays
from derive.judging.arrays import Array
from derive.judging.chance import MOMENTS, moment
from derive.judging.duals import Dual, plain, seeded, slopes
from derive.judging.functions import TABLE, apply, factorial, pi, powers
from derive.judging.limits import MAX_FACTORIAL, TooLarge, Unknown, spend
from derive.judging.names import function_name, is_indicator
from derive.judging.trees import is_number
from derive.reading.tree import Call, Indexed, Name, Number, Power, Relation, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator


#: What ``f^{-1}(x)`` is: the inverse function, not one over ``f(x)``.
INVERSES = {
    "sigmoid": "logit", "tanh": "artanh", "sinh": "arsinh", "sin": "arcsin", "cos": "arccos", "tan": "arctan",
    "exp": "log", "log": "exp",
}  # fmt: skip
#: Functions of a vector whose entries may be written as arguments.
LISTED = ("softmax", "logsumexp", "sum", "mean", "norm")


def call(at: Evaluator, tree: Call) -> Array:
    """The value of ``f(...)`` for a known function, an indicator, or a function that the point supplies."""
    function = tree.function
    labels: tuple[Tree, ...] = ()
    if isinstance(function, Power) and is_number(function.exponent, -1):
        inverse = INVERSES.get(function_name(function.base) or "")
        if inverse is None:
            raise Unknown("the inverse of a function")
        return named(at, inverse, [at.value(a) for a in tree.arguments])
    if isinstance(function, Power):  # \sin^2 x read as a power of the function
        return at.value(Power(Call(function.base, tree.arguments), function.exponent))
    if isinstance(function, Indexed):
        labels = function.lower
        function = function.base
    if len(tree.arguments) == 1 and isinstance(tree.arguments[0], Relation) and is_indicator(function):
        return at.indicator(tree.arguments[0])
    if tree.function in at.point.functions:
        return at.point.functions[tree.function](*(at.value(a) for a in tree.arguments))
    name = function_name(function)
    if isinstance(function, Name) and "prime" in function.marks:
        return _primed(at, function, name, tree)
    if name is None and isinstance(function, Name) and function.text in MOMENTS and at.point.random:
        return moment(at, MOMENTS[function.text], tree.arguments)
    if name is None:
        raise Unknown(f"the function {function.text if isinstance(function, Name) else ''} is not defined")
    arguments = [at.value(a) for a in tree.arguments]
    if name in LISTED and len(arguments) > 1 and all(a.ndim == 1 for a in arguments):
        arguments = [np.stack(arguments, axis=1)[:, :, None]]  # softmax(1, 2) is that of the vector (1, 2)
    if function == Name("ln"):
        return apply("log", arguments[0])  # natural, whatever the convention for log
    return named(at, name, arguments, labels)


def _primed(at: Evaluator, function: Name, name: str | None, tree: Call) -> Array:
    known = Name(function.text, tuple(m for m in function.marks if m != "prime"), function.font)
    if len(tree.arguments) != 1:
        raise Unknown("a prime on a function of several arguments")
    order = function.marks.count("prime")
    if order > 3:
        raise TooLarge("a derivative of more than third order")
    x = at.value(tree.arguments[0])
    levels = []
    for _ in range(order):
        at.level += 1
        levels.append(at.level)
        x = seeded(x, at.seeds((1, *x.shape)) + 1, at.level)
    if known in at.point.functions:
        y = at.point.functions[known](x)
    elif name in TABLE:
        y = apply(name, x)
    else:
        raise Unknown(f"the derivative of {function.text} is not known")
    for level in reversed(levels):
        y = slopes(y, level, 1)[0]
        at.level -= 1
    return y


def named(at: Evaluator, name: str, arguments: list[Array], labels: tuple[Tree, ...] = ()) -> Array:
    """The function ``name`` of values. ``labels`` are its subscripts: the base of a logarithm, the kind of
    a norm."""
    x = arguments[0]
    if name in ("max", "min"):
        return _extreme(np.maximum if name == "max" else np.minimum, arguments)
    if name == "log":
        base = at.value(labels[0]) if labels else None
        if base is None and at.convention.get("log") not in (None, "e", "natural"):
            base = at.full(Fraction(at.convention["log"]))
        return apply("log", x) if base is None else arrays.divide(apply("log", x), apply("log", base))
    if name in ("sin", "cos", "tan") and at.convention.get("angle") == "degrees":
        if x.dtype != object:
            return apply(name, x * (np.pi / 180))
        return apply(name, x * pi(x) / 180)
    if (len(arguments) == 2 or name == "factorial") and any(a.ndim != 1 for a in arguments):
        raise Unknown(f"{name} of a matrix")
    if name in ("root", "sqrt") and len(arguments) == 2:
        return powers(x, 1 / arguments[1])
    if len(arguments) == 1 and name in TABLE:
        if name == "abs" and x.ndim == 3 and x.shape[1] == x.shape[2]:
            return arrays.determinant(x)
        return apply(name, x)
    if name in ("factorial", "binom") and any(isinstance(a, Dual) for a in arguments):
        raise Unknown(f"the slope of {name}")
    if name == "factorial":
        return at.objects([at.convert(factorial(item, MAX_FACTORIAL)) for item in x]) + at.full(0)
    if name == "binom" and len(arguments) == 2:
        return _binomial(at, x, arguments[1])
    return _of_tensor(at, name, x, labels)


def _extreme(fold: np.ufunc, arguments: list[Array]) -> Array:
    if len(arguments) == 1:
        x = arguments[0]
        return x if x.ndim == 1 else fold.reduce(x.reshape(x.shape[0], -1), axis=1)
    result = arguments[0]
    for other in arguments[1:]:
        a, b = arrays.align(result, other, "a maximum")
        result = fold(a, b)
    return result


def _binomial(at: Evaluator, n: Array, k: Array) -> Array:
    items = []
    for top, bottom in zip(n, k, strict=True):
        a, b = plain(top), plain(bottom)
        if a != int(a) or b != int(b) or a < 0:
            raise Unknown("a binomial coefficient of something that is not a natural number")
        if a > MAX_FACTORIAL:
            raise TooLarge(f"a binomial coefficient above {MAX_FACTORIAL}")
        import math

        items.append(at.convert(Fraction(math.comb(int(a), int(b)) if b >= 0 else 0)))
    return at.objects(items) + at.full(0)


def _of_tensor(at: Evaluator, name: str, x: Array, labels: tuple[Tree, ...]) -> Array:
    if name == "softmax":
        if x.ndim == 1:
            raise Unknown("the softmax of a single number")
        e = apply("exp", x)
        batch, rows, columns = x.shape
        if columns == 1 or (at.convention.get("softmax") == "columns" and rows > 1):
            y = e / e.sum(axis=(1,)).reshape(batch, 1, columns)
        else:
            y = e / e.sum(axis=(2,)).reshape(batch, rows, 1)
        return at.entry(y, labels) if labels else y
    if name == "logsumexp":
        return apply("log", apply("exp", x).sum(axis=(1, 2)))
    if name == "sum" and x.ndim == 1:
        return x
    if name in ("sum", "mean") and x.ndim == 3:
        total = x.sum(axis=(1, 2))
        return total if name == "sum" else arrays.divide(total, at.full(Fraction(x.shape[1] * x.shape[2])))
    if name == "norm":
        return _norm(x, labels)
    if name == "det" and x.ndim == 3:
        return arrays.determinant(x)
    if name == "tr" and x.ndim == 3:
        if x.shape[1] != x.shape[2]:
            raise arrays.ShapeMismatch(f"the trace of {arrays.shape_text(x)}, which is not square")
        total = x[:, 0, 0]
        for k in range(1, x.shape[1]):
            total = total + x[:, k, k]
        return total
    if name == "diag" and x.ndim == 3:
        return _diagonal(x)
    raise Unknown(f"{name} is not evaluated here")


def _norm(x: Array, labels: tuple[Tree, ...]) -> Array:
    if x.ndim == 1:
        return apply("abs", x)
    kind = labels[0] if labels else None
    if isinstance(kind, Number) and kind.value == 1:
        return apply("abs", x).sum(axis=(1, 2))
    if isinstance(kind, Name) and kind.text in ("infty", "infinity", "∞"):
        return _extreme(np.maximum, [apply("abs", x)])
    if x.shape[2] != 1 and x.shape[1] != 1 and not (isinstance(kind, Name) and kind.text == "F"):
        raise Unknown("the norm of a matrix, unless it is the Frobenius norm")
    return apply("sqrt", (x * x).sum(axis=(1, 2)))


def _diagonal(x: Array) -> Array:
    if x.shape[2] == 1 or x.shape[1] == 1:
        flat = x.reshape(x.shape[0], -1)
        spend(flat.size * flat.shape[1])
        y = flat[:, :, None] * np.eye(flat.shape[1], dtype=int)[None]
        return y
    if x.shape[1] != x.shape[2]:
        raise Unknown("the diagonal of a matrix that is not square")
    return np.stack([x[:, k, k] for k in range(x.shape[1])], axis=1)[:, :, None]
