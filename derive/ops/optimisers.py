"""One step of an optimiser: parameter, gradient and state give the parameter after and the state after.

What a step leaves behind for the next is named by a prime: ``v'`` is what ``v`` will be. All act on each
number by itself. A quantity ``theta_ahead`` is the point at which the gradient is to be taken, where that is
not the parameter itself.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.definition import POSITIVE, Definition, axes, defines
from derive.tensor.nodes import Access, IfPositive, Sum

_GOODFELLOW = "Goodfellow, Bengio, Courville, Deep Learning (2016)"
_SMALL = Fraction(1, 10**8)


class _Step:
    """The parameter, its gradient and the rate of a step."""

    def __init__(self, define: Definition, rate: Fraction | None = Fraction(1, 100)) -> None:
        self.define = define
        self.theta = define.input("theta", meaning="the parameter", parameter=True)()
        self.g = define.input("g", meaning="the loss's gradient by the parameter")()
        if rate is not None:
            self.eta = define.setting("eta", rate)

    def state(self, name: str, meaning: str, domain: str = "real") -> Access:
        return self.define.input(name, meaning=meaning, domain=domain)()

    def squares(self, name: str, meaning: str) -> Access:
        """A state that gathers squares: never negative, and samples keep off 0, where its root has a kink."""
        return self.state(name, meaning, domain=POSITIVE)

    def setting(self, name: str, default: Fraction | int) -> sp.Symbol:
        return self.define.setting(name, default)

    def let(self, name: str, value: sp.Expr) -> sp.Expr:
        return self.define.let(name, value)()

    def after(self, value: sp.Expr) -> None:
        self.define.let("theta'", value)


def moving_average(before: sp.Expr, now: sp.Expr, rho: sp.Expr) -> sp.Expr:
    """``rho before + (1 - rho) now``: an exponential moving average."""
    return rho * before + (1 - rho) * now


@defines("optimiser", f"{_GOODFELLOW}, equation 4.5")
def gradient_descent(define: Definition) -> None:
    """A step against the gradient, as long as the rate times the gradient.

    With the gradient of the mean loss over a few examples it is stochastic gradient descent.
    """
    step = _Step(define)
    step.after(step.theta - step.eta * step.g)


@defines("optimiser", "Polyak (1964), equation 9")
def heavy_ball(define: Definition) -> None:
    """Gradient descent that goes on a part of the way it came: momentum written without a velocity.

    The same as :func:`momentum` from a velocity of 0, which `derive prove heavy-ball` shows.
    """
    step = _Step(define)
    old = step.state("theta_old", "the parameter one step before")
    step.after(step.theta - step.eta * step.g + step.setting("beta", Fraction(9, 10)) * (step.theta - old))
    define.let_aside("theta_old'", step.theta)


@defines("optimiser", "Sutskever, Martens, Dahl, Hinton (2013), in the form of PyTorch's SGD")
def momentum(define: Definition) -> None:
    """Gradient descent along a decaying sum of the gradients, the velocity.

    PyTorch multiplies by the rate outside of the velocity, as here; Goodfellow et al. inside, see
    :func:`momentum_velocity`. They differ once the rate changes from step to step.
    """
    step = _Step(define)
    v = step.state("v", "the velocity, 0 at first")
    velocity = step.let("v'", step.setting("beta", Fraction(9, 10)) * v + step.g)
    step.after(step.theta - step.eta * velocity)


@defines("optimiser", f"{_GOODFELLOW}, equations 8.15 and 8.16")
def momentum_velocity(define: Definition) -> None:
    """Momentum with the rate inside the velocity, which is then the step itself."""
    step = _Step(define)
    v = step.state("v", "the velocity, 0 at first")
    _move_by_velocity(step, v, step.setting("alpha", Fraction(9, 10)))


def _move_by_velocity(step: _Step, v: sp.Expr, alpha: sp.Expr) -> None:
    step.after(step.theta + step.let("v'", alpha * v - step.eta * step.g))


@defines("optimiser", f"{_GOODFELLOW}, equations 8.21 and 8.22; Sutskever et al. (2013)")
def nesterov(define: Definition) -> None:
    """Nesterov's momentum: the gradient is that at the point to which the velocity alone would lead.

    The velocity goes *against* the gradient; with a plus sign it climbs.
    """
    step = _Step(define)
    v = step.state("v", "the velocity, 0 at first")
    alpha = step.setting("alpha", Fraction(9, 10))
    _move_by_velocity(step, v, alpha)
    define.let_aside("theta_ahead", step.theta + alpha * v)


@defines("optimiser", "Sutskever et al. (2013), in the form of PyTorch's SGD with nesterov=True")
def nesterov_shifted(define: Definition) -> None:
    """Nesterov's momentum in the variable at which the gradient is taken, as PyTorch has it.

    Its parameter is what :func:`nesterov` calls the point ahead, which `derive prove nesterov` shows.
    """
    step = _Step(define)
    v = step.state("v", "the velocity, 0 at first")
    beta = step.setting("beta", Fraction(9, 10))
    velocity = step.let("v'", beta * v + step.g)
    step.after(step.theta - step.eta * (step.g + beta * velocity))


@defines("optimiser", "Duchi, Hazan, Singer (2011); PyTorch's Adagrad")
def adagrad(define: Definition) -> None:
    """Gradient descent with a rate of its own for each parameter, over the root of its squares so far."""
    step = _Step(define)
    r = step.squares("r", "the sum of the squared gradients, 0 at first")
    total = step.let("r'", r + step.g**2)
    step.after(step.theta - step.eta * step.g / (sp.sqrt(total) + step.setting("eps", _SMALL)))


@defines("optimiser", "Tieleman and Hinton (2012), lecture 6.5; PyTorch's RMSprop")
def rmsprop(define: Definition) -> None:
    """Adagrad with a moving average of the squared gradients in place of their sum.

    Goodfellow et al. put eps under the root.
    """
    step = _Step(define)
    r = step.squares("r", "the moving average of the squared gradients, 0 at first")
    mean = step.let("r'", moving_average(r, step.g**2, step.setting("rho", Fraction(9, 10))))
    step.after(step.theta - step.eta * step.g / (sp.sqrt(mean) + step.setting("eps", _SMALL)))


@defines("optimiser", "Zeiler (2012), algorithm 1; PyTorch's Adadelta")
def adadelta(define: Definition) -> None:
    """RMSprop whose rate is the root mean square of the steps so far. The paper's rate is 1."""
    step = _Step(define, Fraction(1))
    r = step.squares("r", "the moving average of the squared gradients, 0 at first")
    u = step.squares("u", "the moving average of the squared steps, 0 at first")
    rho, eps = step.setting("rho", Fraction(9, 10)), step.setting("eps", Fraction(1, 10**6))
    mean = step.let("r'", moving_average(r, step.g**2, rho))
    delta = step.let("Delta", sp.sqrt(u + eps) / sp.sqrt(mean + eps) * step.g)
    step.after(step.theta - step.eta * delta)
    define.let_aside("u'", moving_average(u, delta**2, rho))


