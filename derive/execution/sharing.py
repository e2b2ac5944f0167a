"""Parameters that stand in several places."""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule

Gradients = dict[str, Array]


@forward_rule("A: ... n m, c: ... m -> ... n", analytic=True)
def shared_weights(A: Array, c: Array) -> Array:
    """A c, a centroid for each row of A."""
    return np.einsum("...nm,...m->...n", A, c)


@backward_rule(shared_weights)
def shared_weights_backward(upstream: Array, A: Array, c: Array) -> Gradients:
    return {
        "A": upstream[..., :, None] * c[..., None, :],
        "c": np.einsum("...nm,...n->...m", A, upstream),
    }


@forward_rule("x: ... n, W: m n -> ...", analytic=True)
def tied_autoencoder(x: Array, W: Array) -> Array:
    """|W^T W x - x|^2 / 2."""
    return ((x @ W.T @ W - x) ** 2).sum(axis=-1) / 2


@backward_rule(tied_autoencoder)
def tied_autoencoder_backward(upstream: Array, x: Array, W: Array) -> Gradients:
    code = x @ W.T
    r = upstream[..., None] * (code @ W - x)
    by_code = r @ W.T
    flat = [one.reshape(-1, one.shape[-1]) for one in (code, r, by_code, np.broadcast_to(x, r.shape))]
    return {"x": by_code @ W - r, "W": flat[0].T @ flat[1] + flat[2].T @ flat[3]}
