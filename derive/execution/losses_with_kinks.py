"""Distances and margins over the last axis; one number for each batch entry, never averaged over the batch.

Conventions at the kinks, as in PyTorch: the slope of |u| at 0 is 0, that of max(0, u) too.
"""

from __future__ import annotations

import numpy as np

from derive.execution.losses import is_class
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule

Gradients = dict[str, Array]


def _by_difference(slopes: Array) -> Gradients:
    return {"yhat": slopes, "y": -slopes}


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=False)
def absolute_error(yhat: Array, y: Array) -> Array:
    """sum_i |yhat_i - y_i|."""
    return np.abs(yhat - y).sum(axis=-1)


@backward_rule(absolute_error)
def absolute_error_backward(upstream: Array, yhat: Array, y: Array) -> Gradients:
    return _by_difference(upstream[..., None] * np.sign(yhat - y))


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=False)
def mean_absolute_error(yhat: Array, y: Array) -> Array:
    """1/n sum_i |yhat_i - y_i|."""
    return np.abs(yhat - y).mean(axis=-1)


@backward_rule(mean_absolute_error)
def mean_absolute_error_backward(upstream: Array, yhat: Array, y: Array) -> Gradients:
    return _by_difference(upstream[..., None] * np.sign(yhat - y) / yhat.shape[-1])


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=False)
def huber(yhat: Array, y: Array, *, delta: float = 1.0) -> Array:
    """sum_i of u^2 / 2 for |u| <= delta, delta (|u| - delta/2) beyond, with u = yhat_i - y_i.

    Raises DomainError unless delta is positive.
    """
    _check_threshold(delta)
    size = np.abs(yhat - y)
    near = np.minimum(size, delta)  # size near - near^2 / 2 is either formula in turn
    return (near * (size - near / 2)).sum(axis=-1)


@backward_rule(huber)
def huber_backward(upstream: Array, yhat: Array, y: Array, *, delta: float) -> Gradients:
    _check_threshold(delta)
    return _by_difference(upstream[..., None] * np.clip(yhat - y, -delta, delta))


def _check_threshold(delta: float) -> None:
    if delta <= 0:
        raise DomainError(f"huber: delta must be positive; it is {delta}")


@forward_rule("z: ... n, y: ... n -> ...", analytic=False)
def hinge(z: Array, y: Array) -> Array:
    """sum_i max(0, 1 - y_i z_i), y in {-1, 1}."""
    return np.maximum(0, 1 - y * z).sum(axis=-1)


@backward_rule(hinge)
def hinge_backward(upstream: Array, z: Array, y: Array) -> Gradients:
    seed = np.where(y * z < 1, -upstream[..., None], 0)
    return {"z": seed * y, "y": seed * z}


@forward_rule("z: ... n, c: ... -> ...", analytic=False, integers=("c",))
def multiclass_hinge(z: Array, c: Array) -> Array:
    """sum over j other than c of max(0, 1 + z_j - z_c), c the index of the right class, counted from 0.

    Raises DomainError if some c is not in 0..n-1.
    """
    return np.maximum(0, _shortfalls(z, is_class("multiclass_hinge", z, c))).sum(axis=-1)


@backward_rule(multiclass_hinge)
def multiclass_hinge_backward(upstream: Array, z: Array, c: Array) -> Gradients:
    right = is_class("multiclass_hinge", z, c)
    short = (_shortfalls(z, right) > 0).astype(z.dtype)
    return {"z": upstream[..., None] * (short - right * short.sum(axis=-1, keepdims=True))}


def _shortfalls(z: Array, right: Array) -> Array:
    """1 + z_j - z_c, and 0 for the right class itself."""
    own = np.where(right, z, 0).sum(axis=-1, keepdims=True)
    return np.where(right, 0, 1 + z - own)
