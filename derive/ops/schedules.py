"""The rate of an optimiser as a function of the step, counted from 0."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.definition import POSITIVE, Definition, defines
from derive.tensor.nodes import IfPositive


def _step_and_rate(define: Definition) -> tuple[sp.Expr, sp.Symbol]:
    t = define.input("t", meaning="the number of the step, from 0", domain=POSITIVE)()
    return t, define.setting("eta", Fraction(1, 10))


@defines("schedule", "He, Zhang, Ren, Sun (2016), section 3.4; PyTorch's StepLR")
def step_schedule(define: Definition) -> None:
    """The rate multiplied by gamma after every s steps."""
    t, eta = _step_and_rate(define)
    gamma, s = define.setting("gamma", Fraction(1, 10)), define.whole("s", 30)
    define.trial(s=1)
    define.trial(s=2)
    define.let("r", eta * gamma ** sp.floor(t / s))


@defines("schedule", "PyTorch's ExponentialLR; Goodfellow, Bengio, Courville (2016), section 8.3.1")
def exponential_schedule(define: Definition) -> None:
    """The rate multiplied by gamma after every step."""
    t, eta = _step_and_rate(define)
    define.let("r", eta * define.setting("gamma", Fraction(19, 20)) ** t)


@defines("schedule", "Loshchilov and Hutter (2017), equation 5; PyTorch's CosineAnnealingLR")
def cosine_schedule(define: Definition) -> None:
    """Half a wave of the cosine from the rate eta down to the rate zeta, which it reaches at step T."""
    t, eta = _step_and_rate(define)
    low, T = define.setting("zeta", Fraction(1, 1000)), define.whole("T", 100)
    define.trial(T=7)
    define.trial(T=100)
    define.let("r", low + (eta - low) / 2 * (1 + sp.cos(sp.pi * t / T)))


@defines("schedule", "Goyal et al. (2017), section 2.2")
def warmup_schedule(define: Definition) -> None:
    """The rate raised evenly from 0 over the first W steps, then kept."""
    t, eta = _step_and_rate(define)
    W = define.whole("W", 5)
    define.trial(W=1)
    define.trial(W=2)
    define.trial(W=5)
    define.let("r", IfPositive(W - t, eta * t / W, eta))


@defines("schedule", "Vaswani et al. (2017), equation 3")
def transformer_schedule(define: Definition) -> None:
    """The rate of the first transformer: raised evenly over W steps, then falling with the root of the step.

    d is the width of the model; the first step is number 1.
    """
    t = define.input("t", meaning="the number of the step, from 1", domain=POSITIVE)()
    d, W = define.whole("d", 512), define.whole("W", 4000)
    define.trial(d=512, W=1)
    define.trial(d=11, W=2)
    define.trial(d=3, W=5)
    define.let(
        "r", d ** sp.Rational(-1, 2) * IfPositive(W - t, t * W ** sp.Rational(-3, 2), t ** sp.Rational(-1, 2))
    )
