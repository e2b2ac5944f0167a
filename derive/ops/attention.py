"""Attention: queries look up values by the similarity of keys."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import Definition, axes, defines
from derive.ops.softmax import let_partition, share
from derive.tensor.nodes import Sum


def _attention(define: Definition, scaled: bool) -> None:
    """``O = softmax(S) V`` with one row of scores ``S = Q K^T`` for every query."""
    (i,), (j, l), (a,), (c,) = axes("i", "n"), axes("j l", "m"), axes("a", "d"), axes("c", "d_v")
    Q = define.input("Q", i, a, meaning="the queries, one in each row")
    K = define.input("K", j, a, meaning="the keys, one in each row")
    V = define.input("V", j, c, meaning="the values, one in each row, as many as keys")
    scale = sp.sqrt(a.size) if scaled else sp.S.One
    S = define.let("S", Sum(Q[i, a] * K[j, a], a) / scale, i, j, keep=True)
    Z = let_partition(define, S, l, i)
    P = define.let("P", share(S, Z, j, i), i, j)
    define.let("O", Sum(P[i, j] * V[j, c], j), i, c)


@defines("attention", "Luong, Pham, Manning (2015), equations 7 and 8, the score 'dot'")
def dot_product_attention(define: Definition) -> None:
    """Averages the values with weights that are the softmax of the products of query and keys.

    The scores are not scaled; :func:`attention` divides them by the root of the width.
    """
    _attention(define, scaled=False)


@defines("attention", "Vaswani et al. (2017), equation 1")
def attention(define: Definition) -> None:
    """Scaled dot-product attention: softmax(Q K^T / sqrt d) V, the softmax over each row.

    d is the width of a query and of a key, d_k in the paper; S is after the division, so that its gradient is
    that of the softmax's own input. Without a mask and for one head.
    """
    _attention(define, scaled=True)
