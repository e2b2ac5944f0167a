"""Losses: a prediction and a target in, one number out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from derive.ops.activations import logistic
from derive.ops.definition import (
    BINARY,
    PROBABILITY,
    PROBABILITY_VECTOR,
    TARGET,
    Definition,
    axes,
    defines,
)
from derive.ops.softmax import let_partition, share
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor

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


def log_likelihood(y: sp.Expr, p: sp.Expr) -> sp.Expr:
    """Of a yes-or-no outcome ``y`` whose probability is ``p``."""
    return y * sp.log(p) + (1 - y) * sp.log(1 - p)


def logistic_loss(define: Definition, z: Tensor, y: Tensor, over: Index) -> sp.Expr:
    """Minus the log-likelihood of outcomes ``y`` whose probabilities are the sigmoids of scores ``z``."""
    sigma = define.let("sigma", logistic(z[over]), over)
    return -Sum(log_likelihood(y[over], sigma[over]), over)


@defines("loss", f"{_SOURCE}, section 6.2.2.2")
def binary_cross_entropy(define: Definition) -> None:
    """The negative log-likelihood of independent yes-or-no outcomes, summed over them.

    PyTorch's default divides by their number.
    """
    (i,) = axes("i", "n")
    p = define.input("p", i, meaning="the predicted probabilities", domain=PROBABILITY)
    y = define.input("y", i, meaning="the targets, 0 or 1 or between", domain=TARGET)
    define.let("L", -Sum(log_likelihood(y[i], p[i]), i))


@defines("loss", f"{_SOURCE}, section 6.2.2.2")
def binary_cross_entropy_logits(define: Definition) -> None:
    """The binary cross-entropy of the sigmoid of a score, summed over the outcomes.

    PyTorch's default divides by their number.
    """
    (i,) = axes("i", "n")
    z = define.input("z", i, meaning="the scores before the sigmoid")
    y = define.input("y", i, meaning="the targets, 0 or 1 or between", domain=TARGET)
    define.let("L", logistic_loss(define, z, y, i))


@defines("loss", f"{_SOURCE}, equation 6.30")
def cross_entropy(define: Definition) -> None:
    """The cross-entropy of a target distribution with the softmax of the scores.

    The target is one-hot or soft; its entries sum to 1, and the gradient s - y holds because of that.
    """
    i, j = axes("i j", "n")
    z = define.input("z", i, meaning="the scores, also called logits")
    y = define.input("y", i, meaning="the target distribution", domain=PROBABILITY_VECTOR)
    Z = let_partition(define, z, j)
    s = define.let("s", share(z, Z, i), i)
    define.let("L", -Sum(y[i] * sp.log(s[i]), i))


@defines("loss", f"{_SOURCE}, equation 6.30")
def cross_entropy_index(define: Definition) -> None:
    """The cross-entropy with the softmax of the scores where the target is the index of one class."""
    i, j = axes("i j", "n")
    z = define.input("z", i, meaning="the scores, also called logits")
    c = define.class_index("c", i, meaning="the index of the right class")
    Z = let_partition(define, z, j)
    s = define.let("s", share(z, Z, i), i)
    define.let("L", -sp.log(s[c]))


def _smoothed(name: str, doc: str, source: str, smooth: Callable[..., sp.Expr]) -> None:
    """Cross-entropy with a target of which a part is spread over the classes."""

    def build(define: Definition) -> None:
        i, j = axes("i j", "n")
        z = define.input("z", i, meaning="the scores, also called logits")
        y = define.input("y", i, meaning="the target distribution", domain=PROBABILITY_VECTOR)
        eps = define.setting("eps", Fraction(1, 10))
        t = define.let("t", smooth(y[i], eps, i.size), i)
        Z = let_partition(define, z, j)
        s = define.let("s", share(z, Z, i), i)
        define.let("L", -Sum(t[i] * sp.log(s[i]), i))

    build.__doc__ = doc
    defines("loss", source, name)(build)


_smoothed(
    "label_smoothing",
    """Cross-entropy with softmax where a part eps of the target is spread evenly over all n classes.

    The right class keeps 1 - eps + eps/n, as in the paper and in PyTorch;
    :func:`label_smoothing_others` spreads it over the other classes only.
    """,
    "Szegedy et al. (2016), section 7",
    lambda y, eps, n: (1 - eps) * y + eps / n,
)
_smoothed(
    "label_smoothing_others",
    """Cross-entropy with softmax where a part eps of the target is spread over the n - 1 other classes.

    The right class keeps 1 - eps; :func:`label_smoothing` lets it share in what is spread. There are at least
    two classes.
    """,
    "Goodfellow, Bengio, Courville, Deep Learning (2016), section 7.5.1",
    lambda y, eps, n: (1 - eps) * y + eps / (n - 1) * (1 - y),
)


@defines("loss", f"{_SOURCE}, equation 3.50", sign=r"D_{\mathrm{KL}}")
def kl_divergence(define: Definition) -> None:
    """How much longer messages from p get with a code made for q: the sum of p log(p/q), in nats.

    The gradients take all entries as free; along the simplex only their differences count, so that by p the 1
    may be left out. PyTorch's kl_div takes log q first and p second.
    """
    (i,) = axes("i", "n")
    p = define.input("p", i, meaning="the distribution that is", domain=PROBABILITY_VECTOR)
    q = define.input("q", i, meaning="the distribution that is assumed", domain=PROBABILITY_VECTOR)
    define.let("D", Sum(p[i] * sp.log(p[i] / q[i]), i))


@defines("loss", "Lin et al. (2017), equations 2 and 4")
def focal(define: Definition) -> None:
    """The binary cross-entropy with less weight on what is already right, summed over the outcomes.

    q is the probability that the prediction gives to what was the case, p_t in the paper. With gamma = 0 it
    is the binary cross-entropy. Their equation 5 has a weight alpha for each class besides.
    """
    (i,) = axes("i", "n")
    p = define.input("p", i, meaning="the predicted probabilities", domain=PROBABILITY)
    y = define.input("y", i, meaning="the targets, 0 or 1", domain=BINARY)
    gamma = define.setting("gamma", 2)
    q = define.let("q", y[i] * p[i] + (1 - y[i]) * (1 - p[i]), i)
    define.let("L", -Sum((1 - q[i]) ** gamma * sp.log(q[i]), i))
