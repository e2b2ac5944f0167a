"""What optimisers have to do with each other, proved from their definitions in the catalogue by induction.

A recurrence is read off an operation: the state after in terms of the state before. Nothing of an optimiser
is typed in here, only what is claimed about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from derive.derivation.induction import Claim, Recurrence, Theorem, k, sum_of_terms
from derive.ops import operation
from derive.suggest import unknown
from derive.tensor.nodes import Tensor
from derive.tensor.printing import symbol_latex, symbol_text

_g = sp.Symbol("g")


def recurrences(name: str, states: Mapping[str, str], letters: Mapping[str, sp.Expr]) -> list[Recurrence]:
    """The recurrences of an optimiser for some of its states, each under a name of its own.

    Parameters
    ----------
    name: an operation of the family ``optimiser``.
    states: for inputs of the operation the name of the sequence; every one starts at 0 but parameters, which
        all start at ``theta_0``.
    letters: hyper-parameters or inputs that are to be something else.

    >>> [one.following for one in recurrences("momentum", {"theta": "x", "v": "v"}, {})]
    [-eta*(beta*v + g) + x, beta*v + g]
    """
    found = operation(name)
    known: dict[str, sp.Expr] = {one.name: sp.Symbol(one.name) for one in found.inputs}
    known |= {symbol.name: sp.Symbol(symbol.name) for symbol in found.settings}
    known |= {own: sp.Symbol(new) for own, new in states.items()} | dict(letters)
    for statement in found.program.everything:
        names: dict[sp.Basic, sp.Expr] = {one(): known[one.name] for one in statement.value.atoms(Tensor)}
        names |= {one: known[one.name] for one in statement.value.atoms(sp.Symbol) if one.name in known}
        known[statement.tensor.name] = statement.value.xreplace(names)
    start = sp.Symbol("theta_0")
    return [
        Recurrence(
            sp.Symbol(new), start if own.startswith("theta") else sp.S.Zero, known[own + "'"], *_printed(new)
        )
        for own, new in states.items()
    ]


def _printed(name: str) -> tuple[str, str]:
    base, _, label = name.partition("_")
    above = (rf"^{{{{\mathrm{{{{{label}}}}}}}}}", f"^{label}") if label else ("", "")
    return f"{{{{{symbol_latex(base)}}}}}{above[0]}_{{{{{{}}}}}}", f"{symbol_text(base)}{above[1]}_{{}}"


def _heavy_ball() -> Theorem:
    theta, old, x, v, eta = sp.symbols("theta theta_old x v eta")
    ball = recurrences("heavy_ball", {"theta": "theta", "theta_old": "theta_old"}, {})
    moved = recurrences("momentum", {"theta": "x", "v": "v"}, {})
    return Theorem(
        "Polyak's heavy ball is momentum with a velocity",
        (*ball, *moved),
        (Claim(theta, x), Claim(theta - old, -eta * v)),
        (_g,),
        remarks=(
            "theta_old is the parameter one step before, and at first the parameter itself; x is the "
            "parameter that the form with a velocity v moves.",
            "Both forms get the same gradient g, because by the first claim they take it at the same point.",
        ),
    )


def _velocity() -> Theorem:
    theta, v, x, u, eta = sp.symbols("theta v x u eta")
    beta = sp.Symbol("beta")
    inside = recurrences("momentum_velocity", {"theta": "theta", "v": "v"}, {"alpha": beta})
    outside = recurrences("momentum", {"theta": "x", "v": "u"}, {})
    return Theorem(
        "The rate inside or outside of the velocity: the same while the rate is constant",
        (*inside, *outside),
        (Claim(theta, x), Claim(v, -eta * u)),
        (_g,),
        remarks=("v is the velocity with the rate inside, which is the step itself; u the one without it.",),
    )


def _nesterov() -> Theorem:
    theta, v, x, u, eta, beta = sp.symbols("theta v x u eta beta")
    ahead = recurrences("nesterov", {"theta": "theta", "v": "v"}, {"alpha": beta})
    shifted = recurrences("nesterov_shifted", {"theta": "x", "v": "u"}, {})
    return Theorem(
        "Nesterov's momentum in its two variables",
        (*ahead, *shifted),
        (Claim(x, theta + beta * v), Claim(v, -eta * u)),
        (_g,),
        remarks=(
            "x is the parameter of the form that PyTorch has; theta + beta v is the point ahead, at which "
            "the other form takes its gradient: so both get the same gradient g.",
        ),
    )


def _average(**letters: sp.Expr) -> Recurrence:
    """Adam's average of the gradients; its rate is written beta."""
    (average,) = recurrences("adam", {"m": "m"}, {"beta_1": sp.Symbol("beta"), **letters})
    return average


