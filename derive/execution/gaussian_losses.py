"""Losses that come from normal distributions, over the last axis; variances have to be positive."""

from __future__ import annotations

import numpy as np

from derive.execution.losses import (
    binary_cross_entropy_logits,
    binary_cross_entropy_logits_backward,
)
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule

Gradients = dict[str, Array]


def _check_variance(operation: str, name: str, v: Array) -> None:
    if (v.real <= 0).any():
        place = np.argwhere(v.real <= 0)[0].tolist()
        raise DomainError(
            f"{operation}: {name}, a variance, must be positive; entry {place} is {v[tuple(place)]}"
        )


@forward_rule("y: ... n, mu: ... n, v: ... -> ...", analytic=True)
def gaussian_nll_isotropic(y: Array, mu: Array, v: Array) -> Array:
    """n/2 log(2 pi v) + sum_i (y_i - mu_i)^2 / (2 v). Raises DomainError unless v is positive."""
    _check_variance("gaussian_nll_isotropic", "v", v)
    return y.shape[-1] / 2 * np.log(2 * np.pi * v) + ((y - mu) ** 2).sum(axis=-1) / (2 * v)


@backward_rule(gaussian_nll_isotropic)
def gaussian_nll_isotropic_backward(upstream: Array, y: Array, mu: Array, v: Array) -> Gradients:
    by_y = (upstream / v)[..., None] * (y - mu)
    mean_square = ((y - mu) ** 2).mean(axis=-1)
    return {"y": by_y, "mu": -by_y, "v": upstream * y.shape[-1] * (v - mean_square) / (2 * v * v)}


@forward_rule("y: ... n, mu: ... n, v: ... n -> ...", analytic=True)
def gaussian_nll(y: Array, mu: Array, v: Array) -> Array:
    """sum_i (log(2 pi v_i) + (y_i - mu_i)^2 / v_i) / 2. Raises DomainError unless every v_i is positive."""
    _check_variance("gaussian_nll", "v", v)
    return (np.log(2 * np.pi * v) + (y - mu) ** 2 / v).sum(axis=-1) / 2


@backward_rule(gaussian_nll)
def gaussian_nll_backward(upstream: Array, y: Array, mu: Array, v: Array) -> Gradients:
    scaled = (y - mu) / v
    seed = upstream[..., None]
    return {"y": seed * scaled, "mu": -seed * scaled, "v": seed * (1 / v - scaled * scaled) / 2}


@forward_rule("mu_1: ... n, v_1: ... n, mu_2: ... n, v_2: ... n -> ...", analytic=True)
def gaussian_kl(mu_1: Array, v_1: Array, mu_2: Array, v_2: Array) -> Array:
    """sum_i (log(v_2i / v_1i) + (v_1i + (mu_1i - mu_2i)^2) / v_2i - 1) / 2.

    Raises DomainError unless every variance is positive.
    """
    _check_variance("gaussian_kl", "v_1", v_1)
    _check_variance("gaussian_kl", "v_2", v_2)
    ratio = v_1 / v_2
    return (ratio - 1 - np.log(ratio) + (mu_1 - mu_2) ** 2 / v_2).sum(axis=-1) / 2


@backward_rule(gaussian_kl)
def gaussian_kl_backward(upstream: Array, mu_1: Array, v_1: Array, mu_2: Array, v_2: Array) -> Gradients:
    seed, difference = upstream[..., None], (mu_1 - mu_2) / v_2
    return {
        "mu_1": seed * difference,
        "v_1": seed * (1 / v_2 - 1 / v_1) / 2,
        "mu_2": -seed * difference,
        "v_2": seed * ((1 - v_1 / v_2) / v_2 - difference**2) / 2,
    }


@forward_rule("mu: ... n, s: ... n -> ...", analytic=True)
def gaussian_kl_standard(mu: Array, s: Array) -> Array:
    """sum_i (mu_i^2 + e^s_i - s_i - 1) / 2."""
    excess = np.expm1(s) if s.dtype.kind != "c" else np.exp(s) - 1
    return (mu * mu + excess - s).sum(axis=-1) / 2


@backward_rule(gaussian_kl_standard)
def gaussian_kl_standard_backward(upstream: Array, mu: Array, s: Array) -> Gradients:
    seed = upstream[..., None]
    return {"mu": seed * mu, "s": seed / 2 * (np.exp(s) - 1)}


@forward_rule("z: ... n, x: ... n, mu: ... d, s: ... d -> ...", analytic=True)
def vae_loss(z: Array, x: Array, mu: Array, s: Array, *, beta: float = 1.0) -> Array:
    """Binary cross-entropy of sigmoid(z) with x, plus beta times the divergence of the code."""
    return binary_cross_entropy_logits(z, x) + beta * gaussian_kl_standard(mu, s)


@backward_rule(vae_loss)
def vae_loss_backward(upstream: Array, z: Array, x: Array, mu: Array, s: Array, *, beta: float) -> Gradients:
    rebuilt = binary_cross_entropy_logits_backward(upstream, z, x)
    code = gaussian_kl_standard_backward(beta * upstream, mu, s)
    return {"z": rebuilt["z"], "x": rebuilt["y"], **code}


@forward_rule("mu: ..., s: ..., eps: ... -> ...", analytic=True)
def reparameterisation(mu: Array, s: Array, eps: Array) -> Array:
    """mu + e^(s/2) eps."""
    return mu + np.exp(s / 2) * eps


@backward_rule(reparameterisation)
def reparameterisation_backward(upstream: Array, mu: Array, s: Array, eps: Array) -> Gradients:
    spread = np.exp(s / 2)
    return {"mu": upstream.copy(), "s": upstream * spread * eps / 2, "eps": upstream * spread}
