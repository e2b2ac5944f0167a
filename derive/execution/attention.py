"""Attention: a softmax of the scores of every query with all keys weights the values."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from derive.execution.linear import linear_backward
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule
from derive.execution.signature import Signature
from derive.execution.softmax import softmax

Gradients = dict[str, Array]
Weights = Callable[[Array], Array]

_THREE = "Q: ... n d, K: ... m d, V: ... m d_v"


def _turned(matrix: Array) -> Array:
    return np.swapaxes(matrix, -1, -2)


def _scale(Q: Array) -> float:
    return float(Q.shape[-1] ** -0.5)


def _average(Q: Array, K: Array, V: Array, factor: float, weights: Weights = softmax) -> Array:
    return weights(factor * (Q @ _turned(K))) @ V


def _average_backward(
    upstream: Array, Q: Array, K: Array, V: Array, factor: float, weights: Weights = softmax
) -> tuple[Array, Array, Array]:
    """The gradients of Q, K and V. A masked key has the weight 0, and so no part in any of them."""
    P = weights(factor * (Q @ _turned(K)))
    dP = upstream @ _turned(V)
    dS = factor * P * (dP - (P * dP).sum(axis=-1, keepdims=True))
    return dS @ K, _turned(dS) @ Q, _turned(P) @ upstream


def _masked_softmax(name: str, M: Array) -> Weights:
    """The softmax over the keys that the mask leaves, exactly 0 for the others."""
    empty = ~M.any(axis=-1)
    if empty.any():
        row = int(np.argwhere(empty)[0][-1])
        raise DomainError(
            f"{name}: the mask leaves row {row} (of {M.shape[-2]}, counted from 0) none of its {M.shape[-1]} "
            "keys, so that its softmax is 0/0; leave each row at least one"
        )

    def weights(scores: Array) -> Array:
        left = np.where(M, scores, -np.inf)
        shifted = np.where(M, scores - left.real.max(axis=-1, keepdims=True), 0)
        shares = np.exp(shifted) * M
        return shares / shares.sum(axis=-1, keepdims=True)

    return weights


def _causal_softmax(scores: Array) -> Array:
    """The softmax over the keys up to the query's own."""
    rows, columns = scores.shape[-2:]
    return _masked_softmax("causal", np.tri(rows, columns, dtype=bool))(scores)


@forward_rule(f"{_THREE} -> ... n d_v", analytic=True)
def dot_product_attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T) V, the softmax over every row."""
    return _average(Q, K, V, 1.0)


@backward_rule(dot_product_attention)
def dot_product_attention_backward(upstream: Array, Q: Array, K: Array, V: Array) -> Gradients:
    return dict(zip("QKV", _average_backward(upstream, Q, K, V, 1.0), strict=True))


@forward_rule(f"{_THREE} -> ... n d_v", analytic=True)
def attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T / sqrt d) V, the softmax over every row."""
    return _average(Q, K, V, _scale(Q))


@backward_rule(attention)
def attention_backward(upstream: Array, Q: Array, K: Array, V: Array) -> Gradients:
    return dict(zip("QKV", _average_backward(upstream, Q, K, V, _scale(Q)), strict=True))


@forward_rule(f"{_THREE}, M: ... n m -> ... n d_v", analytic=True, masks=("M",))
def masked_attention(Q: Array, K: Array, V: Array, M: Array) -> Array:
    """softmax(Q K^T / sqrt d) V over the keys that M leaves. Raises DomainError where a row has none."""
    return _average(Q, K, V, _scale(Q), _masked_softmax("masked_attention", M))


@backward_rule(masked_attention)
def masked_attention_backward(upstream: Array, Q: Array, K: Array, V: Array, M: Array) -> Gradients:
    weights = _masked_softmax("masked_attention", M)
    return dict(zip("QKV", _average_backward(upstream, Q, K, V, _scale(Q), weights), strict=True))


@forward_rule("Q: ... n d, K: ... n d, V: ... n d_v -> ... n d_v", analytic=True)
def causal_attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T / sqrt d) V over the keys up to the query's own."""
    return _average(Q, K, V, _scale(Q), _causal_softmax)


@backward_rule(causal_attention)
def causal_attention_backward(upstream: Array, Q: Array, K: Array, V: Array) -> Gradients:
    return dict(zip("QKV", _average_backward(upstream, Q, K, V, _scale(Q), _causal_softmax), strict=True))


@forward_rule("s: ... d, h: ... m d -> ... d", analytic=True)
def alignment(s: Array, h: Array) -> Array:
    """sum_j softmax(h s)_j h_j."""
    return _average(s[..., None, :], h, h, 1.0)[..., 0, :]


@backward_rule(alignment)
def alignment_backward(upstream: Array, s: Array, h: Array) -> Gradients:
    by_s, by_keys, by_values = _average_backward(upstream[..., None, :], s[..., None, :], h, h, 1.0)
    return {"s": by_s[..., 0, :], "h": by_keys + by_values}


