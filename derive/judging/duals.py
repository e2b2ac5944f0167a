"""Arrays of numbers that carry their slopes: forward-mode differentiation, all directions at once.

A :class:`Dual` stands where an array stands. It takes part in NumPy's own arithmetic (``+``, ``np.matmul``,
``np.where``, ...), so the evaluator does not know whether something is differentiated. What has no rule here
raises :class:`~derive.judging.limits.Unknown`: a slope is computed or refused, never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from derive.judging.limits import Unknown


class Dual(NDArrayOperatorsMixin):
    """``value + sum_k slope[k] eps_k`` with ``eps_j eps_k = 0``.

    ``value`` has some shape S and ``slope`` the shape ``(directions, *S)``. ``level`` keeps nested
    derivatives apart: an operand of a lower level is a constant to a higher one, and value and slope may
    themselves be dual, of lower levels.

    >>> x = Dual(np.array([3.0]), np.ones((1, 1)), 1)
    >>> (x * x + 2).slope
    array([[6.]])
    """

    __slots__ = ("level", "slope", "value")
    #: So that nothing takes it for an array of float64, which it is not even where its value is.
    dtype = np.dtype(object)

    def __init__(self, value: Any, slope: Any, level: int) -> None:
        self.value, self.slope, self.level = value, slope, level

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method == "__call__" and not keywords:
            if ufunc in _COMPARISONS:
                return ufunc(*map(plain, inputs))
            if ufunc in _RULES:
                return _RULES[ufunc](*inputs)
        if method == "reduce" and ufunc in _EXTREMES and keywords == {"axis": 1}:
            columns = [inputs[0][:, k] for k in range(inputs[0].shape[1])]
            best = columns[0]
            for column in columns[1:]:
                best = ufunc(best, column)
            return best
        raise Unknown(f"the slope of {ufunc.__name__}")

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        if function not in _FUNCTIONS:
            raise Unknown(f"the slope of {function.__name__}")
        return _FUNCTIONS[function](*arguments, **keywords)

    def __array__(self, *arguments: Any) -> npt.NDArray[Any]:
        raise Unknown("a slope where numbers are needed")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        """The axes of the value."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values there are."""
        return int(self.value.size)

    @property
    def flat(self) -> Any:
        """The values, without slopes."""
        return plain(self).flat

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Dual:
        key = key if isinstance(key, tuple) else (key,)
        return Dual(self.value[key], self.slope[(slice(None), *key)], self.level)

    def swapaxes(self, a: int, b: int) -> Dual:
        """As of an array; axes are counted from the front."""
        return Dual(self.value.swapaxes(a, b), self.slope.swapaxes(a + 1, b + 1), self.level)

    def reshape(self, *shape: int) -> Dual:
        """As of an array."""
        return Dual(self.value.reshape(*shape), self.slope.reshape(self.slope.shape[0], *shape), self.level)

    def sum(self, axis: int | tuple[int, ...], keepdims: bool = False) -> Dual:
        """As of an array; axes are counted from the front."""
        axes = (axis,) if isinstance(axis, int) else axis
        return Dual(
            self.value.sum(axis=axes, keepdims=keepdims),
            self.slope.sum(axis=tuple(a + 1 for a in axes), keepdims=keepdims),
            self.level,
        )


def seeded(x: Any, slope: Any, level: int) -> Any:
    """The array ``x`` with these slopes: to whoever computes with it, an array."""
    return Dual(x, slope, level)


def plain(x: Any) -> Any:
    """The numbers themselves, without slopes.

    >>> x = Dual(np.array([2.0]), np.ones((1, 1)), 1)
    >>> plain(Dual(x, x[None], 2)), plain(2.0)
    (array([2.]), 2.0)
    """
    while isinstance(x, Dual):
        x = x.value
    return x


def slopes(x: Any, level: int, directions: int) -> Any:
    """The derivatives that ``x`` carries at ``level``, shape ``(directions, *S)``; 0 if there are none."""
    if isinstance(x, Dual) and x.level == level:
        return x.slope
    return _spread(0 * plain(x)[None], (directions, *x.shape))


def numbers(x: Any) -> int:
    """How many numbers an array holds, its slopes with it."""
    return numbers(x.value) + numbers(x.slope) if isinstance(x, Dual) else int(x.size)


