"""Losses with a kink, or with two formulas that meet: distances and margins.

The derivative of ``|u|`` is taken as ``sign(u)`` with ``sign(0) = 0``, and that of ``max(0, u)`` as 0 at 0,
as PyTorch does; any value between the two slopes is a subgradient there.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from derive.ops.definition import SIGN, Definition, axes, defines
from derive.tensor.nodes import IfPositive, Sum


def positive_part(u: sp.Expr) -> sp.Expr:
    """``max(0, u)``."""
    return IfPositive(u, u, 0)


def _absolute_error(name: str, doc: str, factor: Callable[[sp.Expr], sp.Expr]) -> None:
    def build(define: Definition) -> None:
        (i,) = axes("i", "n")
        yhat = define.input("yhat", i, meaning="the prediction")
        y = define.input("y", i, meaning="the target")
        define.let("L", factor(i.size) * Sum(sp.Abs(yhat[i] - y[i]), i))

    build.__doc__ = doc
    defines("loss", "Hastie, Tibshirani, Friedman (2009), section 10.6", name)(build)


_absolute_error("absolute_error", "The sum of the absolute differences.", lambda n: sp.S.One)
_absolute_error("mean_absolute_error", "The mean of the absolute differences.", lambda n: 1 / n)


@defines("loss", "Huber (1964); Hastie, Tibshirani, Friedman (2009), equation 10.23, halved")
def huber(define: Definition) -> None:
    """Half the squared difference up to a threshold, and beyond it linear with the slope it has there.

    Summed over the entries; PyTorch's default divides by their number. Hastie et al. take twice this; the
    smooth L1 loss is this divided by the threshold.
    """
    (i,) = axes("i", "n")
    yhat = define.input("yhat", i, meaning="the prediction")
    y = define.input("y", i, meaning="the target")
    delta = define.setting("delta", 1)
    u = yhat[i] - y[i]
    beyond = IfPositive(sp.Abs(u) - delta, delta * (sp.Abs(u) - delta / 2), u**2 / 2)
    define.let("L", Sum(beyond, i))


@defines("loss", "Hastie, Tibshirani, Friedman (2009), equation 12.25")
def hinge(define: Definition) -> None:
    """What is missing to a margin of 1 on the right side, summed: the loss of a support vector machine.

    The targets are -1 and 1, not 0 and 1. The squared hinge takes the square of each term.
    """
    (i,) = axes("i", "n")
    z = define.input("z", i, meaning="the scores, positive for the class 1")
    y = define.input("y", i, meaning="the targets, -1 or 1", domain=SIGN)
    define.let("L", Sum(positive_part(1 - y[i] * z[i]), i))


@defines("loss", "Weston and Watkins (1999), here with the margin 1")
def multiclass_hinge(define: Definition) -> None:
    """What the right class's score is short of being 1 above each of the others, summed over these.

    The right class itself is left out: its term would be 1 for any scores, which is what is taken away here.
    Crammer and Singer (2001) take the largest term instead of the sum; PyTorch divides by the number of
    classes.
    """
    i, j = axes("i j", "n")
    z = define.input("z", i, meaning="the scores")
    c = define.class_index("c", i, meaning="the index of the right class")
    define.let("L", Sum(positive_part(1 + z[j] - z[c]), j) - 1)
