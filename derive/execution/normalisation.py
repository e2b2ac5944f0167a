"""Normalisation over the batch or over the features, with what the backward pass needs in closed form."""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, DomainError, backward_rule, forward_rule

Gradients = dict[str, Array]

_BATCH, _FEATURES = -2, -1


Axes = int | tuple[int, ...]


def rate_of(operation: str, variance: Array, eps: float) -> Array:
    """1 / sqrt(variance + eps). Raises DomainError where that is not a positive number."""
    if (variance.real + eps <= 0).any():
        raise DomainError(
            f"{operation}: variance + eps must be positive; the least is {variance.real.min()} + {eps}"
        )
    if np.isinf(variance).any():
        raise DomainError(
            f"{operation}: a variance overflows {variance.dtype}, of which the largest number is "
            f"{np.finfo(variance.dtype).max:.2g}; scale the input down"
            + (" or give it as float64" if variance.dtype.name in ("float32", "complex64") else "")
        )
    return 1 / np.sqrt(variance + eps)


def standardised(operation: str, x: Array, eps: float, axis: Axes) -> tuple[Array, Array]:
    """(x - mean) / sqrt(variance + eps) and the factor 1 / sqrt(variance + eps)."""
    centred = x - x.mean(axis=axis, keepdims=True)
    # Not np.var: for complex numbers that is the mean of |.|^2, which is not analytic.
    rate = rate_of(operation, _mean_square(centred, axis), eps)
    return centred * rate, rate


def _mean_square(x: Array, axis: Axes) -> Array:
    with np.errstate(over="ignore"):  # said by rate_of
        return (x * x).mean(axis=axis, keepdims=True)


def through_standardising(upstream: Array, xhat: Array, rate: Array, axis: Axes) -> Array:
    """rate times what is left of the upstream when its mean and its component along xhat are taken out."""
    along = (upstream * xhat).mean(axis=axis, keepdims=True)
    return rate * (upstream - upstream.mean(axis=axis, keepdims=True) - xhat * along)


def _affine_gradients(upstream: Array, xhat: Array) -> Gradients:
    over = tuple(range(upstream.ndim - 1))
    return {"gamma": (upstream * xhat).sum(axis=over), "beta": upstream.sum(axis=over)}


@forward_rule("x: ... B n, gamma: n, beta: n -> ... B n", analytic=True)
def batch_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Array:
    """gamma xhat + beta, xhat standardised over the axis before the last one, the variance dividing by B."""
    return gamma * standardised("batch_norm", x, eps, _BATCH)[0] + beta


@backward_rule(batch_norm)
def batch_norm_backward(upstream: Array, x: Array, gamma: Array, beta: Array, *, eps: float) -> Gradients:
    xhat, rate = standardised("batch_norm", x, eps, _BATCH)
    return {
        "x": through_standardising(upstream * gamma, xhat, rate, _BATCH),
        **_affine_gradients(upstream, xhat),
    }


@forward_rule("x: ... n, gamma: n, beta: n -> ... n", analytic=True)
def layer_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Array:
    """gamma xhat + beta, xhat standardised over the last axis, the variance dividing by n."""
    return gamma * standardised("layer_norm", x, eps, _FEATURES)[0] + beta


@backward_rule(layer_norm)
def layer_norm_backward(upstream: Array, x: Array, gamma: Array, beta: Array, *, eps: float) -> Gradients:
    xhat, rate = standardised("layer_norm", x, eps, _FEATURES)
    return {
        "x": through_standardising(upstream * gamma, xhat, rate, _FEATURES),
        **_affine_gradients(upstream, xhat),
    }


@forward_rule("x: ... n, gamma: n, beta: n, mu: n, v: n -> ... n", analytic=True)
def batch_norm_eval(x: Array, gamma: Array, beta: Array, mu: Array, v: Array, *, eps: float = 1e-5) -> Array:
    """gamma (x - mu) / sqrt(v + eps) + beta with a given mean and variance."""
    return gamma * ((x - mu) * rate_of("batch_norm_eval", v, eps)) + beta


@backward_rule(batch_norm_eval)
def batch_norm_eval_backward(
    upstream: Array, x: Array, gamma: Array, beta: Array, mu: Array, v: Array, *, eps: float
) -> Gradients:
    rate = rate_of("batch_norm_eval", v, eps)
    through = upstream * (gamma * rate)
    return {
        "x": through,
        **_affine_gradients(upstream, (x - mu) * rate),
        "mu": -through,
        "v": -through * (x - mu) * rate**2 / 2,
    }


@forward_rule("x: ... n, gamma: n -> ... n", analytic=True)
def rms_norm(x: Array, gamma: Array, *, eps: float = 1e-5) -> Array:
    """gamma x / sqrt(mean of x^2 over the last axis + eps)."""
    return gamma * x * rate_of("rms_norm", _mean_square(x, _FEATURES), eps)


@backward_rule(rms_norm)
def rms_norm_backward(upstream: Array, x: Array, gamma: Array, *, eps: float) -> Gradients:
    rate = rate_of("rms_norm", _mean_square(x, _FEATURES), eps)
    xhat, scaled = x * rate, upstream * gamma
    along = (scaled * xhat).mean(axis=-1, keepdims=True)
    return {"x": rate * (scaled - xhat * along), "gamma": upstream * xhat}
