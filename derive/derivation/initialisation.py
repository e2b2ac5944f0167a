"""How large random weights have to be at first, so that neither values nor gradients grow or die out.

A layer ``z_i = sum_j W_ij h_j`` with ``h = phi(x)``, where ``x`` is the layer before, is followed forwards
and backwards by the algebra of variances. That of Glorot and Bengio (2010, "Xavier") and that of He et al.
(2015) come out for the identity (or tanh near 0) and for ReLU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

from derive.derivation.moments import (
    MomentError,
    expectation,
    mean,
    mean_square,
    variance_of,
    variance_steps,
)
from derive.graphs.wiring import named_function
from derive.ops.definition import Operation
from derive.tensor.nodes import Elementwise
from derive.tensor.numeric import derivative_of, evaluate_scalar

n_in = sp.Symbol("n_in", integer=True, positive=True)
n_out = sp.Symbol("n_out", integer=True, positive=True)


@dataclass(frozen=True)
class ActivationMoments:
    """What an activation does to a variable ``x`` that is spread evenly about 0.

    ``square`` is ``E[phi(x)^2] / Var[x]``, ``slope_square`` is ``E[phi'(x)^2]``; ``how`` says how they were
    got and what for.
    """

    square: sp.Expr
    slope_square: sp.Expr
    how: str


@dataclass(frozen=True)
class VarianceLine:
    """``left = right`` by a rule."""

    left: sp.Expr
    right: sp.Expr
    rule: str


@dataclass(frozen=True)
class Condition:
    """A chain of steps and the variance of the weights that it asks for."""

    title: str
    lines: tuple[VarianceLine, ...]
    variance: sp.Expr


@dataclass(frozen=True)
class Initialisation:
    """Both conditions, and the variance between them; ``gain`` is what a layer multiplies a variance by."""

    activation: str
    moments: ActivationMoments
    forward: Condition
    backward: Condition
    compromise: sp.Expr

    @staticmethod
    def bound(variance: sp.Expr) -> sp.Expr:
        """``a`` of the even distribution over ``[-a, a]`` with this variance, which is ``a^2 / 3``."""
        return sp.sqrt(3 * variance)


def activation_moments(
    operation: Operation, settings: Mapping[str, sp.Expr] | None = None, variance: float | None = None
) -> ActivationMoments:
    """The two numbers by which an activation enters.

    Exact for what is linear on either side of 0, whatever the distribution, as long as it is even about 0.
    For what is 0 at 0 and smooth the slope at 0, which is exact in the limit of small values. Else, or where
    a variance is given, by quadrature for normal values of that variance (1 if none is given).

    >>> from derive.ops import operation
    >>> relu = activation_moments(operation("relu"))
    >>> relu.square, relu.slope_square
    (1/2, 1/2)
    """
    if not operation.is_elementwise or len(operation.inputs) != 1:
        raise MomentError(f"{operation.name} is no activation: it has to take one number and give one")
    values = {symbol.name: _rational(value) for symbol, value in operation.settings.items()} | dict(
        settings or {}
    )
    function = named_function(operation, values)
    if variance is not None and not 0 < variance < float("inf"):
        raise MomentError(f"the variance has to be a positive number; it is {variance}")
    if variance is None:
        exact = _by_sides(function) or _by_slope(function)
        if exact is not None:
            return exact
    return _by_quadrature(function, 1.0 if variance is None else variance)


def _rational(value: Fraction) -> sp.Expr:
    return sp.Rational(value.numerator, value.denominator)


def _by_sides(function: Elementwise) -> ActivationMoments | None:
    """``a x`` for positive and ``b x`` for negative x: half of the square of each."""
    p = sp.Symbol("p", positive=True)
    up = sp.simplify(function.body.xreplace({function.argument: p}) / p)
    down = sp.simplify(function.body.xreplace({function.argument: -p}) / -p)
    if p in (up.free_symbols | down.free_symbols) or not (up.is_real and down.is_real):
        return None
    both = (up**2 + down**2) / 2
    how = f"exactly: slope {up} for x > 0 and {down} for x < 0, each on half of the values"
    return ActivationMoments(both, both, how if up != down else f"exactly: slope {up}")


def _by_slope(function: Elementwise) -> ActivationMoments | None:
    """Near 0 a smooth function with ``phi(0) = 0`` is its slope times x."""
    x = sp.Symbol("x", real=True)
    body = function.body.xreplace({function.argument: x})
    if body.has(sp.Abs, sp.sign) or "IfPositive" in {
        type(one).__name__ for one in sp.preorder_traversal(body)
    }:
        return None
    slope = derivative_of(function, 1).xreplace({function.argument: sp.S.Zero})
    if sp.simplify(body.xreplace({x: sp.S.Zero})) != 0 or sp.simplify(slope) == 0:
        return None
    slope = sp.nsimplify(sp.simplify(slope))
    return ActivationMoments(slope**2, slope**2, f"for small values, by the slope {slope} at 0")


_NODES, _FAR = 200, 12.0


def _normal_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Points and weights for means over the standard normal distribution.

    Gauss-Legendre on either side of 0 by itself: activations have kinks there, at which the Gauss-Hermite
    rule is off in the third digit.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = _FAR * (nodes + 1) / 2
    density = weights * np.exp(-(half**2) / 2)
    return np.concatenate([-half, half]), np.concatenate([density, density]) / (2 * density.sum())


def _by_quadrature(function: Elementwise, variance: float) -> ActivationMoments:
    nodes, weights = _normal_nodes()
    points = {function.argument: np.sqrt(variance) * nodes}

    def mean_of_square(body: sp.Expr) -> sp.Expr:
        return sp.Float(float(weights @ np.broadcast_to(evaluate_scalar(body, points, {}), nodes.shape) ** 2))

    return ActivationMoments(
        mean_of_square(function.body) / sp.Float(variance),
        mean_of_square(derivative_of(function, 1)),
        f"for normal values of variance {variance:g}, by quadrature",
    )


def initialisation(
    operation: Operation, settings: Mapping[str, sp.Expr] | None = None, variance: float | None = None
) -> Initialisation:
    """Derive the variance of the weights behind an activation, forwards and backwards.

    >>> from derive.ops import operation
    >>> he = initialisation(operation("relu"))
    >>> he.forward.variance, he.backward.variance, he.compromise
    (2/n_in, 2/n_out, 4/(n_in + n_out))
    >>> initialisation(operation("tanh")).compromise
    2/(n_in + n_out)
    """
    moments = activation_moments(operation, settings, variance)
    forward, backward = _forward(moments), _backward(moments)
    compromise = 2 / sp.factor(n_in * moments.square + n_out * moments.slope_square)
    return Initialisation(operation.name, moments, forward, backward, sp.simplify(compromise))


def _sum_of_products(total: sp.Expr, factor: str, terms: sp.Symbol) -> list[VarianceLine]:
    """The variance of a sum of products ``W u`` of independent weights of mean 0 with values ``u``."""
    W, V, u, pair = sp.symbols(f"W W_other {factor} {factor}_pair")
    covariance = expectation(W * V * pair, [W, V, pair]).xreplace({mean("W"): sp.S.Zero})
    assert covariance == 0  # with weights of mean 0, whatever the values have to do with each other
    product = variance_of(f"W {factor}")
    lines = [VarianceLine(total, terms * product, "the terms are uncorrelated, because E[W] = 0")]
    steps = variance_steps(W * u, [W, u], zero_mean=["W"])
    lines += [VarianceLine(total, terms * step.value, step.rule) for step in steps]
    squares = sp.factor(
        steps[-1].value.xreplace({variance_of(factor): mean_square(factor) - mean(factor) ** 2})
    )
    rule = f"E[{factor}^2] = Var[{factor}] + E[{factor}]^2"
    return [*lines, VarianceLine(total, terms * sp.expand(squares), rule)]


def _forward(moments: ActivationMoments) -> Condition:
    total, before = variance_of("z"), variance_of("x")
    lines = _sum_of_products(total, "h", n_in)
    value = n_in * moments.square * variance_of("W") * before
    lines.append(VarianceLine(total, value, "h = phi(x): the mean of its square"))
    return Condition("Forwards: z_i = sum_j W_ij h_j, h = phi(x)", tuple(lines), 1 / (n_in * moments.square))


def _backward(moments: ActivationMoments) -> Condition:
    total, above = variance_of("dx"), mean_square("dz")
    lines = _sum_of_products(variance_of("dh"), "dz", n_out)
    lines.append(
        VarianceLine(
            total,
            moments.slope_square * lines[-1].right,
            "dx = phi'(x) dh, independent: the mean of the squared slope",
        )
    )
    lines.append(
        VarianceLine(
            total,
            lines[-1].right.xreplace({above: variance_of("dz")}),
            "the gradients have mean 0",
        )
    )
    return Condition(
        "Backwards: dh_j = sum_i W_ij dz_i, dx = phi'(x) dh", tuple(lines), 1 / (n_out * moments.slope_square)
    )
