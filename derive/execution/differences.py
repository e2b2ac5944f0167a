"""Derivatives of any function of arrays by evaluating it: complex step and five-point differences.

A `function` takes a dict of inputs and returns an array; `functools.partial(forward, "softmax")` is one.
Everything is computed in double precision, whatever the inputs' type, with one input entry moved at a time.
That is slow and meant so: a witness should be simple.

Complex step (Squire and Trapp, SIAM Review 40, 1998): f'(x) = Im f(x + ih) / h is exact to rounding, since
nothing is subtracted, but f must be analytic and computed in complex arithmetic: no |x|, no kink, no erf.
`find(name).analytic` says so for an operation. Five-point central differences go everywhere else, away from
kinks: f'(x) = (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h, with an error of f^(5) h^4 / 30 and
eps |f| / h from rounding (Abramowitz and Stegun, 25.3.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.execution.signature import ExecutionError

Array = NDArray[Any]
Function = Callable[[dict[str, Array]], ArrayLike]
Method = Literal["complex-step", "five-point"]

_TINY = 1e-30
# From coarse to fine; powers of two, so that x + h is exact more often.
_STEPS = tuple(2.0**-k for k in (7, 10, 13, 16, 19, 22, 25))


def complex_step(
    function: Function, inputs: Mapping[str, ArrayLike], name: str, upstream: ArrayLike
) -> Array:
    """The gradient of `sum(upstream * function(inputs))` with respect to the input `name`, by complex step.

    The function must be analytic. Raises ExecutionError if it returns real numbers for complex input, if
    `name` is not a real input, or if `upstream` has another shape than the result.

    >>> complex_step(lambda inputs: inputs["x"] ** 3, {"x": [2.0, -1.0]}, "x", [1.0, 10.0])
    array([12., 30.])
    """
    return _contract(upstream, jacobian(function, inputs, name, "complex-step"), np.shape(inputs[name]))


def five_point(function: Function, inputs: Mapping[str, ArrayLike], name: str, upstream: ArrayLike) -> Array:
    """The gradient of `sum(upstream * function(inputs))` by the input `name`, by five-point differences.

    Steps from 2^-7 to 2^-25 (times |x| where that exceeds 1) are tried for every entry, and the one with the
    smallest estimated error decides: a coarse step fails where the function bends sharply, has a kink nearby
    or leaves its domain (it raises ValueError or returns nan there), a fine one drowns in rounding. On smooth
    functions the error is about 1e-11 of the result. Raises ExecutionError as `complex_step`, and if no two
    steps stay in the domain.

    >>> five_point(lambda inputs: abs(inputs["x"]), {"x": [2.0, -1e-3]}, "x", [1.0, 1.0]).round(9)
    array([ 1., -1.])
    """
    return _contract(upstream, jacobian(function, inputs, name, "five-point"), np.shape(inputs[name]))


def jacobian(
    function: Function, inputs: Mapping[str, ArrayLike], name: str, method: Method = "complex-step"
) -> Array:
    """All derivatives of the result by the input `name`, shaped as the result and then the input.

    Applied to a gradient (`lambda inputs: backward("softmax", inputs, upstream)["x"]`) it gives second
    derivatives.

    >>> jacobian(lambda inputs: inputs["A"] @ inputs["x"], {"A": [[1, 2], [3, 4]], "x": [1.0, 1.0]}, "x")
    array([[1., 2.],
           [3., 4.]])
    """
    arrays = _in_double(inputs)
    if name not in arrays:
        raise ExecutionError(
            f"there is no input {name!r} to differentiate by; there are: {', '.join(arrays)}"
        )
    if arrays[name].dtype.kind != "f":
        raise ExecutionError(f"the input {name!r} is not real ({arrays[name].dtype}): it has no derivative")
    ways: dict[str, Callable[..., Iterator[Array]]] = {
        "complex-step": _complex_columns,
        "five-point": _five_point_columns,
    }
    if method not in ways:
        raise ExecutionError(f"there is no method {method!r}; there are: {', '.join(ways)}")
    shape = np.shape(function(dict(arrays)))
    columns = list(ways[method](function, arrays, name))
    stacked = np.stack(columns, axis=-1) if columns else np.zeros((*shape, 0))
    return stacked.reshape(shape + arrays[name].shape)


def hessian(
    function: Function,
    inputs: Mapping[str, ArrayLike],
    name: str,
    upstream: ArrayLike,
    by: str | None = None,
    method: Method = "complex-step",
) -> Array:
    """Second derivatives of `sum(upstream * function(inputs))`, from the function alone.

    They are taken by `name` and then by `by` (the same input unless given), as five-point differences of the
    gradient that `method` gives.
    The shape is that of `name` followed by that of `by`. The error is about 1e-10 of the result by complex
    step and 1e-8 by five-point differences of five-point differences.

    >>> hessian(lambda inputs: inputs["x"] ** 3, {"x": 2.0}, "x", 1.0).round(9).item()
    12.0
    """

    def gradient(values: dict[str, Array]) -> Array:
        return _contract(upstream, jacobian(function, values, name, method), values[name].shape)

    return jacobian(gradient, inputs, by or name, "five-point")


def _in_double(inputs: Mapping[str, ArrayLike]) -> dict[str, Array]:
    arrays = {key: np.asarray(value) for key, value in inputs.items()}
    return {key: a.astype(np.float64) if a.dtype.kind == "f" else a for key, a in arrays.items()}


def _contract(upstream: ArrayLike, derivatives: Array, input_shape: tuple[int, ...]) -> Array:
    seed = np.asarray(upstream, dtype=np.float64)
    result_shape = derivatives.shape[: derivatives.ndim - len(input_shape)]
    if seed.shape != result_shape:
        raise ExecutionError(f"upstream has the shape {seed.shape}, the function's result {result_shape}")
    return np.tensordot(seed, derivatives, axes=seed.ndim)


def _moved(
    arrays: Mapping[str, Array], name: str, place: tuple[int, ...], value: complex
) -> dict[str, Array]:
    moved = arrays[name].astype(np.result_type(arrays[name], type(value)))
    moved[place] = value
    return {**arrays, name: moved}


def _complex_columns(function: Function, arrays: Mapping[str, Array], name: str) -> Iterator[Array]:
    for place in np.ndindex(arrays[name].shape):
        result = np.asarray(function(_moved(arrays, name, place, complex(arrays[name][place], _TINY))))
        if result.dtype.kind != "c":
            raise ExecutionError(
                "the function returned real numbers for complex input, so it is not analytic as computed; "
                "use five_point"
            )
        yield result.imag / _TINY


def _five_point_columns(function: Function, arrays: Mapping[str, Array], name: str) -> Iterator[Array]:
    for place in np.ndindex(arrays[name].shape):
        x = float(arrays[name][place])
        scale = 2.0 ** np.ceil(np.log2(max(1.0, abs(x))))
        tried = [_five_point_estimate(function, arrays, name, place, x, scale * h) for h in _STEPS]
        known = [pair for pair in tried if pair is not None and np.isfinite(pair[0]).all()]
        if len(known) < 2:
            raise ExecutionError(f"the function is not finite around entry {list(place)} of {name} = {x}")
        slopes = np.array([slope for slope, _ in known[1:]])
        # The error of a slope: what the step before it (8 times as coarse) says otherwise, plus its rounding.
        # Without the second term two slopes that agree by chance on a coarse grid of floats would win.
        errors = np.array([np.abs(a - b) + noise for (a, _), (b, noise) in pairwise(known)])
        yield np.take_along_axis(slopes, errors.argmin(axis=0)[None], axis=0)[0]


def _five_point_estimate(
    function: Function, arrays: Mapping[str, Array], name: str, place: tuple[int, ...], x: float, h: float
) -> tuple[Array, Array] | None:
    """The slope and a bound on its rounding error; None if the step leaves the domain."""
    with np.errstate(all="ignore"):
        try:
            low2, low, high, high2 = (
                np.asarray(function(_moved(arrays, name, place, x + k * h)), dtype=np.float64)
                for k in (-2, -1, 1, 2)
            )
        except ValueError:
            return None
        # From the inside out, so that a large constant part of the function cancels first.
        slope = (8 * (high - low) - (high2 - low2)) / (12 * h)
        noise = np.finfo(np.float64).eps * (np.abs(high) + np.abs(low) + np.abs(x * slope)) / h
        return slope, noise
