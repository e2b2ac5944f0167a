"""Activation functions: one number in, one number out."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.definition import Definition, defines
from derive.tensor.nodes import IfPositive

_GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


def logistic(u: sp.Expr) -> sp.Expr:
    """``1 / (1 + e^{-u})``, for every definition that has a sigmoid in it."""
    return 1 / (1 + sp.exp(-u))


@defines("activation", f"{_GOODFELLOW}, section 6.3")
def identity(define: Definition) -> None:
    """Returns its input: the activation of a linear output unit."""
    x = define.input("x", meaning="any number")
    define.let("y", x())


@defines("activation", f"{_GOODFELLOW}, equation 3.30", sign=r"\sigma")
def sigmoid(define: Definition) -> None:
    """Squashes a number into (0, 1): the logistic function."""
    x = define.input("x", meaning="any number")
    define.let("y", logistic(x()))


@defines("activation", f"{_GOODFELLOW}, section 6.3.2", sign=r"\tanh")
def tanh(define: Definition) -> None:
    """Squashes a number into (-1, 1), with 0 at 0: the hyperbolic tangent."""
    x = define.input("x", meaning="any number")
    up, down = sp.exp(x()), sp.exp(-x())
    define.let("y", (up - down) / (up + down))


@defines(
    "activation",
    "Nair and Hinton (2010); Goodfellow et al. (2016), equation 6.37",
    sign=r"\operatorname{ReLU}",
)
def relu(define: Definition) -> None:
    """Keeps what is positive and puts 0 for the rest.

    At 0 the derivative is taken as 0, as PyTorch does; any value in [0, 1] is a subgradient there.
    """
    x = define.input("x", meaning="any number")
    define.let("y", IfPositive(x(), x(), 0))


@defines("activation", "Maas, Hannun, Ng (2013), equation 3", sign=r"\operatorname{LeakyReLU}")
def leaky_relu(define: Definition) -> None:
    """Keeps what is positive and scales the rest by a small slope.

    At 0 the derivative is taken as the slope, as PyTorch does.
    """
    x, alpha = define.input("x", meaning="any number"), define.setting("alpha", Fraction(1, 100))
    define.let("y", IfPositive(x(), x(), alpha * x()))


@defines("activation", "Clevert, Unterthiner, Hochreiter (2016), equation 15", sign=r"\operatorname{ELU}")
def elu(define: Definition) -> None:
    """Keeps what is positive and lets the rest saturate at minus alpha: the exponential linear unit.

    At 0 the derivative is taken as alpha, as PyTorch does. Writing it as max(alpha (e^x - 1), x) is wrong for
    x > 0.
    """
    x, alpha = define.input("x", meaning="any number"), define.setting("alpha", 1)
    define.let("y", IfPositive(x(), x(), alpha * (sp.exp(x()) - 1)))


@defines("activation", f"{_GOODFELLOW}, equation 3.31", sign=r"\operatorname{softplus}")
def softplus(define: Definition) -> None:
    """A smooth version of the rectifier; its derivative is the sigmoid."""
    x = define.input("x", meaning="any number")
    define.let("y", sp.log(1 + sp.exp(x())))
    define.let_aside("sigma", logistic(x()))


@defines(
    "activation",
    "Elfwing, Uchibe, Doya (2018), equation 8; Ramachandran et al. (2017)",
    sign=r"\operatorname{SiLU}",
)
def silu(define: Definition) -> None:
    """A number times its sigmoid, also called swish."""
    x = define.input("x", meaning="any number")
    sigma = define.let("sigma", logistic(x()))
    define.let("y", x() * sigma())


@defines("activation", "Hendrycks and Gimpel (2016), equation 1", sign=r"\operatorname{GELU}")
def gelu(define: Definition) -> None:
    """A number times the probability that a standard normal number is below it: x times Phi(x)."""
    x = define.input("x", meaning="any number")
    Phi = define.let("Phi", (1 + sp.erf(x() / sp.sqrt(2))) / 2)
    define.let("y", x() * Phi())
    define.let_aside("phi", sp.exp(-(x() ** 2) / 2) / sp.sqrt(2 * sp.pi))


@defines(
    "activation",
    "Hendrycks and Gimpel (2016), the approximation after equation 1",
    sign=r"\operatorname{GELU}",
)
def gelu_tanh(define: Definition) -> None:
    """The Gaussian error linear unit with tanh in place of the error function."""
    x = define.input("x", meaning="any number")
    a = define.constant("a", sp.Rational(44715, 1000000))
    c = define.constant("c", sp.sqrt(2 / sp.pi))
    t = define.let("t", sp.tanh(c * (x() + a * x() ** 3)))
    define.let("y", x() * (1 + t()) / 2)