@forward_rule("s: ... d_s, h: ... m d, W: p d_s, U: p d, v: p -> ... d", analytic=True)
def additive_attention(s: Array, h: Array, W: Array, U: Array, v: Array) -> Array:
    """sum_j softmax(v^T tanh(W s + U h_j))_j h_j."""
    shares = softmax(_hidden(s, h, W, U) @ v)
    return (shares[..., None, :] @ h)[..., 0, :]


def _hidden(s: Array, h: Array, W: Array, U: Array) -> Array:
    return np.tanh((s @ W.T)[..., None, :] + h @ U.T)


@backward_rule(additive_attention)
def additive_attention_backward(
    upstream: Array, s: Array, h: Array, W: Array, U: Array, v: Array
) -> Gradients:
    s, h = _with_leading(s, upstream.shape[:-1], 1), _with_leading(h, upstream.shape[:-1], 2)
    t = _hidden(s, h, W, U)
    shares = softmax(t @ v)
    by_shares = (h @ upstream[..., None])[..., 0]
    by_e = shares * (by_shares - (shares * by_shares).sum(axis=-1, keepdims=True))
    by_z = by_e[..., None] * v * (1 - t * t)
    through_s, through_h = _projected_backward(by_z.sum(axis=-2), s, W), _projected_backward(by_z, h, U)
    return {
        "s": through_s[0],
        "h": through_h[0] + shares[..., None] * upstream[..., None, :],
        "W": through_s[1],
        "U": through_h[1],
        "v": by_e.reshape(-1) @ t.reshape(-1, t.shape[-1]),
    }


def _with_leading(array: Array, leading: tuple[int, ...], own: int) -> Array:
    """With all leading axes of the result: what a parameter's gradient is summed over."""
    return np.broadcast_to(array, (*leading, *array.shape[array.ndim - own :]))


def _projected_backward(upstream: Array, X: Array, W: Array) -> tuple[Array, Array]:
    """The gradients of X and W, given that of ``X W^T``."""
    found = linear_backward(upstream, X, W, W)
    return found["x"], found["W"]


def _projections_backward(
    upstream: Array, X: Array, Y: Array, W_Q: Array, W_K: Array, W_V: Array, weights: Weights = softmax
) -> tuple[Array, Array, Array, Array, Array]:
    """The gradients of X, Y, W_Q, W_K and W_V: queries made of X, keys and values of Y."""
    X, Y = (_with_leading(one, upstream.shape[:-2], 2) for one in (X, Y))
    Q, K, V = X @ W_Q.T, Y @ W_K.T, Y @ W_V.T
    dQ, dK, dV = _average_backward(upstream, Q, K, V, _scale(Q), weights)
    of_Q, of_K, of_V = (
        _projected_backward(up, one, W) for up, one, W in ((dQ, X, W_Q), (dK, Y, W_K), (dV, Y, W_V))
    )
    return of_Q[0], of_K[0] + of_V[0], of_Q[1], of_K[1], of_V[1]


def _self(
    upstream: Array, X: Array, W_Q: Array, W_K: Array, W_V: Array, weights: Weights = softmax
) -> Gradients:
    of_X, of_Y, *of_W = _projections_backward(upstream, X, X, W_Q, W_K, W_V, weights)
    return {"X": of_X + of_Y, **dict(zip(("W_Q", "W_K", "W_V"), of_W, strict=True))}


_SELF = "X: ... n D, W_Q: d D, W_K: d D, W_V: d_v D"


@forward_rule(f"{_SELF} -> ... n d_v", analytic=True)
def self_attention(X: Array, W_Q: Array, W_K: Array, W_V: Array) -> Array:
    """softmax(Q K^T / sqrt d) V with Q = X W_Q^T, K = X W_K^T and V = X W_V^T."""
    return attention(X @ W_Q.T, X @ W_K.T, X @ W_V.T)


@backward_rule(self_attention)
def self_attention_backward(upstream: Array, X: Array, W_Q: Array, W_K: Array, W_V: Array) -> Gradients:
    return _self(upstream, X, W_Q, W_K, W_V)


@forward_rule(f"{_SELF} -> ... n d_v", analytic=True)
def causal_self_attention(X: Array, W_Q: Array, W_K: Array, W_V: Array) -> Array:
    """The same over the tokens up to the query's own."""
    return causal_attention(X @ W_Q.T, X @ W_K.T, X @ W_V.T)


@backward_rule(causal_self_attention)
def causal_self_attention_backward(
    upstream: Array, X: Array, W_Q: Array, W_K: Array, W_V: Array
) -> Gradients:
    return _self(upstream, X, W_Q, W_K, W_V, _causal_softmax)


@forward_rule(f"{_SELF}, M: ... n n -> ... n d_v", analytic=True, masks=("M",))
def masked_self_attention(X: Array, W_Q: Array, W_K: Array, W_V: Array, M: Array) -> Array:
    """The same over the tokens that M leaves. Raises DomainError for a row of M without any."""
    weights = _masked_softmax("masked_self_attention", M)
    Q = X @ W_Q.T
    return _average(Q, X @ W_K.T, X @ W_V.T, _scale(Q), weights)


@backward_rule(masked_self_attention)
def masked_self_attention_backward(
    upstream: Array, X: Array, W_Q: Array, W_K: Array, W_V: Array, M: Array
) -> Gradients:
    return _self(upstream, X, W_Q, W_K, W_V, _masked_softmax("masked_self_attention", M))


