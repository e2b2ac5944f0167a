"""Losses over the last axis; one number for each batch entry, never averaged over the batch."""

from __future__ import annotations

import numpy as np

from derive.execution.activations import sigmoid
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule
from derive.execution.softmax import log_softmax, softmax

Gradients = dict[str, Array]


def _squared_distance(yhat: Array, y: Array) -> Array:
    return ((yhat - y) ** 2).sum(axis=-1)


def _difference_gradients(upstream: Array, yhat: Array, y: Array, factor: float) -> Gradients:
    gradient = upstream[..., None] * (factor * (yhat - y))
    return {"yhat": gradient, "y": -gradient}


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=True)
def squared_error(yhat: Array, y: Array) -> Array:
    """sum_i (yhat_i - y_i)^2."""
    return _squared_distance(yhat, y)


@backward_rule(squared_error)
def squared_error_backward(upstream: Array, yhat: Array, y: Array) -> Gradients:
    return _difference_gradients(upstream, yhat, y, 2)


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=True)
def mean_squared_error(yhat: Array, y: Array) -> Array:
    """1/n sum_i (yhat_i - y_i)^2."""
    return _squared_distance(yhat, y) / yhat.shape[-1]


@backward_rule(mean_squared_error)
def mean_squared_error_backward(upstream: Array, yhat: Array, y: Array) -> Gradients:
    return _difference_gradients(upstream, yhat, y, 2 / yhat.shape[-1])


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=True)
def half_squared_error(yhat: Array, y: Array) -> Array:
    """1/2 sum_i (yhat_i - y_i)^2."""
    return _squared_distance(yhat, y) / 2


@backward_rule(half_squared_error)
def half_squared_error_backward(upstream: Array, yhat: Array, y: Array) -> Gradients:
    return _difference_gradients(upstream, yhat, y, 1)


@forward_rule("yhat: ... n, y: ... n -> ...", analytic=True)
def half_mean_squared_error(yhat: Array, y: Array) -> Array:
    """1/(2n) sum_i (yhat_i - y_i)^2."""
    return _squared_distance(yhat, y) / (2 * yhat.shape[-1])


@backward_rule(half_mean_squared_error)
def half_mean_squared_error_backward(upstream: Array, yhat: Array, y: Array) -> Gradients:
    return _difference_gradients(upstream, yhat, y, 1 / yhat.shape[-1])


@forward_rule("p: ... n, y: ... n -> ...", analytic=True)
def binary_cross_entropy(p: Array, y: Array) -> Array:
    """-sum_i (y_i log p_i + (1 - y_i) log(1 - p_i)), p in [0, 1].

    0 log 0 is 0; a probability of 0 for what is so costs infinity (PyTorch caps the logarithm at -100).
    Raises DomainError if some p lies outside of [0, 1].
    """
    _check_probabilities(p)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(_masked(y, y * np.log(p)) + _masked(1 - y, (1 - y) * np.log1p(-p))).sum(axis=-1)


@backward_rule(binary_cross_entropy)
def binary_cross_entropy_backward(upstream: Array, p: Array, y: Array) -> Gradients:
    _check_probabilities(p)
    seed = upstream[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "p": seed * (_masked(1 - y, (1 - y) / (1 - p)) - _masked(y, y / p)),
            "y": seed * (np.log1p(-p) - np.log(p)),
        }


def _masked(weight: Array, product: Array) -> Array:
    """A product, but 0 wherever its weight is 0, also against infinity."""
    return np.where(weight == 0, 0, product)


def _check_probabilities(p: Array, operation: str = "binary_cross_entropy", name: str = "p") -> None:
    outside = (p.real < 0) | (p.real > 1)
    if outside.any():
        place = np.argwhere(outside)[0].tolist()
        logits = " (for logits there is binary_cross_entropy_logits)"
        hint = logits if operation == "binary_cross_entropy" else ""
        raise DomainError(f"{operation}: {name} must lie in [0, 1]; entry {place} is {p[tuple(place)]}{hint}")


@forward_rule("z: ... n, y: ... n -> ...", analytic=True)
def binary_cross_entropy_logits(z: Array, y: Array) -> Array:
    """Binary cross-entropy of p = sigmoid(z): sum_i (log(1 + e^z_i) - y_i z_i)."""
    # Without cancellation for y in [0, 1]: z > 0 costs (1 - y) z, z < 0 costs -y z, and both log(1 + e^-|z|).
    positive = z.real > 0
    return (np.where(positive, (1 - y) * z, -y * z) + np.log1p(np.exp(np.where(positive, -z, z)))).sum(
        axis=-1
    )


@backward_rule(binary_cross_entropy_logits)
def binary_cross_entropy_logits_backward(upstream: Array, z: Array, y: Array) -> Gradients:
    # sigmoid(z) - y, written so that nothing cancels where the prediction is right.
    seed = upstream[..., None]
    return {"z": seed * ((1 - y) * sigmoid(z) - y * sigmoid(-z)), "y": -seed * z}


@forward_rule("z: ... n, y: ... n -> ...", analytic=True)
def cross_entropy(z: Array, y: Array) -> Array:
    """-sum_i y_i log softmax(z)_i, y one-hot or any weights (they need not sum to 1)."""
    with np.errstate(invalid="ignore"):
        return -_masked(y, y * log_softmax(z)).sum(axis=-1)