def _adam_direction(step: _Step) -> sp.Expr:
    """``mhat / (sqrt(vhat) + eps)`` of the moving averages, freed of the bias towards 0."""
    m = step.state("m", "the moving average of the gradients, 0 at first")
    v = step.squares("v", "the moving average of the squared gradients, 0 at first")
    beta_1, beta_2 = step.setting("beta_1", Fraction(9, 10)), step.setting("beta_2", Fraction(999, 1000))
    eps, t = step.setting("eps", _SMALL), step.define.whole("t", 1)
    for number in (1, 2, 5):
        step.define.trial(t=number)
    first = step.let("m'", moving_average(m, step.g, beta_1))
    second = step.let("v'", moving_average(v, step.g**2, beta_2))
    mhat = step.let("mhat", first / (1 - beta_1**t))
    vhat = step.let("vhat", second / (1 - beta_2**t))
    return mhat / (sp.sqrt(vhat) + eps)


@defines("optimiser", "Kingma and Ba (2015), algorithm 1")
def adam(define: Definition) -> None:
    """A step along the mean gradient over the root of the mean square, both corrected for their start at 0.

    t is the number of the step, from 1. That the correction makes the means unbiased shows
    `derive prove bias-correction`.
    """
    step = _Step(define, Fraction(1, 1000))
    step.after(step.theta - step.eta * _adam_direction(step))


@defines("optimiser", "Loshchilov and Hutter (2019), algorithm 2, in PyTorch's form")
def adamw(define: Definition) -> None:
    """Adam with weight decay beside the gradient and not in it: all weights shrink by the same factor."""
    step = _Step(define, Fraction(1, 1000))
    decay = step.eta * step.setting("decay", Fraction(1, 100)) * step.theta
    step.after(step.theta - decay - step.eta * _adam_direction(step))


@defines("optimiser", "Pascanu, Mikolov, Bengio (2013); PyTorch's clip_grad_value_")
def clip_by_value(define: Definition) -> None:
    """Each entry of a gradient cut off at a threshold on either side; its direction changes."""
    g = define.input("g", meaning="the gradient")()
    c = define.setting("c", 1)
    define.let("g'", IfPositive(sp.Abs(g) - c, c * sp.sign(g), g))


@defines("optimiser", "Pascanu, Mikolov, Bengio (2013), algorithm 1; PyTorch's clip_grad_norm_")
def clip_by_norm(define: Definition) -> None:
    """A gradient made shorter, to a threshold, where it is longer; its direction stays.

    PyTorch adds 1e-6 to the norm.
    """
    i, j = axes("i j", "n")
    g = define.input("g", i, meaning="the gradient, all entries as one column")
    c = define.setting("c", 1)
    r = define.let("r", sp.sqrt(Sum(g[j] ** 2, j)))
    define.let("g'", IfPositive(r() - c, c * g[i] / r(), g[i]), i)
