"""What moves entries without computing with them, and positions added to tokens."""

from __future__ import annotations

import numpy as np

from derive.execution.linear import linear_backward
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule
from derive.execution.signature import ExecutionError

Gradients = dict[str, Array]
Sizes = dict[str, int]


def _flat(name: str, of: Sizes) -> Sizes:
    return {"n": of["C"] * of["H"] * of["W"]}


@forward_rule("x: ... C H W -> ... n", analytic=True, sizes=_flat)
def flatten(x: Array) -> Array:
    """Channels, rows and columns in one row, the last index running fastest."""
    return x.reshape(*x.shape[:-3], int(np.prod(x.shape[-3:]))).copy()


@backward_rule(flatten)
def flatten_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream.reshape(x.shape)}


def _rows(name: str, of: Sizes, rows: int) -> Sizes:
    n, m = of["n"], of["m"]
    if n * m % rows:
        raise ExecutionError(
            f"{name}: {n} x {m} are {n * m} entries, which {rows} rows do not share evenly; rows has to "
            f"divide {n * m}"
        )
    return {"p": rows, "q": n * m // rows}


@forward_rule("x: ... n m -> ... p q", analytic=True, sizes=_rows)
def reshape(x: Array, *, rows: int = 1) -> Array:
    """The same entries in the same order in another number of rows."""
    return x.reshape(*x.shape[:-2], rows, x.shape[-2] * x.shape[-1] // rows).copy()


@backward_rule(reshape)
def reshape_backward(upstream: Array, x: Array, *, rows: int) -> Gradients:
    return {"x": upstream.reshape(x.shape)}


def _beside(name: str, of: Sizes) -> Sizes:
    return {"p": of["n"] + of["m"]}


@forward_rule("x: ... n, z: ... m -> ... p", analytic=True, sizes=_beside)
def concatenation(x: Array, z: Array) -> Array:
    """The columns of x, then those of z."""
    leading = np.broadcast_shapes(x.shape[:-1], z.shape[:-1])
    return np.concatenate([np.broadcast_to(one, (*leading, one.shape[-1])) for one in (x, z)], axis=-1)


@backward_rule(concatenation)
def concatenation_backward(upstream: Array, x: Array, z: Array) -> Gradients:
    first, second = np.split(upstream, [x.shape[-1]], axis=-1)
    return {"x": first, "z": second}


@forward_rule("x: ... n, f: ... m, W_s: m n -> ... m", analytic=True)
def residual_projection(x: Array, f: Array, W_s: Array) -> Array:
    """f + x W_s^T."""
    return f + x @ W_s.T


@backward_rule(residual_projection)
def residual_projection_backward(upstream: Array, x: Array, f: Array, W_s: Array) -> Gradients:
    every = np.broadcast_to(x, (*upstream.shape[:-1], x.shape[-1]))
    found = linear_backward(upstream, every, W_s, upstream)
    return {"x": found["x"], "f": upstream, "W_s": found["W"]}


def _larger(name: str, of: Sizes, factor: int) -> Sizes:
    return {"p": factor * of["H"], "q": factor * of["W"]}


@forward_rule("x: ... H W -> ... p q", analytic=True, sizes=_larger)
def nearest_upsampling(x: Array, *, factor: int = 2) -> Array:
    """Every entry repeated along rows and columns."""
    return x.repeat(factor, axis=-2).repeat(factor, axis=-1)


@backward_rule(nearest_upsampling)
def nearest_upsampling_backward(upstream: Array, x: Array, *, factor: int) -> Gradients:
    *leading, H, W = x.shape
    return {"x": upstream.reshape(*leading, H, factor, W, factor).sum(axis=(-3, -1))}


@forward_rule("E: V d, c: ... T -> ... T d", analytic=True, integers=("c",))
def embedding(E: Array, c: Array) -> Array:
    """Row c_t of E for every token. Raises DomainError for a token that is no row's number."""
    _check_rows(E, c)
    return E[c]


@backward_rule(embedding)
def embedding_backward(upstream: Array, E: Array, c: Array) -> Gradients:
    gradient = np.zeros_like(E, dtype=upstream.dtype)
    np.add.at(gradient, c, upstream)  # a token that occurs twice adds twice
    return {"E": gradient}


def _check_rows(E: Array, c: Array) -> None:
    if ((c < 0) | (c >= len(E))).any():
        worst = int(c[(c < 0) | (c >= len(E))][0])
        raise DomainError(
            f"embedding: there is a token {worst}; the table has {len(E)} rows, numbered 0 to {len(E) - 1}"
        )


@forward_rule("x: ... n d -> ... n d", analytic=True)
def positional_encoding(x: Array, *, base: float = 10000.0) -> Array:
    """x with sin(p / base^{2i/d}) added in column 2i and the cosine of the same angle in column 2i + 1."""
    n, d = x.shape[-2:]
    angles = np.arange(n)[:, None] / base ** (np.arange(0, d, 2) / d)
    encoding = np.empty((n, d))
    encoding[:, 0::2] = np.sin(angles)
    encoding[:, 1::2] = np.cos(angles[:, : d // 2])
    return x + encoding


@backward_rule(positional_encoding)
def positional_encoding_backward(upstream: Array, x: Array, *, base: float) -> Gradients:
    return {"x": upstream}
