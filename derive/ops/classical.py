"""Models that were there before: linear, logistic and softmax regression, moments of a sample.

A row of X is one example. A bias is a weight for a column of ones, ``x_0 = 1``, in whatever order the weights
are written.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.activations import logistic
from derive.ops.definition import PROBABILITY_VECTOR, TARGET, Definition, axes, defines
from derive.ops.linear import affine_map
from derive.ops.losses import log_likelihood
from derive.ops.normalisation import moments
from derive.ops.softmax import let_partition, share
from derive.tensor.index import Index
from derive.tensor.nodes import Access, Bracket, Inverse, Sum, Tensor

_BISHOP = "Bishop, Pattern Recognition and Machine Learning (2006)"


def _examples(define: Definition) -> tuple[Tensor, Tensor, Index, Index]:
    (b,), (i,) = axes("b", "B"), axes("i", "n")
    X = define.input("X", b, i, meaning="the examples, one in each row")
    y = define.input("y", b, meaning="their targets")
    return X, y, b, i


def _fit_tall(define: Definition) -> None:
    """More examples than features, in numbers that are prime: else ``X^T X`` has no inverse."""
    for B, n in ((5, 3), (11, 5), (7, 2)):
        define.trial(B=B, n=n)


def _squared_residuals(define: Definition) -> tuple[sp.Expr, Access]:
    """The sum of the squared residuals of a linear model, and an entry of its weights."""
    X, y, b, i = _examples(define)
    theta = define.input("theta", i, meaning="the weights", parameter=True)
    r = define.let("r", Sum(X[b, i] * theta[i], i) - y[b], b)
    return Sum(r[b] ** 2, b), theta[i]


@defines("classical", f"{_BISHOP}, equation 3.12")
def linear_regression_loss(define: Definition) -> None:
    """Half the sum of the squared residuals of a linear model; its gradient is X^T (X theta - y).

    Put to 0 that is the normal equations, of which :func:`linear_regression` is the solution.
    """
    squared, _ = _squared_residuals(define)
    define.let("L", squared / 2)


@defines("classical", f"{_BISHOP}, equation 3.27")
def ridge_loss(define: Definition) -> None:
    """Half the sum of the squared residuals, and half the squared weights times a strength alpha.

    The strength is also called lambda. A bias that is to stay free has to be left out of the weights.
    """
    squared, weight = _squared_residuals(define)
    define.let(
        "L", (squared + define.setting("alpha", Fraction(1, 10)) * Sum(weight**2, *weight.indices)) / 2
    )


def _solve(define: Definition, X: Tensor, y: Tensor, b: Index, gram: sp.Expr, i: Index, j: Index) -> None:
    """``theta = P X^T y`` with ``P`` the inverse of the Gram matrix."""
    G = define.let("G", gram, i, j)
    P = define.let("P", Inverse(G, i, j), i, j)
    c = define.let("c", Sum(X[b, i] * y[b], b), i)
    define.let("theta", Sum(P[i, j] * c[j], j), i)


def _gram(X: Tensor, b: Index, i: Index, j: Index) -> sp.Expr:
    return Sum(X[b, i] * X[b, j], b)


@defines("classical", f"{_BISHOP}, equation 3.15")
def linear_regression(define: Definition) -> None:
    """The weights of least squares by the normal equations: theta = (X^T X)^{-1} X^T y.

    The columns of X have to be independent, so that there are at least as many examples as weights.
    """
    X, y, b, i = _examples(define)
    (j,) = axes("j", "n")
    _fit_tall(define)
    _solve(define, X, y, b, _gram(X, b, i, j), i, j)


@defines("classical", f"Hoerl and Kennard (1970); {_BISHOP}, equation 3.28")
def ridge_regression(define: Definition) -> None:
    """The weights of least squares with a penalty: theta = (X^T X + alpha I)^{-1} X^T y, for any X."""
    X, y, b, i = _examples(define)
    (j,) = axes("j", "n")
    alpha = define.setting("alpha", Fraction(1, 10))
    _solve(define, X, y, b, _gram(X, b, i, j) + alpha * Bracket(i - j), i, j)


@defines("classical", f"{_BISHOP}, equations 4.90 and 4.91")
def logistic_regression_loss(define: Definition) -> None:
    """The cross-entropy of a linear model behind a sigmoid, summed over the examples.

    Its gradient is X^T (sigma - y), of the same form as that of linear regression.
    """
    (b,), (i,) = axes("b", "B"), axes("i", "n")
    X = define.input("X", b, i, meaning="the examples, one in each row")
    y = define.input("y", b, meaning="their classes, 0 or 1", domain=TARGET)
    theta = define.input("theta", i, meaning="the weights", parameter=True)
    z = define.let("z", Sum(X[b, i] * theta[i], i), b, keep=True)
    sigma = define.let("sigma", logistic(z[b]), b)
    define.let("L", -Sum(log_likelihood(y[b], sigma[b]), b))


@defines("classical", f"{_BISHOP}, equations 4.108 and 4.109")
def softmax_regression_loss(define: Definition) -> None:
    """The cross-entropy of a linear model behind a softmax, summed over the examples.

    W has one row for each class. Its gradient is (S - Y)^T X.
    """
    (b,), (i,), (j, k) = axes("b", "B"), axes("i", "n"), axes("j k", "m")
    X = define.input("X", b, i, meaning="the examples, one in each row")
    Y = define.input("Y", b, j, meaning="their classes, one-hot in each row", domain=PROBABILITY_VECTOR)
    W = define.input("W", j, i, meaning="the weights, a row for each class", parameter=True)
    bias = define.input("b", j, meaning="the bias, one for each class", parameter=True)
    x: Access = X[b, i]
    A = define.let("A", affine_map(W, x, bias, j, i), b, j, keep=True)
    Z = let_partition(define, A, k, b)
    S = define.let("S", share(A, Z, j, b), b, j)
    define.let("L", -Sum(Y[b, j] * sp.log(S[b, j]), b, j))


@defines("classical", f"{_BISHOP}, equation 1.55")
def sample_mean(define: Definition) -> None:
    """The mean of a sample: the maximum-likelihood estimate of a normal distribution's mean."""
    (i,) = axes("i", "n")
    x = define.input("x", i, meaning="the sample")
    define.let("mu", Sum(x[i], i) / i.size)


@defines("classical", f"{_BISHOP}, equation 1.56")
def sample_variance(define: Definition) -> None:
    """The mean squared deviation of a sample from its mean: the maximum-likelihood estimate of the variance.

    It is too small by the factor (n - 1)/n on average; the unbiased estimate divides by n - 1.
    """
    (i,) = axes("i", "n")
    x = define.input("x", i, meaning="the sample")
    moments(define, x, (i,), over=(i,))