def _moving_average() -> Theorem:
    m, S, beta, i = sp.symbols("m S beta i")
    g = sp.Function("g")
    total = sum_of_terms(S, beta ** (k - i) * g(i), i)
    return Theorem(
        "An exponential moving average is a sum with falling weights",
        (_average(g=g(k + 1)), total),
        (Claim(m, (1 - beta) * S),),
        remarks=("The sum to k + 1 is beta times the sum to k, and the term i = k + 1.",),
    )


def _weights() -> Theorem:
    W, beta, i = sp.symbols("W beta i")
    total = sum_of_terms(W, (1 - beta) * beta ** (k - i), i)
    return Theorem(
        "The weights of an exponential moving average sum to 1 - beta^k",
        (total,),
        (Claim(W, 1 - beta**k),),
        remarks=("Divided by 1 - beta^k they sum to 1: the average is then one of the values it has seen.",),
    )


def _bias_correction() -> Theorem:
    m, mu, beta = sp.symbols("m mu beta")
    average = _average(g=mu)
    mean = Recurrence(m, average.start, average.following, r"\mathbb{{E}}[m_{{{}}}]", "E[m_{}]")
    return Theorem(
        "Adam's correction of the bias: m_k / (1 - beta^k) has the mean of the gradients",
        (mean,),
        (Claim(m, (1 - beta**k) * mu),),
        remarks=(
            "Every gradient has the same mean mu, and a mean is linear: the mean of m follows m's own "
            "recurrence with mu for the gradient.",
            "So the mean of m_k / (1 - beta^k) is mu, at every step k from 1; without the correction it "
            "is short of it by the factor 1 - beta^k.",
        ),
    )


def _terminal_velocity() -> Theorem:
    v, g, beta = sp.symbols("v g beta")
    (velocity,) = recurrences("momentum", {"v": "v"}, {})
    return Theorem(
        "The velocity under a constant gradient",
        (velocity,),
        (Claim(v, g * (1 - beta**k) / (1 - beta)),),
        remarks=(
            "For 0 <= beta < 1 it tends to g / (1 - beta): momentum makes steps that many times longer.",
        ),
    )


def _quadratic() -> Theorem:
    theta, start, eta, lam = sp.symbols("theta theta_0 eta lambda")
    (descent,) = recurrences("gradient_descent", {"theta": "theta"}, {"g": lam * theta})
    return Theorem(
        "Gradient descent on lambda theta^2 / 2",
        (descent,),
        (Claim(theta, (1 - eta * lam) ** k * start),),
        remarks=("It converges exactly when |1 - eta lambda| < 1, that is for 0 < eta < 2 / lambda.",),
    )


THEOREMS: dict[str, Callable[[], Theorem]] = {
    "heavy-ball": _heavy_ball,
    "velocity": _velocity,
    "nesterov": _nesterov,
    "moving-average": _moving_average,
    "weights": _weights,
    "bias-correction": _bias_correction,
    "terminal-velocity": _terminal_velocity,
    "quadratic": _quadratic,
}


def theorem(name: str) -> Theorem:
    """A theorem by its name; :class:`LookupError` suggests near names.

    >>> theorem("heavy-ball").title
    "Polyak's heavy ball is momentum with a velocity"
    """
    if name not in THEOREMS:
        raise LookupError(unknown("theorem", name, THEOREMS))
    return THEOREMS[name]()
