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
    return x * m / _kept("dropout", p)


@backward_rule(dropout)
def dropout_backward(upstream: Array, x: Array, m: Array, *, p: float) -> Gradients:
    scaled = upstream / _kept("dropout", p)
    return {"x": scaled * m, "m": scaled * x}


def _kept(name: str, p: float) -> float:
    """The probability of keeping."""
    if not 0 <= p < 1:
        raise DomainError(
            f"{name}: p, the probability of dropping, must be at least 0 and below 1; it is {p}"
        )
    return 1 - p


@forward_rule("x: ..., m: ... -> ...", analytic=True)
def dropout_not_inverted(x: Array, m: Array) -> Array:
    """x m, m the mask."""
    return x * m


@backward_rule(dropout_not_inverted)
def dropout_not_inverted_backward(upstream: Array, x: Array, m: Array) -> Gradients:
    return {"x": upstream * m, "m": upstream * x}


@forward_rule("x: ... -> ...", analytic=True)
def dropout_not_inverted_eval(x: Array, *, p: float = 0.5) -> Array:
    """(1 - p) x. Raises DomainError unless 0 <= p < 1."""
    return _kept("dropout_not_inverted_eval", p) * x


@backward_rule(dropout_not_inverted_eval)
def dropout_not_inverted_eval_backward(upstream: Array, x: Array, *, p: float) -> Gradients:
    return {"x": _kept("dropout_not_inverted_eval", p) * upstream}


@forward_rule("x: ..., f: ... -> ...", analytic=True)
def residual_sum(x: Array, f: Array) -> Array:
    """x + f."""
    return x + f


@backward_rule(residual_sum)
def residual_sum_backward(upstream: Array, x: Array, f: Array) -> Gradients:
    return {"x": upstream.copy(), "f": upstream.copy()}
