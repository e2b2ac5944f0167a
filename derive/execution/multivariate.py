"""Normal distributions with a full covariance matrix."""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule


def _log_determinant(S: Array) -> Array:
    """By the determinant itself where S is complex, since a complex step has no use for its size."""
    if np.iscomplexobj(S):
        return np.log(np.linalg.det(S))
    return np.linalg.slogdet(S)[1]


def _form(u: Array, P: Array) -> Array:
    return np.einsum("...i,ij,...j->...", u, P, u)


def _summed_outer(weight: Array, left: Array, right: Array) -> Array:
    """The sum over the batch of ``weight left right^T``."""
    n = left.shape[-1]
    return (weight.reshape(-1, 1) * left.reshape(-1, n)).T @ right.reshape(-1, n)


@forward_rule("y: ... n, mu: ... n, S: n n -> ...", analytic=True)
def gaussian_nll_full(y: Array, mu: Array, S: Array) -> Array:
    n = S.shape[0]
    return (n * np.log(2 * np.pi) + _log_determinant(S) + _form(y - mu, np.linalg.inv(S))) / 2


@backward_rule(gaussian_nll_full)
def gaussian_nll_full_backward(upstream: Array, y: Array, mu: Array, S: Array) -> dict[str, Array]:
    P = np.linalg.inv(S)
    u = y - mu
    # The inverse is applied to both sides, since S need not be symmetric.
    left, right = u @ P, u @ P.T
    slope = upstream[..., None] * (left + right) / 2
    total = (upstream.sum() * P.T - _summed_outer(upstream, left, right)) / 2
    return {"y": slope, "mu": -slope, "S": total}


@forward_rule("mu_1: ... n, S_1: n n, mu_2: ... n, S_2: n n -> ...", analytic=True)
def gaussian_kl_full(mu_1: Array, S_1: Array, mu_2: Array, S_2: Array) -> Array:
    P = np.linalg.inv(S_2)
    spread = _log_determinant(S_2) - _log_determinant(S_1) + np.trace(P @ S_1) - S_1.shape[0]
    return (spread + _form(mu_2 - mu_1, P)) / 2


@backward_rule(gaussian_kl_full)
def gaussian_kl_full_backward(
    upstream: Array, mu_1: Array, S_1: Array, mu_2: Array, S_2: Array
) -> dict[str, Array]:
    P = np.linalg.inv(S_2)
    u = mu_2 - mu_1
    left, right = u @ P, u @ P.T
    slope = upstream[..., None] * (left + right) / 2
    whole = upstream.sum()
    outer = _summed_outer(upstream, left, right)
    return {
        "mu_1": -slope,
        "S_1": whole * (P.T - np.linalg.inv(S_1).T) / 2,
        "mu_2": slope,
        "S_2": (whole * (P.T - P.T @ S_1.T @ P.T) - outer) / 2,
    }
