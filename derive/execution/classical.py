"""Linear, logistic and softmax regression, and the moments of a sample.

The examples of one batch entry are the rows of X; leading axes are further batches.
"""

from __future__ import annotations

import numpy as np

from derive.execution.activations import sigmoid
from derive.execution.losses import binary_cross_entropy_logits
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule
from derive.execution.softmax import log_softmax, softmax

Gradients = dict[str, Array]


def _apply(X: Array, theta: Array) -> Array:
    return np.einsum("...bi,...i->...b", X, theta)


def _back(X: Array, r: Array) -> Array:
    return np.einsum("...bi,...b->...i", X, r)


def _outer(r: Array, theta: Array) -> Array:
    return r[..., :, None] * theta[..., None, :]


@forward_rule("X: ... B n, y: ... B, theta: ... n -> ...", analytic=True)
def linear_regression_loss(X: Array, y: Array, theta: Array) -> Array:
    """|X theta - y|^2 / 2."""
    return ((_apply(X, theta) - y) ** 2).sum(axis=-1) / 2


@backward_rule(linear_regression_loss)
def linear_regression_loss_backward(upstream: Array, X: Array, y: Array, theta: Array) -> Gradients:
    r = upstream[..., None] * (_apply(X, theta) - y)
    return {"X": _outer(r, theta), "y": -r, "theta": _back(X, r)}


@forward_rule("X: ... B n, y: ... B, theta: ... n -> ...", analytic=True)
def ridge_loss(X: Array, y: Array, theta: Array, *, alpha: float = 0.1) -> Array:
    """(|X theta - y|^2 + alpha |theta|^2) / 2."""
    return linear_regression_loss(X, y, theta) + alpha / 2 * (theta * theta).sum(axis=-1)


@backward_rule(ridge_loss)
def ridge_loss_backward(upstream: Array, X: Array, y: Array, theta: Array, *, alpha: float) -> Gradients:
    gradients = linear_regression_loss_backward(upstream, X, y, theta)
    return {**gradients, "theta": gradients["theta"] + alpha * upstream[..., None] * theta}


def _least_squares(X: Array, y: Array, alpha: float, name: str) -> tuple[Array, Array]:
    """The Gram matrix and the weights, in double precision: X^T X squares how badly conditioned X is."""
    X = X.astype(np.result_type(X, np.float64), copy=False)
    gram = np.einsum("...bi,...bj->...ij", X, X) + alpha * np.eye(X.shape[-1])
    if alpha == 0 and X.shape[-2] < X.shape[-1]:
        raise DomainError(
            f"{name}: {X.shape[-2]} examples cannot fix {X.shape[-1]} weights; take more examples, or "
            "ridge_regression"
        )
    try:
        return gram, np.linalg.solve(gram, _back(X, y)[..., None])[..., 0]
    except np.linalg.LinAlgError:
        raise DomainError(f"{name}: the columns of X are not independent, X^T X has no inverse") from None


def _least_squares_backward(upstream: Array, X: Array, y: Array, alpha: float, name: str) -> Gradients:
    """With ``G theta = X^T y``: ``s = G^{-1} g`` is what comes back through the solution."""
    gram, theta = _least_squares(X, y, alpha, name)
    s = np.linalg.solve(gram, upstream[..., None])[..., 0]
    residual = y - _apply(X, theta)
    return {"X": _outer(residual, s) - _outer(_apply(X, s), theta), "y": _apply(X, s)}


@forward_rule("X: ... B n, y: ... B -> ... n", analytic=True)
def linear_regression(X: Array, y: Array) -> Array:
    """(X^T X)^{-1} X^T y. Raises DomainError where X^T X has no inverse."""
    return _least_squares(X, y, 0, "linear_regression")[1]


@backward_rule(linear_regression)
def linear_regression_backward(upstream: Array, X: Array, y: Array) -> Gradients:
    return _least_squares_backward(upstream, X, y, 0, "linear_regression")


@forward_rule("X: ... B n, y: ... B -> ... n", analytic=True)
def ridge_regression(X: Array, y: Array, *, alpha: float = 0.1) -> Array:
    """(X^T X + alpha I)^{-1} X^T y."""
    return _least_squares(X, y, alpha, "ridge_regression")[1]


@backward_rule(ridge_regression)
def ridge_regression_backward(upstream: Array, X: Array, y: Array, *, alpha: float) -> Gradients:
    return _least_squares_backward(upstream, X, y, alpha, "ridge_regression")


@forward_rule("X: ... B n, y: ... B, theta: ... n -> ...", analytic=True)
def logistic_regression_loss(X: Array, y: Array, theta: Array) -> Array:
    """The binary cross-entropy of sigmoid(X theta) with y, summed."""
    return binary_cross_entropy_logits(_apply(X, theta), y)


@backward_rule(logistic_regression_loss)
def logistic_regression_loss_backward(upstream: Array, X: Array, y: Array, theta: Array) -> Gradients:
    z = _apply(X, theta)
    seed = upstream[..., None]
    r = seed * ((1 - y) * sigmoid(z) - y * sigmoid(-z))
    return {"X": _outer(r, theta), "y": -seed * z, "theta": _back(X, r)}


@forward_rule("X: ... B n, Y: ... B m, W: m n, b: m -> ...", analytic=True)
def softmax_regression_loss(X: Array, Y: Array, W: Array, b: Array) -> Array:
    """The cross-entropy of softmax(X W^T + b) with Y, summed over the rows."""
    return -(Y * log_softmax(X @ W.T + b)).sum(axis=(-1, -2))


@backward_rule(softmax_regression_loss)
def softmax_regression_loss_backward(upstream: Array, X: Array, Y: Array, W: Array, b: Array) -> Gradients:
    A = X @ W.T + b
    seed = upstream[..., None, None]
    by_score = seed * (softmax(A) * Y.sum(axis=-1, keepdims=True) - Y)
    rows = by_score.reshape(-1, by_score.shape[-1])
    examples = np.broadcast_to(X, (*by_score.shape[:-1], X.shape[-1])).reshape(-1, X.shape[-1])
    return {
        "X": by_score @ W,
        "Y": -seed * log_softmax(A),
        "W": rows.T @ examples,
        "b": rows.sum(axis=0),
    }


@forward_rule("x: ... n -> ...", analytic=True)
def sample_mean(x: Array) -> Array:
    """1/n sum_i x_i."""
    return x.mean(axis=-1)


@backward_rule(sample_mean)
def sample_mean_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream[..., None] / x.shape[-1] * np.ones_like(x)}


@forward_rule("x: ... n -> ...", analytic=True)
def sample_variance(x: Array) -> Array:
    """1/n sum_i (x_i - mean)^2."""
    return (_centred(x) ** 2).mean(axis=-1)


@backward_rule(sample_variance)
def sample_variance_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": 2 / x.shape[-1] * upstream[..., None] * _centred(x)}


def _centred(x: Array) -> Array:
    return x - x.mean(axis=-1, keepdims=True)
