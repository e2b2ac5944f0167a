"""Softmax and its logarithms over the last axis.

All subtract the largest entry before taking exponentials: the result is the same and nothing overflows. An
entry of -inf (a mask) has probability 0.
"""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule

Gradients = dict[str, Array]


def _largest(x: Array) -> Array:
    # Any shift gives the same function, so the complex step may take the real part, which has an order.
    return x.real.max(axis=-1, keepdims=True)


def _shifted(x: Array) -> Array:
    # The difference of two huge numbers may overflow to -inf, of which the exponential is rightly 0.
    with np.errstate(over="ignore"):
        return x - _largest(x)


@forward_rule("x: ... n -> ... n", analytic=True)
def softmax(x: Array) -> Array:
    """e^x_i / sum_j e^x_j."""
    weights = _shifted(x)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights


@backward_rule(softmax)
def softmax_backward(upstream: Array, x: Array) -> Gradients:
    s = softmax(x)
    return {"x": s * (upstream - np.einsum("...i,...i->...", upstream, s)[..., None])}


@forward_rule("x: ... n -> ... n", analytic=True)
def log_softmax(x: Array) -> Array:
    """x_i - log sum_j e^x_j."""
    shifted = _shifted(x)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@backward_rule(log_softmax)
def log_softmax_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream - softmax(x) * upstream.sum(axis=-1, keepdims=True)}


@forward_rule("x: ... n -> ...", analytic=True)
def log_sum_exp(x: Array) -> Array:
    """log sum_j e^x_j."""
    return _largest(x)[..., 0] + np.log(np.exp(_shifted(x)).sum(axis=-1))


@backward_rule(log_sum_exp)
def log_sum_exp_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream[..., None] * softmax(x)}
