"""PyTorch's automatic differentiation as a further witness, where PyTorch is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from derive.verification import torch_classical, torch_images, torch_optimisers, torch_sequences


def available() -> bool:
    """Whether PyTorch can be imported."""
    return importlib.util.find_spec("torch") is not None


def gradients(
    name: str, inputs: Mapping[str, np.ndarray], upstream: np.ndarray, settings: Mapping[str, float]
) -> dict[str, np.ndarray] | None:
    """The gradients of ``sum(upstream * operation)`` by every float input, or None without a counterpart."""
    import torch

    call = _counterparts().get(name)
    if call is None:
        return None
    tensors = {key: torch.tensor(value) for key, value in inputs.items()}
    wanted = {key: value.requires_grad_() for key, value in tensors.items() if value.is_floating_point()}
    output = call(**tensors, **settings)
    (output * torch.tensor(upstream)).sum().backward()
    return {
        key: (value.grad if value.grad is not None else torch.zeros_like(value)).numpy()
        for key, value in wanted.items()
    }


def _counterparts() -> dict[str, Callable[..., Any]]:
    import torch
    from torch.nn import functional

    def batch_of_one(loss: Callable[..., Any]) -> Callable[..., Any]:
        return lambda z, target: loss(z[None], target[None], reduction="sum")

    def normal(mean: Any, covariance: Any) -> Any:
        # PyTorch factors the lower triangle only: the two halves each carry half of the gradient.
        whole = (covariance + covariance.T) / 2
        return torch.distributions.MultivariateNormal(mean, whole, validate_args=False)

    def focal(q: Any, gamma: float) -> Any:
        return -((1 - q) ** gamma * q.log()).sum()

    def diagonal_normal(mean: Any, v: Any) -> Any:
        return torch.distributions.Normal(mean, v.sqrt())

    def kl(mu_1: Any, v_1: Any, mu_2: Any, v_2: Any) -> Any:
        return torch.distributions.kl_divergence(diagonal_normal(mu_1, v_1), diagonal_normal(mu_2, v_2)).sum()

    def standard_kl(mu: Any, s: Any) -> Any:
        return kl(mu, s.exp(), torch.zeros_like(mu), torch.ones_like(mu))

    def vae(z: Any, x: Any, mu: Any, s: Any, beta: float) -> Any:
        return functional.binary_cross_entropy_with_logits(z, x, reduction="sum") + beta * standard_kl(mu, s)

    def triplet(a: Any, p: Any, q: Any, m: float) -> Any:
        return torch.clamp(m + ((a - p) ** 2).sum() - ((a - q) ** 2).sum(), min=0)

    return (
        torch_classical.counterparts()
        | torch_images.counterparts()
        | torch_optimisers.counterparts()
        | torch_sequences.counterparts()
        | {
            "gaussian_nll_isotropic": lambda y, mu, v: -diagonal_normal(mu, v).log_prob(y).sum(),
            "gaussian_nll": lambda y, mu, v: functional.gaussian_nll_loss(
                mu, y, v, full=True, reduction="sum"
            ),
            "gaussian_kl": kl,
            "gaussian_kl_standard": standard_kl,
            "vae_loss": vae,
            "reparameterisation": lambda mu, s, eps: mu + (s / 2).exp() * eps,
            "triplet": triplet,
            "triplet_distance": lambda a, p, q, m: functional.triplet_margin_loss(
                a[None], p[None], q[None], margin=m, eps=0.0
            ),
            "info_nce": lambda q, K, c, tau: functional.cross_entropy((K @ q / tau)[None], c[None]),
            "dice": lambda p, y, eps: 1 - (2 * (p * y).sum() + eps) / (p.sum() + y.sum() + eps),
            "identity": lambda x: x * 1,
            "sigmoid": lambda x: torch.sigmoid(x),
            "tanh": lambda x: torch.tanh(x),
            "relu": lambda x: functional.relu(x),
            "leaky_relu": lambda x, alpha: functional.leaky_relu(x, alpha),
            "elu": lambda x, alpha: functional.elu(x, alpha),
            "softplus": lambda x: functional.softplus(x),
            "silu": lambda x: functional.silu(x),
            "gelu": lambda x: functional.gelu(x),
            "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
            "softmax": lambda x: torch.softmax(x, -1),
            "log_softmax": lambda x: torch.log_softmax(x, -1),
            "log_sum_exp": lambda x: torch.logsumexp(x, -1),
            "matvec": lambda A, x: torch.mv(A, x),
            "affine": lambda x, W, b: functional.linear(x, W, b),
            "linear": lambda x, W, b: functional.linear(x, W, b),
            "quadratic_form": lambda x, A: x @ A @ x,
            "batch_norm": lambda x, gamma, beta, eps: functional.batch_norm(
                x, None, None, gamma, beta, training=True, eps=eps
            ),
            "batch_norm_eval": lambda x, gamma, beta, mu, v, eps: (
                gamma * (x - mu) / torch.sqrt(v + eps) + beta
            ),
            "layer_norm": lambda x, gamma, beta, eps: functional.layer_norm(x, gamma.shape, gamma, beta, eps),
            "rms_norm": lambda x, gamma, eps: functional.rms_norm(x, gamma.shape, gamma, eps),
            "squared_error": lambda yhat, y: functional.mse_loss(yhat, y, reduction="sum"),
            "mean_squared_error": lambda yhat, y: functional.mse_loss(yhat, y),
            "half_squared_error": lambda yhat, y: functional.mse_loss(yhat, y, reduction="sum") / 2,
            "half_mean_squared_error": lambda yhat, y: functional.mse_loss(yhat, y) / 2,
            "l1_penalty": lambda w, alpha: alpha * w.abs().sum(),
            "l2_penalty": lambda w, alpha: alpha / 2 * (w**2).sum(),
            "dropout": lambda x, m, p: x * m / (1 - p),
            "residual_sum": lambda x, f: x + f,
            "product": lambda x, f: x * f,
            "absolute_error": lambda yhat, y: functional.l1_loss(yhat, y, reduction="sum"),
            "mean_absolute_error": lambda yhat, y: functional.l1_loss(yhat, y),
            "gaussian_nll_full": lambda y, mu, S: -normal(mu, S).log_prob(y),
            "gaussian_kl_full": lambda mu_1, S_1, mu_2, S_2: torch.distributions.kl_divergence(
                normal(mu_1, S_1), normal(mu_2, S_2)
            ),
            "huber": lambda yhat, y, delta: functional.huber_loss(yhat, y, reduction="sum", delta=delta),
            "hinge": lambda z, y: torch.clamp(1 - y * z, min=0).sum(),
            "multiclass_hinge": lambda z, c: functional.multi_margin_loss(z[None], c[None]) * len(z),
            "label_smoothing": lambda z, y, eps: functional.cross_entropy(z, y, label_smoothing=eps),
            "label_smoothing_others": lambda z, y, eps: functional.cross_entropy(
                z, (1 - eps) * y + eps / (len(z) - 1) * (1 - y)
            ),
            "kl_divergence": lambda p, q: functional.kl_div(q.log(), p, reduction="sum"),
            "focal": lambda p, y, gamma: focal(y * p + (1 - y) * (1 - p), gamma),
            "binary_cross_entropy": lambda p, y: functional.binary_cross_entropy(p, y, reduction="sum"),
            "binary_cross_entropy_logits": lambda z, y: functional.binary_cross_entropy_with_logits(
                z, y, reduction="sum"
            ),
            "cross_entropy": lambda z, y: batch_of_one(functional.cross_entropy)(z, y),
            "cross_entropy_index": lambda z, c: batch_of_one(functional.cross_entropy)(z, c),
        }
    )
