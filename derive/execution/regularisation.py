"""Penalties on weights, dropout with a given mask, and the sum of a residual block."""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, DomainError, backward_rule, forward_rule

Gradients = dict[str, Array]


@forward_rule("w: ... n -> ...", analytic=False)
def l1_penalty(w: Array, *, alpha: float = 0.01) -> Array:
    """alpha sum_i |w_i|. Convention at 0, as in PyTorch: slope 0."""
    return alpha * np.abs(w).sum(axis=-1)


@backward_rule(l1_penalty)
def l1_penalty_backward(upstream: Array, w: Array, *, alpha: float) -> Gradients:
    return {"w": alpha * upstream[..., None] * np.sign(w)}


@forward_rule("w: ... n -> ...", analytic=True)
def l2_penalty(w: Array, *, alpha: float = 0.01) -> Array:
    """alpha / 2 sum_i w_i^2."""
    return alpha / 2 * (w * w).sum(axis=-1)


@backward_rule(l2_penalty)
def l2_penalty_backward(upstream: Array, w: Array, *, alpha: float) -> Gradients:
    return {"w": alpha * upstream[..., None] * w}


@forward_rule("x: ..., m: ... -> ...", analytic=True)
def dropout(x: Array, m: Array, *, p: float = 0.5) -> Array:
    """x m / (1 - p), m the mask. Raises DomainError unless 0 <= p < 1."""
    return x * m * _rest(p)


@backward_rule(dropout)
def dropout_backward(upstream: Array, x: Array, m: Array, *, p: float) -> Gradients:
    scaled = upstream * _rest(p)
    return {"x": scaled * m, "m": scaled * x}


def _rest(p: float) -> float:
    if not 0 <= p < 1:
        raise DomainError(
            f"dropout: p, the probability of dropping, must be at least 0 and below 1; it is {p}"
        )
    return 1 / (1 - p)


@forward_rule("x: ..., f: ... -> ...", analytic=True)
def residual_sum(x: Array, f: Array) -> Array:
    """x + f."""
    return x + f


@backward_rule(residual_sum)
def residual_sum_backward(upstream: Array, x: Array, f: Array) -> Gradients:
    return {"x": upstream.copy(), "f": upstream.copy()}
