"""The table of operations, and the two calls that execute them: `forward` and `backward`.

An operation is two functions in a family file:

    @forward_rule("x: ... -> ...", analytic=True)
    def square(x): return x * x

    @backward_rule(square)
    def square_backward(upstream, x): return {"x": upstream * 2 * x}

The signature line says the inputs and their shapes, keyword-only arguments are the settings. Everything
else (types, shapes, broadcasting of leading axes, messages) is done here once, so a rule holds nothing but
its formula.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derive.execution.settings import Setting, Words, checked_settings
from derive.execution.signature import ExecutionError, Shape, Signature, size_text

Array = NDArray[Any]
Forward = Callable[..., Any]
Backward = Callable[..., dict[str, Any]]
Sizes = Callable[..., dict[str, int]]

_FLOATS = ("float32", "float64", "complex64", "complex128")


class DomainError(ExecutionError):
    """An input's value, not its shape or type, lies outside of what the operation is defined for."""


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    `analytic` says that the forward takes complex input and is complex differentiable there, so that the
    complex step is exact; `integers` names the inputs that are indices, `masks` those that are yes or no:
    neither has a gradient. `sizes` works out the letters of the result that no input has, and `words` says
    which settings may also be a word.
    """

    name: str
    signature: Signature
    settings: dict[str, Any]
    integers: tuple[str, ...]
    analytic: bool
    forward_rule: Forward
    masks: tuple[str, ...] = ()
    sizes: Sizes | None = None
    words: Words = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return tuple(self.signature.inputs)

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The names of the inputs that have a gradient."""
        return tuple(name for name in self.inputs if name not in self.integers + self.masks)


_operations: dict[str, Operation] = {}
_backward_rules: dict[str, Backward] = {}


def forward_rule(
    signature: str,
    *,
    analytic: bool,
    integers: tuple[str, ...] = (),
    masks: tuple[str, ...] = (),
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    sizes: Sizes | None = None,
    words: Words | None = None,
) -> Callable[[Forward], Forward]:
    """Enter a function into the table as an operation's forward rule, under its own name or the given one.

    Its keyword-only arguments are the settings, unless `settings` names them with their defaults.
    `sizes` is needed where the signature's result has letters that no input has: called with the operation's
    name, the sizes of the inputs' letters and the settings, it gives those of the others or says by an
    ExecutionError what does not fit. `words` says which settings may be a word, and which.
    """

    def enter(rule: Forward) -> Forward:
        own = name or rule.__name__
        parsed = Signature.parse(signature)
        parameters = inspect.signature(rule).parameters.values()
        own_settings = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        arguments = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if arguments != list(parsed.inputs):
            raise TypeError(f"{own} takes {arguments}, its signature says {list(parsed.inputs)}")
        if own in _operations and _operations[own].forward_rule.__module__ != rule.__module__:
            raise TypeError(f"{own} stands in {_operations[own].forward_rule.__module__} already")
        known = own_settings if settings is None else dict(settings)
        _operations[own] = Operation(own, parsed, known, integers, analytic, rule, masks, sizes, words or {})
        return rule

    return enter


def backward_rule(of: Forward | str) -> Callable[[Backward], Backward]:
    """Enter the backward rule of a forward rule, or of an operation's name.

    It gets the upstream gradient, the inputs and the settings, and gives the gradient of every input that is
    neither an index nor left out.
    """

    def enter(rule: Backward) -> Backward:
        _backward_rules[of if isinstance(of, str) else of.__name__] = rule
        return rule

    return enter


def names() -> list[str]:
    """The names of all operations, sorted."""
    return sorted(_operations)


def find(name: str) -> Operation:
    """The table's row for a name.

    >>> find("softmax").inputs, find("gelu").analytic
    (('x',), False)
    >>> find("sofmax")
    Traceback (most recent call last):
    derive.execution.signature.ExecutionError: no operation 'sofmax'; near names: softmax, log_softmax
    """
    if name in _operations:
        return _operations[name]
    near = difflib.get_close_matches(str(name).lower(), names(), n=3, cutoff=0.6)
    hint = f"near names: {', '.join(near)}" if near else f"there are: {', '.join(names())}"
    raise ExecutionError(f"no operation {name!r}; {hint}")


def forward(name: str, inputs: Mapping[str, ArrayLike], **settings: Setting) -> Array:
    """The value of an operation.

    Input types: float32 and float64 stay what they are (mixed, the wider one wins); integers and booleans
    become the float type of the other inputs, or float64; complex numbers are taken where the operation is
    analytic. Leading axes are batch axes and broadcast. Raises ExecutionError on unknown names and on wrong
    shapes or types.

    >>> forward("linear", {"x": [1.0, 2.0], "W": [[3.0, 4.0]], "b": [0.5]})
    array([11.5])
    """
    operation = find(name)
    known = checked_settings(name, operation.settings, settings, operation.words)
    arrays, _ = _prepare(operation, inputs, known)
    result = operation.forward_rule(*_in_order(operation, arrays), **known)
    return np.asarray(result, dtype=_common_type(operation, arrays))


