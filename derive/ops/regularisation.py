"""What keeps a network from learning its data by heart, and what keeps it trainable."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.definition import BINARY, Definition, axes, defines
from derive.tensor.nodes import Sum

_GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"


@defines("regularisation", f"{_GOODFELLOW}, equation 7.19")
def l1_penalty(define: Definition) -> None:
    """The sum of the absolute weights times a strength: it makes weights zero.

    At 0 the derivative is taken as 0, as PyTorch does; any value between -alpha and alpha is a subgradient
    there. The strength is also called lambda.
    """
    (i,) = axes("i", "n")
    w = define.input("w", i, meaning="all weights, as one column", parameter=True)
    define.let("R", define.setting("alpha", Fraction(1, 100)) * Sum(sp.Abs(w[i]), i))


@defines("regularisation", f"{_GOODFELLOW}, equation 7.2")
def l2_penalty(define: Definition) -> None:
    """Half the sum of the squared weights times a strength: it makes weights small.

    Written without the half its gradient is twice this one. The strength is also called lambda, and weight
    decay where it is applied in the optimiser's step instead.
    """
    (i,) = axes("i", "n")
    w = define.input("w", i, meaning="all weights, as one column", parameter=True)
    define.let("R", define.setting("alpha", Fraction(1, 100)) / 2 * Sum(w[i] ** 2, i))


@defines("regularisation", "Srivastava et al. (2014), section 10, scaled while training")
def dropout(define: Definition) -> None:
    """Puts zeros where a mask has them, and scales up the rest, so that the mean stays what it was.

    The mask is an input: 1 keeps, 0 drops. p is the probability of dropping, as in PyTorch; in the paper it
    is that of keeping, and weights are scaled down in evaluation instead.
    """
    x = define.input("x", meaning="any number")
    m = define.input("m", meaning="the mask: 1 keeps, 0 drops", domain=BINARY)
    define.let("y", m() * x() / (1 - define.setting("p", Fraction(1, 2), below=1)))


@defines("regularisation", "Srivastava et al. (2014), section 4, as in the paper: not scaled while training")
def dropout_not_inverted(define: Definition) -> None:
    """Puts zeros where a mask has them and scales nothing: in evaluation everything is scaled down instead.

    The mask is an input: 1 keeps, 0 drops. Of N units there are 2^N masks.
    """
    x = define.input("x", meaning="any number")
    m = define.input("m", meaning="the mask: 1 keeps, 0 drops", domain=BINARY)
    define.let("y", m() * x())


@defines("regularisation", "Srivastava et al. (2014), section 4, in evaluation")
def dropout_not_inverted_eval(define: Definition) -> None:
    """What :func:`dropout_not_inverted` is in evaluation: every number times the probability of keeping it.

    That is the mean over all masks. p is the probability of dropping, as in PyTorch; the paper's p is 1 - p.
    """
    x = define.input("x", meaning="any number")
    define.let("y", (1 - define.setting("p", Fraction(1, 2), below=1)) * x())


@defines("regularisation", "He, Zhang, Ren, Sun (2016), equation 1")
def residual_sum(define: Definition) -> None:
    """What a block of layers computes, added to what it got: both gradients are the upstream one."""
    x = define.input("x", meaning="what the block got, carried past it")
    f = define.input("f", meaning="what the block computes, of the same shape")
    define.let("y", x() + f())
