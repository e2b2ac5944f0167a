"""Softmax and its relatives, over one axis."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor

_SOURCE = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


def let_partition(define: Definition, x: Tensor, over: Index, *rows: Index) -> Tensor:
    """``Z``: the sum of the exponentials of the scores over one index, for each row."""
    return define.let("Z", Sum(sp.exp(x[(*rows, over)]), over), *rows)


def share(x: Tensor, Z: Tensor, at: Index, *rows: Index) -> sp.Expr:
    """``e^{x_i} / Z``: what one score has of the whole."""
    return sp.exp(x[(*rows, at)]) / Z[rows]


@defines("softmax", f"{_SOURCE}, equation 6.29")
def softmax(define: Definition) -> None:
    """Turns scores into probabilities: positive numbers that sum to 1."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="the scores, also called logits")
    Z = let_partition(define, x, j)
    define.let("s", share(x, Z, i), i)


@defines("softmax", f"{_SOURCE}, equation 6.30")
def log_softmax(define: Definition) -> None:
    """The logarithm of the softmax, without the underflow."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="the scores, also called logits")
    Z = let_partition(define, x, j)
    define.let("y", x[i] - sp.log(Z()), i)
    define.let_aside("s", share(x, Z, i), i)


@defines("softmax", f"{_SOURCE}, section 6.2.2.3")
def log_sum_exp(define: Definition) -> None:
    """A smooth maximum: the logarithm of the sum of the exponentials; its gradient is the softmax."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="any numbers")
    Z = let_partition(define, x, j)
    define.let("y", sp.log(Z()))
    define.let_aside("s", share(x, Z, i), i)