def backward(
    name: str, inputs: Mapping[str, ArrayLike], upstream: ArrayLike, **settings: Setting
) -> dict[str, Array]:
    """The gradient of `sum(upstream * forward(...))` with respect to every input that is not an index.

    `upstream` has the shape of the result; each gradient has the shape of its input (an input that was
    broadcast gets the sum over the axes it was repeated along). Types and errors as in `forward`. Complex
    input, where the operation is analytic, gives the analytic continuation of the gradient (not
    conjugated), so that a complex step through `backward` yields second derivatives.

    >>> backward("half_squared_error", {"yhat": [3.0, 1.0], "y": [1.0, 1.0]}, 1.0)
    {'yhat': array([2., 0.]), 'y': array([-2., -0.])}
    """
    operation = find(name)
    known = checked_settings(name, operation.settings, settings, operation.words)
    arrays, shape = _prepare(operation, inputs, known)
    dtype = _common_type(operation, arrays)
    seed = _as_array(f"{name}: upstream", upstream)
    if seed.shape != shape:
        raise ExecutionError(
            f"{name}: upstream must have the result's shape {shape}; it has the shape {seed.shape}"
        )
    if seed.dtype.kind == "c" and dtype.kind != "c":
        raise ExecutionError(f"{name}: upstream is complex while the inputs are real")
    gradients = _backward_rules[name](seed.astype(dtype, copy=False), *_in_order(operation, arrays), **known)
    return {key: _sum_to(np.asarray(g, dtype=dtype), arrays[key].shape) for key, g in gradients.items()}


def _in_order(operation: Operation, arrays: Mapping[str, Array]) -> list[Array | None]:
    """What a rule is called with; None stands for an input that was left out."""
    return [arrays.get(name) for name in operation.inputs]


def _prepare(
    operation: Operation, inputs: Mapping[str, ArrayLike], settings: Mapping[str, Any]
) -> tuple[dict[str, Array], Shape]:
    """The inputs as arrays of fitting type and shape, in order, and the result's shape."""
    takes = f"it takes {', '.join(operation.inputs)}"
    optional = operation.signature.optional
    for name in operation.inputs:
        if name not in inputs and name not in optional:
            raise ExecutionError(f"{operation.name}: the input {name} is missing; {takes}")
    for name in inputs:
        if name not in operation.inputs:
            raise ExecutionError(f"{operation.name}: there is no input {name}; {takes}")
    here = [name for name in operation.inputs if name in inputs]
    arrays = {name: _as_array(f"{operation.name}: {name}", inputs[name]) for name in here}
    for name in (one for one in operation.integers if one in arrays):
        if arrays[name].dtype.kind not in "iu":
            raise ExecutionError(
                f"{operation.name}: {name} holds indices and must be of integer type; "
                f"it is {arrays[name].dtype}"
            )
    for name in (one for one in operation.masks if one in arrays):
        if not np.isin(arrays[name], (0, 1)).all():
            raise ExecutionError(
                f"{operation.name}: {name} is a mask and must hold True and False, or 1 and 0"
            )
        arrays[name] = arrays[name].astype(bool)
    dtype = _common_type(operation, arrays)
    if dtype.kind == "c" and not operation.analytic:
        raise ExecutionError(
            f"{operation.name}: complex input is not possible, the function is not analytic or has no "
            "complex form here; use five_point instead of complex_step"
        )
    shape = operation.signature.result_shape(
        operation.name,
        {name: a.shape for name, a in arrays.items()},
        partial(operation.sizes, operation.name, **settings) if operation.sizes else None,
    )
    for name in operation.differentiable:
        if name in arrays:
            arrays[name] = arrays[name].astype(dtype, copy=False)
    return arrays, shape


def _as_array(what: str, value: ArrayLike) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:
        raise ExecutionError(f"{what} is not a rectangular array of numbers") from None
    if array.dtype.kind in "biu" or array.dtype.name in _FLOATS:
        return array
    if array.dtype.kind in "fc":
        raise ExecutionError(f"{what} has the type {array.dtype}; float32 and float64 are executed")
    raise ExecutionError(f"{what} has the type {array.dtype}; numbers are needed")


def _common_type(operation: Operation, arrays: Mapping[str, Array]) -> np.dtype[Any]:
    floats = [
        arrays[n].dtype for n in operation.differentiable if n in arrays and arrays[n].dtype.kind in "fc"
    ]
    return np.result_type(*floats) if floats else np.dtype(np.float64)


def _sum_to(gradient: Array, shape: Shape) -> Array:
    """Sum over the axes along which an input of this shape was broadcast."""
    extra = gradient.ndim - len(shape)
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    if gradient.shape != shape:
        repeated = tuple(i for i, size in enumerate(shape) if size == 1 and gradient.shape[i] != 1)
        gradient = gradient.sum(axis=repeated, keepdims=True)
    if gradient.shape != shape:
        raise AssertionError(f"a gradient {size_text(gradient.shape)} came for an input {size_text(shape)}")
    return gradient
