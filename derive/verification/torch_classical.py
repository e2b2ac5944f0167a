"""PyTorch's own solvers and losses as witnesses for the classical models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def counterparts() -> dict[str, Callable[..., Any]]:
    """By an operation's name the PyTorch function that takes its inputs and settings by name."""
    import torch
    from torch.nn import functional

    def half_square(X: Any, y: Any, theta: Any) -> Any:
        return functional.mse_loss(X @ theta, y, reduction="sum") / 2

    def ridge(X: Any, y: Any, alpha: float) -> Any:
        # Least squares of the data with sqrt(alpha) I below: another way to the same weights.
        root = alpha**0.5 * torch.eye(X.shape[1], dtype=X.dtype)
        return torch.linalg.lstsq(torch.cat([X, root]), torch.cat([y, torch.zeros_like(X[0])])[:, None])[0][
            :, 0
        ]

    return {
        "linear_regression_loss": half_square,
        "ridge_loss": lambda X, y, theta, alpha: half_square(X, y, theta) + alpha / 2 * theta.square().sum(),
        "linear_regression": lambda X, y: torch.linalg.lstsq(X, y[:, None])[0][:, 0],
        "ridge_regression": ridge,
        "logistic_regression_loss": lambda X, y, theta: functional.binary_cross_entropy_with_logits(
            X @ theta, y, reduction="sum"
        ),
        "softmax_regression_loss": lambda X, Y, W, b: functional.cross_entropy(
            functional.linear(X, W, b), Y, reduction="sum"
        ),
        "shared_weights": lambda A, c: A @ c,
        "tied_autoencoder": lambda x, W: functional.mse_loss(W.T @ (W @ x), x, reduction="sum") / 2,
        "sample_mean": lambda x: torch.mean(x),
        "sample_variance": lambda x: torch.var(x, correction=0),
    }