# -- the rules --------------------------------------------------------------------------------------------


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    """``np.broadcast_to`` for what may be dual."""
    if x.shape == shape:
        return x
    if isinstance(x, Dual):
        return Dual(_spread(x.value, shape), _spread(x.slope, (x.slope.shape[0], *shape)), x.level)
    return np.broadcast_to(x, shape)


def _parts(level: int, *operands: Any) -> tuple[list[Any], list[Any]]:
    """The values at this level and their slopes, None for a constant. The axis of directions comes first,
    before the axes of the operand that has most."""
    axes = max(getattr(x, "ndim", 0) for x in operands)
    values: list[Any] = []
    found: list[Any] = []
    for x in operands:
        if isinstance(x, Dual) and x.level == level:
            missing = axes - x.ndim
            values.append(x.value)
            found.append(x.slope[(slice(None), *(None,) * missing)] if missing else x.slope)
        else:
            values.append(float(x) if isinstance(x, Fraction) and _floats(operands) else x)
            found.append(None)
    return values, found


def _floats(operands: tuple[Any, ...]) -> bool:
    return any(isinstance(x, Dual) and plain(x).dtype != object for x in operands)


def _level(*operands: Any) -> int:
    return max(x.level for x in operands if isinstance(x, Dual))


def _made(value: Any, terms: list[Any], level: int) -> Dual:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return Dual(value, _spread(total, (total.shape[0], *value.shape)), level)


def _add(a: Any, b: Any) -> Dual:
    level = _level(a, b)
    (x, y), slopes_of = _parts(level, a, b)
    return _made(x + y, [d for d in slopes_of if d is not None], level)


def _subtract(a: Any, b: Any) -> Dual:
    level = _level(a, b)
    (x, y), (dx, dy) = _parts(level, a, b)
    terms = ([] if dx is None else [dx]) + ([] if dy is None else [-dy])
    return _made(x - y, terms, level)


def _product_by(times: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Dual]:
    def rule(a: Any, b: Any) -> Dual:
        level = _level(a, b)
        (x, y), (dx, dy) = _parts(level, a, b)
        terms = ([] if dx is None else [times(dx, y)]) + ([] if dy is None else [times(x, dy)])
        return _made(times(x, y), terms, level)

    return rule


def _divide(a: Any, b: Any) -> Dual:
    level = _level(a, b)
    (x, y), (dx, dy) = _parts(level, a, b)
    quotient = x / y
    terms = ([] if dx is None else [dx / y]) + ([] if dy is None else [-quotient * dy / y])
    return _made(quotient, terms, level)


def _negative(a: Dual) -> Dual:
    return Dual(-a.value, -a.slope, a.level)


def _absolute(a: Dual) -> Dual:
    return a * ((plain(a) > 0) * 1 - (plain(a) < 0) * 1)


def _extreme(wins: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: _chosen(wins(plain(a), plain(b)), a, b)


def _chosen(where: npt.NDArray[Any], a: Any, b: Any) -> Dual:
    """``np.where``: each with the slopes of what was chosen."""
    level = _level(a, b)
    (x, y), (dx, dy) = _parts(level, a, b)
    value = np.where(where, x, y)
    slope = np.where(where, 0 if dx is None else dx, 0 if dy is None else dy)
    return Dual(value, _spread(slope, (slope.shape[0], *value.shape)), level)


def _stacked(items: Any, axis: int = 0) -> Dual:
    """``np.stack``; what is constant has slopes of zero."""
    level = _level(*items)
    values, found = _parts(level, *items)
    directions = next(d.shape[0] for d in found if d is not None)
    dtype = float if _floats(tuple(items)) else object
    filled = [
        np.zeros((directions, *x.shape), dtype=dtype) if d is None else d
        for x, d in zip(values, found, strict=True)
    ]
    return Dual(np.stack(values, axis=axis), np.stack(filled, axis=axis + 1), level)


_COMPARISONS = {np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal}
_EXTREMES: dict[np.ufunc, Callable[..., Any]] = {
    np.maximum: _extreme(np.greater_equal),
    np.minimum: _extreme(np.less_equal),
}
_RULES: dict[np.ufunc, Callable[..., Any]] = {
    np.add: _add,
    np.subtract: _subtract,
    np.multiply: _product_by(lambda x, y: x * y),
    np.matmul: _product_by(np.matmul),
    np.true_divide: _divide,
    np.negative: _negative,
    np.absolute: _absolute,
    **_EXTREMES,
}
_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: _chosen,
    np.stack: _stacked,
    np.sum: Dual.sum,
}
