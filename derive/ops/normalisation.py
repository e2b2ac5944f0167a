"""Normalisation: numbers made to have mean 0 and variance 1 (or mean square 1), then scaled and shifted."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.definition import NONNEGATIVE, Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor

_BATCH_NORM = "Ioffe and Szegedy (2015), algorithm 1"
_EPS = Fraction(1, 100_000)


def _batch(define: Definition) -> tuple[Tensor, Index, Index]:
    """A batch of rows, and its two indices."""
    (b,), (j,) = axes("b", "B"), axes("j", "n")
    return define.input("x", b, j, meaning="a batch of inputs, one in each row"), b, j


def _scale(define: Definition, j: Index) -> Tensor:
    return define.input("gamma", j, meaning="the scale, one for each feature", parameter=True)


def _shift(define: Definition, j: Index) -> Tensor:
    return define.input("beta", j, meaning="the shift, one for each feature", parameter=True)


def _inverse_root(value: sp.Expr) -> sp.Expr:
    return value ** sp.Rational(-1, 2)


def _standardised(define: Definition, x: Tensor, b: Index, j: Index, over: Index) -> Tensor:
    """``xhat``: x less its mean, times one over its standard deviation, both taken over one index."""
    kept, extent, eps = j if over is b else b, over.size, define.setting("eps", _EPS)
    mu = define.let("mu", Sum(x[b, j], over) / extent, kept)
    v = define.let("v", Sum((x[b, j] - mu[kept]) ** 2, over) / extent, kept)
    r = define.let("r", _inverse_root(v[kept] + eps), kept)
    return define.let("xhat", (x[b, j] - mu[kept]) * r[kept], b, j)


@defines("normalisation", _BATCH_NORM)
def batch_norm(define: Definition) -> None:
    """Normalises every feature over the batch, as in training.

    The variance divides by B and not by B - 1, as in the paper and as PyTorch does while training (its
    running variance divides by B - 1). The factor 1/sqrt(v + eps) is called r; others call sqrt(v + eps)
    the standard deviation.
    """
    x, b, j = _batch(define)
    gamma, beta = _scale(define, j), _shift(define, j)
    xhat = _standardised(define, x, b, j, over=b)
    define.let("y", gamma[j] * xhat[b, j] + beta[j], b, j)


@defines("normalisation", "Ioffe and Szegedy (2015), algorithm 2, step 11")
def batch_norm_eval(define: Definition) -> None:
    """Batch normalisation in evaluation: with a mean and a variance that were collected in training.

    These are data here, not computed from the batch, so each entry is normalised by itself.
    """
    x, b, j = _batch(define)
    gamma, beta = _scale(define, j), _shift(define, j)
    mu = define.input("mu", j, meaning="the running mean, one for each feature")
    v = define.input("v", j, meaning="the running variance, one for each feature", domain=NONNEGATIVE)
    r = define.let("r", _inverse_root(v[j] + define.setting("eps", _EPS)), j)
    xhat = define.let("xhat", (x[b, j] - mu[j]) * r[j], b, j)
    define.let("y", gamma[j] * xhat[b, j] + beta[j], b, j)


@defines("normalisation", "Ba, Kiros, Hinton (2016), equations 3 and 4")
def layer_norm(define: Definition) -> None:
    """Normalises every row over its own features, so that rows do not depend on each other.

    The variance divides by n, and eps stands under the root, as in PyTorch.
    """
    x, b, j = _batch(define)
    gamma, beta = _scale(define, j), _shift(define, j)
    xhat = _standardised(define, x, b, j, over=j)
    define.let("y", gamma[j] * xhat[b, j] + beta[j], b, j)


@defines("normalisation", "Zhang and Sennrich (2019), equation 4", sign=r"\operatorname{RMSNorm}")
def rms_norm(define: Definition) -> None:
    """Divides every row by its root mean square; no mean is taken away and nothing is added.

    eps stands under the root, as in PyTorch and Llama; the paper has none.
    """
    x, b, j = _batch(define)
    gamma = _scale(define, j)
    q = define.let("q", Sum(x[b, j] ** 2, j) / j.size, b)
    r = define.let("r", _inverse_root(q[b] + define.setting("eps", _EPS)), b)
    xhat = define.let("xhat", x[b, j] * r[b], b, j)
    define.let("y", gamma[j] * xhat[b, j], b, j)
