"""Losses that compare points or regions, over the last axis.

Convention at the kinks, as in PyTorch: the slope of max(0, u) at 0 is 0.
"""

from __future__ import annotations

import numpy as np

from derive.execution.losses import cross_entropy_index, cross_entropy_index_backward
from derive.execution.registry import Array, backward_rule, forward_rule

Gradients = dict[str, Array]


def _norm(u: Array) -> Array:
    return np.sqrt((u * u).sum(axis=-1))


def _unit(u: Array) -> Array:
    """``u`` made of length 1; 0 stays 0, one of its subgradients."""
    length = _norm(u)[..., None]
    return u / np.where(length == 0, 1, length)


def _of_three(upstream: Array, short: Array, by_p: Array, by_q: Array) -> Gradients:
    """The gradients by anchor and both points, from those of the two distances by their differences."""
    seed = np.where(short > 0, upstream, 0)[..., None]
    return {"a": seed * (by_p - by_q), "p": -seed * by_p, "q": seed * by_q}


@forward_rule("a: ... n, p: ... n, q: ... n -> ...", analytic=False)
def triplet(a: Array, p: Array, q: Array, *, m: float = 1.0) -> Array:
    """max(0, m + |a - p|^2 - |a - q|^2)."""
    return np.maximum(0, _squared_shortfall(a, p, q, m))


@backward_rule(triplet)
def triplet_backward(upstream: Array, a: Array, p: Array, q: Array, *, m: float) -> Gradients:
    return _of_three(upstream, _squared_shortfall(a, p, q, m), 2 * (a - p), 2 * (a - q))


def _squared_shortfall(a: Array, p: Array, q: Array, m: float) -> Array:
    return m + ((a - p) ** 2).sum(axis=-1) - ((a - q) ** 2).sum(axis=-1)


@forward_rule("a: ... n, p: ... n, q: ... n -> ...", analytic=False)
def triplet_distance(a: Array, p: Array, q: Array, *, m: float = 1.0) -> Array:
    """max(0, m + |a - p| - |a - q|)."""
    return np.maximum(0, _shortfall(a, p, q, m))


@backward_rule(triplet_distance)
def triplet_distance_backward(upstream: Array, a: Array, p: Array, q: Array, *, m: float) -> Gradients:
    return _of_three(upstream, _shortfall(a, p, q, m), _unit(a - p), _unit(a - q))


def _shortfall(a: Array, p: Array, q: Array, m: float) -> Array:
    return m + _norm(a - p) - _norm(a - q)


@forward_rule("q: ... d, K: ... n d, c: ... -> ...", analytic=True, integers=("c",))
def info_nce(q: Array, K: Array, c: Array, *, tau: float = 0.5) -> Array:
    """-log softmax(K q / tau)_c. Raises DomainError if some c is not in 0..n-1."""
    return cross_entropy_index(_similarities(q, K, tau), c)


@backward_rule(info_nce)
def info_nce_backward(upstream: Array, q: Array, K: Array, c: Array, *, tau: float) -> Gradients:
    by_score = cross_entropy_index_backward(upstream, _similarities(q, K, tau), c)["z"] / tau
    return {"q": np.einsum("...n,...nd->...d", by_score, K), "K": by_score[..., :, None] * q[..., None, :]}


def _similarities(q: Array, K: Array, tau: float) -> Array:
    return np.einsum("...nd,...d->...n", K, q) / tau


@forward_rule("p: ... n, y: ... n -> ...", analytic=True)
def dice(p: Array, y: Array, *, eps: float = 1.0) -> Array:
    """1 - (2 sum_i p_i y_i + eps) / (sum_i p_i + sum_i y_i + eps)."""
    shared, sizes = _overlap(p, y)
    return 1 - (2 * shared + eps) / (sizes + eps)


@backward_rule(dice)
def dice_backward(upstream: Array, p: Array, y: Array, *, eps: float) -> Gradients:
    shared, sizes = _overlap(p, y)
    whole = (sizes + eps)[..., None]
    share = (2 * shared + eps)[..., None] / whole
    seed = upstream[..., None] / whole
    return {"p": seed * (share - 2 * y), "y": seed * (share - 2 * p)}


def _overlap(p: Array, y: Array) -> tuple[Array, Array]:
    return (p * y).sum(axis=-1), p.sum(axis=-1) + y.sum(axis=-1)
