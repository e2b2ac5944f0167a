"""Normal distributions with a full covariance matrix: inverse and determinant.

Gradients by the covariance take its entries as independent numbers, as PyTorch does; for a symmetric matrix
that is the gradient to step along.
"""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import POSITIVE_DEFINITE, Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Inverse, LogDet, Sum, Tensor


def _covariance(define: Definition, name: str, i: Index, j: Index, whose: str) -> Tensor:
    return define.input(name, i, j, meaning=f"the covariance of {whose}", domain=POSITIVE_DEFINITE)


def _squared_distance(P: Tensor, u: Tensor, i: Index, j: Index) -> sp.Expr:
    """``u^T P u``."""
    return Sum(u[i] * P[i, j] * u[j], i, j)


@defines("loss", "Bishop, Pattern Recognition and Machine Learning (2006), equation 2.43")
def gaussian_nll_full(define: Definition) -> None:
    """The negative log-likelihood of one outcome under a normal distribution with a full covariance.

    S is the covariance and P its inverse; L = (n log 2 pi + log det S + (y - mu)^T P (y - mu)) / 2.
    """
    i, j = axes("i j", "n")
    y = define.input("y", i, meaning="what was observed")
    mu = define.input("mu", i, meaning="the mean")
    S = _covariance(define, "S", i, j, "the outcome")
    P = define.let("P", Inverse(S, i, j), i, j)
    u = define.let("u", y[i] - mu[i], i)
    define.let("L", (i.size * sp.log(2 * sp.pi) + LogDet(S) + _squared_distance(P, u, i, j)) / 2)


@defines("loss", "Duchi (2007), Derivations for linear algebra and optimization", sign=r"D_{\mathrm{KL}}")
def gaussian_kl_full(define: Definition) -> None:
    """The Kullback-Leibler divergence of one normal distribution from another, both with full covariances.

    ``(log det S_2 - log det S_1 + tr(S_2^{-1} S_1) + (mu_2 - mu_1)^T S_2^{-1} (mu_2 - mu_1) - n) / 2``.
    """
    i, j = axes("i j", "n")
    mu_1 = define.input("mu_1", i, meaning="the mean of the true one")
    S_1 = _covariance(define, "S_1", i, j, "the true one")
    mu_2 = define.input("mu_2", i, meaning="the mean of the assumed one")
    S_2 = _covariance(define, "S_2", i, j, "the assumed one")
    P = define.let("P", Inverse(S_2, i, j), i, j)
    u = define.let("u", mu_2[i] - mu_1[i], i)
    trace = Sum(P[i, j] * S_1[j, i], i, j)
    distance = _squared_distance(P, u, i, j)
    define.let("D", (LogDet(S_2) - LogDet(S_1) + trace + distance - i.size) / 2)
