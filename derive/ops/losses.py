"""Losses: a prediction and a target in, one number out."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from derive.ops.definition import (
    PROBABILITY,
    PROBABILITY_VECTOR,
    TARGET,
    Definition,
    axes,
    defines,
)
from derive.tensor.nodes import Sum

_SOURCE = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


def _squared_error(name: str, doc: str, factor: Callable[[sp.Expr], sp.Expr]) -> None:
    """The four usual scalings of the squared error: the same sum, another factor in front."""

    def build(define: Definition) -> None:
        (i,) = axes("i", "n")
        yhat = define.input("yhat", i, meaning="the prediction")
        y = define.input("y", i, meaning="the target")
        define.let("L", factor(i.size) * Sum((yhat[i] - y[i]) ** 2, i))

    build.__doc__ = doc
    defines("loss", f"{_SOURCE}, equation 5.4", name)(build)


_squared_error("squared_error", "The sum of the squared differences.", lambda n: sp.S.One)
_squared_error(
    "half_squared_error", "Half the sum of the squared differences; the 2 cancels.", lambda n: sp.S.Half
)
_squared_error("mean_squared_error", "The mean of the squared differences.", lambda n: 1 / n)
_squared_error("half_mean_squared_error", "Half the mean of the squared differences.", lambda n: 1 / (2 * n))


@defines("loss", f"{_SOURCE}, section 6.2.2.2")
def binary_cross_entropy(define: Definition) -> None:
    """The negative log-likelihood of independent yes-or-no outcomes, summed over them.

    PyTorch's default divides by their number.
    """
    (i,) = axes("i", "n")
    p = define.input("p", i, meaning="the predicted probabilities", domain=PROBABILITY)
    y = define.input("y", i, meaning="the targets, 0 or 1 or between", domain=TARGET)
    define.let("L", -Sum(y[i] * sp.log(p[i]) + (1 - y[i]) * sp.log(1 - p[i]), i))


@defines("loss", f"{_SOURCE}, section 6.2.2.2")
def binary_cross_entropy_logits(define: Definition) -> None:
    """The binary cross-entropy of the sigmoid of a score, summed over the outcomes.

    PyTorch's default divides by their number.
    """
    (i,) = axes("i", "n")
    z = define.input("z", i, meaning="the scores before the sigmoid")
    y = define.input("y", i, meaning="the targets, 0 or 1 or between", domain=TARGET)
    sigma = define.let("sigma", 1 / (1 + sp.exp(-z[i])), i)
    define.let("L", -Sum(y[i] * sp.log(sigma[i]) + (1 - y[i]) * sp.log(1 - sigma[i]), i))


@defines("loss", f"{_SOURCE}, equation 6.30")
def cross_entropy(define: Definition) -> None:
    """The cross-entropy of a target distribution with the softmax of the scores.

    The target is one-hot or soft; its entries sum to 1, and the gradient s - y holds because of that.
    """
    i, j = axes("i j", "n")
    z = define.input("z", i, meaning="the scores, also called logits")
    y = define.input("y", i, meaning="the target distribution", domain=PROBABILITY_VECTOR)
    Z = define.let("Z", Sum(sp.exp(z[j]), j))
    s = define.let("s", sp.exp(z[i]) / Z(), i)
    define.let("L", -Sum(y[i] * sp.log(s[i]), i))


@defines("loss", f"{_SOURCE}, equation 6.30")
def cross_entropy_index(define: Definition) -> None:
    """The cross-entropy with the softmax of the scores where the target is the index of one class."""
    i, j = axes("i j", "n")
    z = define.input("z", i, meaning="the scores, also called logits")
    c = define.class_index("c", i, meaning="the index of the right class")
    Z = define.let("Z", Sum(sp.exp(z[j]), j))
    s = define.let("s", sp.exp(z[i]) / Z(), i)
    define.let("L", -sp.log(s[c]))
