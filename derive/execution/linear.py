"""Products of matrices and vectors. Vectors run along the last axis, matrices along the last two."""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule

Gradients = dict[str, Array]


@forward_rule("A: ... m n, x: ... n -> ... m", analytic=True)
def matvec(A: Array, x: Array) -> Array:
    """A x."""
    # One matrix for the whole batch is one matrix product instead of many small ones.
    return x @ A.T if A.ndim == 2 else (A @ x[..., None])[..., 0]


@backward_rule(matvec)
def matvec_backward(upstream: Array, A: Array, x: Array) -> Gradients:
    return {"A": _outer(upstream, x, A.ndim), "x": matvec(np.swapaxes(A, -1, -2), upstream)}


@forward_rule("x: ... n, W: m n, b: m -> ... m", analytic=True)
def linear(x: Array, W: Array, b: Array) -> Array:
    """x W^T + b: a fully connected layer, W of shape (out_features, in_features) as in PyTorch."""
    return x @ W.T + b


@backward_rule(linear)
def linear_backward(upstream: Array, x: Array, W: Array, b: Array) -> Gradients:
    # The gradient of b is the upstream summed over the batch, which `backward` does for anything broadcast.
    return {"x": upstream @ W, "W": _outer(upstream, x, W.ndim), "b": upstream}


@forward_rule("x: ... n, W: m n, b: m -> ... m", analytic=True)
def affine(x: Array, W: Array, b: Array) -> Array:
    """W x + b, a fully connected layer on one column; leading axes make it `linear`."""
    return linear(x, W, b)


@backward_rule(affine)
def affine_backward(upstream: Array, x: Array, W: Array, b: Array) -> Gradients:
    return linear_backward(upstream, x, W, b)


@forward_rule("x: ... n, A: ... n n -> ...", analytic=True)
def quadratic_form(x: Array, A: Array) -> Array:
    """x^T A x; A need not be symmetric."""
    return (x * matvec(A, x)).sum(axis=-1)


@backward_rule(quadratic_form)
def quadratic_form_backward(upstream: Array, x: Array, A: Array) -> Gradients:
    scaled = upstream[..., None] * x
    return {"x": matvec(A + np.swapaxes(A, -1, -2), scaled), "A": _outer(scaled, x, A.ndim)}


def _outer(left: Array, right: Array, axes: int) -> Array:
    """left right^T; for a single matrix (two axes) summed over the batch, which both then have in full."""
    if axes > 2:
        return left[..., :, None] * right[..., None, :]
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])
