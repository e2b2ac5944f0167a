"""Means and variances of sums and products of independent random variables, with every step.

What is known of a variable is its mean and its variance; nothing about its distribution is used. The rules
are: a mean is linear; of a product of independent variables it is the product of their means; the variance is
the mean of the square less the square of the mean.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from derive.tensor.nodes import Tensor
from derive.tensor.printing import symbol_latex, symbol_text


class MomentError(ValueError):
    """Something is no sum of products of the variables; the message says what would work."""


@dataclass(frozen=True)
class MomentStep:
    """One form of what is asked for, and the rule that gave it."""

    value: sp.Expr
    rule: str


def mean(name: str) -> sp.Expr:
    """``E[x]`` as a number of its own."""
    return _sign("E", "\\mathbb{E}", symbol_text(name), symbol_latex(name))


def mean_square(name: str) -> sp.Expr:
    """``E[x^2]``."""
    return _sign("E", "\\mathbb{E}", f"{symbol_text(name)}^2", f"{symbol_latex(name)}^2")


def variance_of(name: str) -> sp.Expr:
    """``Var[x]``, never negative."""
    return _sign("Var", "\\operatorname{Var}", symbol_text(name), symbol_latex(name))


def _sign(word: str, latex: str, text: str, inside: str) -> sp.Expr:
    return Tensor(f"{word}[{text}]", latex=f"{latex}[{inside}]", text=f"{word}[{text}]")()


def expectation(expression: sp.Expr, variables: Collection[sp.Symbol]) -> sp.Expr:
    """The mean of a polynomial in independent variables, of degree at most 2 in each.

    >>> w, h, b = sp.symbols("w h b")
    >>> expectation(3 * w * h + b, [w, h])
    b + 3*E[h][]*E[w][]
    """
    polynomial = sp.Poly(sp.expand(expression), *variables) if variables else sp.Poly(expression, sp.Dummy())
    total: sp.Expr = sp.S.Zero
    for powers, coefficient in polynomial.terms():
        term = coefficient
        for variable, power in zip(variables, powers, strict=True):
            if power > 2:
                raise MomentError(
                    f"{variable}^{power} needs a moment of order {power}; only mean and variance "
                    "are known here"
                )
            term *= {0: sp.S.One, 1: mean(variable.name), 2: mean_square(variable.name)}[power]
        total += term
    return total


def variance_steps(
    expression: sp.Expr, variables: Collection[sp.Symbol], zero_mean: Collection[str] = ()
) -> list[MomentStep]:
    """The variance of a polynomial in independent variables, step by step; it is the last step's value.

    Raises :class:`MomentError` where an expression needs more than means and variances.

    >>> w, h = sp.symbols("w h")
    >>> print(variance_steps(w * h, [w, h], zero_mean=["w"])[-1].value)
    E[h][]**2*Var[w][] + Var[h][]*Var[w][]
    """
    variables = list(variables)
    try:
        steps = [
            MomentStep(
                expectation(expression**2, variables) - expectation(expression, variables) ** 2,
                "the mean of the square less the square of the mean; means of independent factors multiply",
            )
        ]
    except sp.PolynomialError:
        raise MomentError(f"{expression} is no sum of products of {', '.join(map(str, variables))}") from None
    squares = {mean_square(one.name): variance_of(one.name) + mean(one.name) ** 2 for one in variables}
    steps.append(MomentStep(sp.expand(steps[-1].value.xreplace(squares)), "E[x^2] = Var[x] + E[x]^2"))
    none = {mean(name): sp.S.Zero for name in zero_mean}
    if none:
        which = ", ".join(f"E[{symbol_text(name)}] = 0" for name in zero_mean)
        steps.append(MomentStep(sp.expand(steps[-1].value.xreplace(none)), which))
    return [steps[0], *(b for a, b in pairwise(steps) if a.value != b.value)]