@forward_rule("X: ... n D, Y: ... m D_y, W_Q: d D, W_K: d D_y, W_V: d_v D_y -> ... n d_v", analytic=True)
def cross_attention(X: Array, Y: Array, W_Q: Array, W_K: Array, W_V: Array) -> Array:
    """softmax(Q K^T / sqrt d) V with Q = X W_Q^T, K = Y W_K^T and V = Y W_V^T."""
    return attention(X @ W_Q.T, Y @ W_K.T, Y @ W_V.T)


@backward_rule(cross_attention)
def cross_attention_backward(
    upstream: Array, X: Array, Y: Array, W_Q: Array, W_K: Array, W_V: Array
) -> Gradients:
    found = _projections_backward(upstream, X, Y, W_Q, W_K, W_V)
    return dict(zip(("X", "Y", "W_Q", "W_K", "W_V"), found, strict=True))


def _heads(X: Array, of: Gradients) -> list[Array]:
    """Queries, keys and values of every head: X W^T, with the bias where there is one."""
    made = []
    for name in "QKV":
        one = X[..., None, :, :] @ _turned(of[f"W_{name}"])
        made.append(one + of[f"b_{name}"][:, None, :] if f"b_{name}" in of else one)
    return made


def _seen(name: str, of: Gradients) -> Weights:
    """The softmax over the keys that each query sees, the same for all heads."""
    if "M" in of:
        return _masked_softmax(name, of["M"][..., None, :, :])
    return _causal_softmax if name.startswith("causal") else softmax


def _enter_heads(name: str, more: str = "", masks: tuple[str, ...] = ()) -> None:
    """Put self-attention in several heads into the table."""
    signature = f"X: ... n D, W_Q: h d D, W_K: h d D, W_V: h d_v D, W_O: D h d_v{more} -> ... n D"
    names = list(Signature.parse(signature).inputs)

    def forward(*arrays: Array) -> Array:
        of = dict(zip(names, arrays, strict=True))
        Q, K, V = _heads(of["X"], of)
        per_head = _average(Q, K, V, _scale(Q), _seen(name, of))
        return np.einsum("...tic,otc->...io", per_head, of["W_O"], optimize=True) + of.get("b_O", 0)

    def backward(upstream: Array, *arrays: Array) -> Gradients:
        of = dict(zip(names, arrays, strict=True))
        X = _with_leading(of["X"], upstream.shape[:-2], 2)
        Q, K, V = _heads(X, of)
        weights = _seen(name, of)
        per_head = _average(Q, K, V, _scale(Q), weights)
        by_head = np.einsum("...io,otc->...tic", upstream, of["W_O"], optimize=True)
        found: Gradients = {"X": np.zeros_like(X)}
        back = _average_backward(by_head, Q, K, V, _scale(Q), weights)
        rows = X.reshape(-1, X.shape[-1])
        for letter, by in zip("QKV", back, strict=True):
            W = of[f"W_{letter}"]
            found["X"] = found["X"] + np.einsum("...tia,tae->...ie", by, W, optimize=True)
            flat = np.moveaxis(by, -3, -2).reshape(len(rows), *W.shape[:2])
            found[f"W_{letter}"] = np.einsum("rta,re->tae", flat, rows, optimize=True)
            found[f"b_{letter}"] = flat.sum(axis=0)
        mixed = np.moveaxis(per_head, -3, -2).reshape(len(rows), *of["W_O"].shape[1:])
        out = upstream.reshape(len(rows), upstream.shape[-1])
        found["W_O"] = np.einsum("ro,rtc->otc", out, mixed, optimize=True)
        found["b_O"] = out.sum(axis=0)
        return {key: found[key] for key in names if key not in masks}

    taken = [inspect.Parameter(one, inspect.Parameter.POSITIONAL_OR_KEYWORD) for one in names]
    forward.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    backward_rule(name)(backward)
    forward_rule(signature, analytic=True, masks=masks, name=name)(forward)


_enter_heads("multi_head_attention")
_enter_heads("multi_head_attention_biases", ", b_Q: h d, b_V: h d_v, b_O: D")
_enter_heads("causal_multi_head_attention")
_enter_heads("masked_multi_head_attention", ", M: ... n n", masks=("M",))


@forward_rule("Q: ... G r n d, K: ... G m d, V: ... G m d_v -> ... G r n d_v", analytic=True)
def grouped_query_attention(Q: Array, K: Array, V: Array) -> Array:
    """softmax(Q K^T / sqrt d) V for every head of a group, K and V being the group's."""
    return attention(Q, K[..., None, :, :], V[..., None, :, :])


@backward_rule(grouped_query_attention)
def grouped_query_attention_backward(upstream: Array, Q: Array, K: Array, V: Array) -> Gradients:
    dQ, dK, dV = _average_backward(upstream, Q, K[..., None, :, :], V[..., None, :, :], _scale(Q))
    return {"Q": dQ, "K": dK.sum(axis=-3), "V": dV.sum(axis=-3)}
