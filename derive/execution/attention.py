"""Attention: a softmax of the scores of every query with all keys weights the values."""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule
from derive.execution.softmax import softmax, softmax_backward

Gradients = dict[str, Array]


def _turned(matrix: Array) -> Array:
    return np.swapaxes(matrix, -1, -2)


def _weights(Q: Array, K: Array, factor: float) -> tuple[Array, Array]:
    """The scores and their softmax over the keys."""
    scores = factor * (Q @ _turned(K))
    return scores, softmax(scores)


def _gradients(upstream: Array, Q: Array, K: Array, V: Array, factor: float) -> Gradients:
    scores, weights = _weights(Q, K, factor)
    by_scores = factor * softmax_backward(upstream @ _turned(V), scores)["x"]
    return {"Q": by_scores @ K, "K": _turned(by_scores) @ Q, "V": _turned(weights) @ upstream}


def _scale(Q: Array) -> float:
    return float(Q.shape[-1] ** -0.5)


@forward_rule("Q: ... n d, K: ... m d, V: ... m d_v -> ... n d_v", analytic=True)
def dot_product_attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T) V, the softmax over every row."""
    return _weights(Q, K, 1.0)[1] @ V


@backward_rule(dot_product_attention)
def dot_product_attention_backward(upstream: Array, Q: Array, K: Array, V: Array) -> Gradients:
    return _gradients(upstream, Q, K, V, 1.0)


@forward_rule("Q: ... n d, K: ... m d, V: ... m d_v -> ... n d_v", analytic=True)
def attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T / sqrt d) V, the softmax over every row."""
    return _weights(Q, K, _scale(Q))[1] @ V


@backward_rule(attention)
def attention_backward(upstream: Array, Q: Array, K: Array, V: Array) -> Gradients:
    return _gradients(upstream, Q, K, V, _scale(Q))
