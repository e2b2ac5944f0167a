"""Softmax and its relatives, over one axis."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import Definition, axes, defines
from derive.tensor.nodes import Sum

_SOURCE = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


@defines("softmax", f"{_SOURCE}, equation 6.29")
def softmax(define: Definition) -> None:
    """Turns scores into probabilities: positive numbers that sum to 1."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="the scores, also called logits")
    Z = define.let("Z", Sum(sp.exp(x[j]), j))
    define.let("s", sp.exp(x[i]) / Z(), i)


@defines("softmax", f"{_SOURCE}, equation 6.30")
def log_softmax(define: Definition) -> None:
    """The logarithm of the softmax, without the underflow."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="the scores, also called logits")
    Z = define.let("Z", Sum(sp.exp(x[j]), j))
    define.let("y", x[i] - sp.log(Z()), i)
    define.let_aside("s", sp.exp(x[i]) / Z(), i)


@defines("softmax", f"{_SOURCE}, section 6.2.2.3")
def log_sum_exp(define: Definition) -> None:
    """A smooth maximum: the logarithm of the sum of the exponentials; its gradient is the softmax."""
    i, j = axes("i j", "n")
    x = define.input("x", i, meaning="any numbers")
    Z = define.let("Z", Sum(sp.exp(x[j]), j))
    define.let("y", sp.log(Z()))
    define.let_aside("s", sp.exp(x[i]) / Z(), i)