@backward_rule(cross_entropy)
def cross_entropy_backward(upstream: Array, z: Array, y: Array) -> Gradients:
    seed = upstream[..., None]
    return {"z": seed * (softmax(z) * y.sum(axis=-1, keepdims=True) - y), "y": -seed * log_softmax(z)}


@forward_rule("z: ... n, c: ... -> ...", analytic=True, integers=("c",))
def cross_entropy_index(z: Array, c: Array) -> Array:
    """-log softmax(z)_c, c the index of the right class, counted from 0.

    Raises DomainError if some c is not in 0..n-1 (a negative index does not count from the end).
    """
    return -np.where(is_class("cross_entropy_index", z, c), log_softmax(z), 0).sum(axis=-1)


@backward_rule(cross_entropy_index)
def cross_entropy_index_backward(upstream: Array, z: Array, c: Array) -> Gradients:
    return {"z": upstream[..., None] * (softmax(z) - is_class("cross_entropy_index", z, c))}


def is_class(operation: str, z: Array, c: Array) -> Array:
    """The one-hot form of c, as booleans; DomainError for what is no class."""
    classes = z.shape[-1]
    outside = (c < 0) | (c >= classes)
    if outside.any():
        raise DomainError(
            f"{operation}: c must lie in 0..{classes - 1} (z ends in {classes}); it holds {c[outside][0]}"
        )
    return c[..., None] == np.arange(classes)


@forward_rule("z: ... n, y: ... n -> ...", analytic=True)
def label_smoothing(z: Array, y: Array, *, eps: float = 0.1) -> Array:
    """Cross-entropy of z with the target (1 - eps) y + eps / n."""
    return cross_entropy(z, (1 - eps) * y + eps / z.shape[-1])


@backward_rule(label_smoothing)
def label_smoothing_backward(upstream: Array, z: Array, y: Array, *, eps: float) -> Gradients:
    gradients = cross_entropy_backward(upstream, z, (1 - eps) * y + eps / z.shape[-1])
    return {"z": gradients["z"], "y": (1 - eps) * gradients["y"]}


def _others(operation: str, z: Array, eps: float) -> float:
    """What each other class gets."""
    if z.shape[-1] < 2:
        raise DomainError(f"{operation}: there must be at least 2 classes; z ends in {z.shape[-1]}")
    return eps / (z.shape[-1] - 1)


@forward_rule("z: ... n, y: ... n -> ...", analytic=True)
def label_smoothing_others(z: Array, y: Array, *, eps: float = 0.1) -> Array:
    """Cross-entropy of z with the target (1 - eps) y + eps / (n - 1) (1 - y).

    Raises DomainError for a single class.
    """
    share = _others("label_smoothing_others", z, eps)
    return cross_entropy(z, (1 - eps) * y + share * (1 - y))


@backward_rule(label_smoothing_others)
def label_smoothing_others_backward(upstream: Array, z: Array, y: Array, *, eps: float) -> Gradients:
    share = _others("label_smoothing_others", z, eps)
    gradients = cross_entropy_backward(upstream, z, (1 - eps) * y + share * (1 - y))
    return {"z": gradients["z"], "y": (1 - eps - share) * gradients["y"]}


@forward_rule("p: ... n, q: ... n -> ...", analytic=True)
def kl_divergence(p: Array, q: Array) -> Array:
    """sum_i p_i log(p_i / q_i); 0 log 0 is 0, and infinity where q is 0 and p is not.

    Raises DomainError if an entry lies outside of [0, 1]; that the entries sum to 1 is not asked.
    """
    _check_distributions(p, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _masked(p, p * (np.log(p) - np.log(q))).sum(axis=-1)


@backward_rule(kl_divergence)
def kl_divergence_backward(upstream: Array, p: Array, q: Array) -> Gradients:
    _check_distributions(p, q)
    seed = upstream[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"p": seed * (np.log(p) - np.log(q) + 1), "q": -seed * _masked(p, p / q)}


def _check_distributions(p: Array, q: Array) -> None:
    _check_probabilities(p, "kl_divergence")
    _check_probabilities(q, "kl_divergence", "q")


@forward_rule("p: ... n, y: ... n -> ...", analytic=True)
def focal(p: Array, y: Array, *, gamma: float = 2.0) -> Array:
    """-sum_i (1 - q_i)^gamma log q_i with q = p where y is 1 and 1 - p where y is 0, p in (0, 1).

    Raises DomainError if some p lies outside of [0, 1].
    """
    _check_probabilities(p, "focal")
    q, miss = _chances(p, y)
    return -(miss**gamma * np.log(q)).sum(axis=-1)


@backward_rule(focal)
def focal_backward(upstream: Array, p: Array, y: Array, *, gamma: float) -> Gradients:
    _check_probabilities(p, "focal")
    q, miss = _chances(p, y)
    by_q = upstream[..., None] * (gamma * miss ** (gamma - 1) * np.log(q) - miss**gamma / q)
    return {"p": by_q * (2 * y - 1), "y": by_q * (2 * p - 1)}


def _chances(p: Array, y: Array) -> tuple[Array, Array]:
    """The probability given to what was the case, and to the other."""
    return y * p + (1 - y) * (1 - p), y * (1 - p) + (1 - y) * p
