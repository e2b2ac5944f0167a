"""Normalisation of images, channels first: over the batch, over groups of channels, over each channel.

They differ in the axes over which mean and variance are taken; scale and shift are one number a channel.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from derive.execution.normalisation import rate_of, standardised, through_standardising
from derive.execution.registry import Array, backward_rule, forward_rule
from derive.execution.signature import ExecutionError

Gradients = dict[str, Array]

# The axes over which each takes its mean and variance.
_IMAGES, _GROUP, _PLACES = (-4, -2, -1), (-3, -2, -1), (-2, -1)


def _by_channel(parameter: Array) -> Array:
    return parameter[..., None, None]


def _affine_gradients(upstream: Array, xhat: Array, channels: int = 1) -> Gradients:
    """Sums over all axes but those of the channels, which stand before the last two."""
    others = (*range(upstream.ndim - 2 - channels), -2, -1)
    return {"gamma": (upstream * xhat).sum(axis=others), "beta": upstream.sum(axis=others)}


@forward_rule("x: ... N C H W, gamma: C, beta: C -> ... N C H W", analytic=True)
def batch_norm2d(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Array:
    """gamma_c xhat + beta_c, xhat standardised over images and places, the variance dividing by N H W."""
    xhat, _ = standardised("batch_norm2d", x, eps, _IMAGES)
    return _by_channel(gamma) * xhat + _by_channel(beta)


@backward_rule(batch_norm2d)
def batch_norm2d_backward(upstream: Array, x: Array, gamma: Array, beta: Array, *, eps: float) -> Gradients:
    xhat, rate = standardised("batch_norm2d", x, eps, _IMAGES)
    return {
        "x": through_standardising(upstream * _by_channel(gamma), xhat, rate, _IMAGES),
        **_affine_gradients(upstream, xhat),
    }


@forward_rule("x: ... C H W, gamma: C, beta: C, mu: C, v: C -> ... C H W", analytic=True)
def batch_norm2d_eval(
    x: Array, gamma: Array, beta: Array, mu: Array, v: Array, *, eps: float = 1e-5
) -> Array:
    """gamma_c (x - mu_c) / sqrt(v_c + eps) + beta_c with a given mean and variance."""
    scale = _by_channel(gamma * rate_of("batch_norm2d_eval", v, eps))
    return scale * (x - _by_channel(mu)) + _by_channel(beta)


@backward_rule(batch_norm2d_eval)
def batch_norm2d_eval_backward(
    upstream: Array, x: Array, gamma: Array, beta: Array, mu: Array, v: Array, *, eps: float
) -> Gradients:
    rate = rate_of("batch_norm2d_eval", v, eps)
    along_centred = _affine_gradients(upstream, x - _by_channel(mu))
    return {
        "x": upstream * _by_channel(gamma * rate),
        "gamma": along_centred["gamma"] * rate,
        "beta": along_centred["beta"],
        "mu": -gamma * rate * along_centred["beta"],
        "v": -gamma * rate**3 / 2 * along_centred["gamma"],
    }


@forward_rule("x: ... G C H W, gamma: G C, beta: G C -> ... G C H W", analytic=True)
def group_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Array:
    """gamma_gc xhat + beta_gc, xhat standardised over the channels and places of each group by itself.

    The channels are written as (group, channel in it). One group is layer normalisation over all of an image,
    one channel in each group `instance_norm`.
    """
    xhat, _ = standardised("group_norm", x, eps, _GROUP)
    return _by_channel(gamma) * xhat + _by_channel(beta)


@backward_rule(group_norm)
def group_norm_backward(upstream: Array, x: Array, gamma: Array, beta: Array, *, eps: float) -> Gradients:
    xhat, rate = standardised("group_norm", x, eps, _GROUP)
    return {
        "x": through_standardising(upstream * _by_channel(gamma), xhat, rate, _GROUP),
        **_affine_gradients(upstream, xhat, gamma.ndim),
    }


@forward_rule("x: ... C H W, gamma: C, beta: C -> ... C H W", analytic=True)
def instance_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Array:
    """gamma_c xhat + beta_c, xhat standardised over the places of each channel of each image by itself."""
    xhat, _ = standardised("instance_norm", x, eps, _PLACES)
    return _by_channel(gamma) * xhat + _by_channel(beta)


@backward_rule(instance_norm)
def instance_norm_backward(upstream: Array, x: Array, gamma: Array, beta: Array, *, eps: float) -> Gradients:
    xhat, rate = standardised("instance_norm", x, eps, _PLACES)
    return {
        "x": through_standardising(upstream * _by_channel(gamma), xhat, rate, _PLACES),
        **_affine_gradients(upstream, xhat),
    }


def _around(x: Array, before: int, after: int) -> Array:
    """The sum over so many channels before each one, itself, and so many after it; there is none outside."""
    rest = [(0, 0)] * x.ndim
    rest[-3] = (before, after)
    return sliding_window_view(np.pad(x, rest), before + 1 + after, axis=-3).sum(axis=-1)


@forward_rule("x: ... C H W -> ... C H W", analytic=True)
def local_response_norm(
    x: Array, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Array:
    """x / (k + alpha/size times the sum of squares over `size` channels around each) ^ beta."""
    return x * _response(x, size, alpha, k) ** -beta


def _response(x: Array, size: int, alpha: float, k: float) -> Array:
    if size < 1:
        raise ExecutionError(f"local_response_norm: size has to be 1 or more; it is {size}")
    return k + alpha / size * _around(x * x, size // 2, size - 1 - size // 2)


@backward_rule(local_response_norm)
def local_response_norm_backward(
    upstream: Array, x: Array, *, size: int, alpha: float, beta: float, k: float
) -> Gradients:
    response = _response(x, size, alpha, k)
    # A channel stands in the windows of those that have it around them: before and after change places.
    through = _around(upstream * x * response ** (-beta - 1), size - 1 - size // 2, size // 2)
    return {"x": upstream * response**-beta - 2 * alpha * beta / size * x * through}
