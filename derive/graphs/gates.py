"""The gates of scalar expression graphs: one row each, and every row is only the gate's formula.

The local derivatives, the value and the LaTeX of both are read off that formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy as sp

from derive.ops.activations import logistic

A, B, Y = sp.symbols("a b y", real=True)  # first operand, second operand, the gate's own output


@dataclass(frozen=True)
class Gate:
    """An elementary operation of one or two scalars.

    Parameters
    ----------
    name: how it is asked for.
    formula: its value as an expression in :data:`A` and :data:`B`.
    latex, text: how it is written; ``{0}`` and ``{1}`` stand for the operands.
    symbol: what stands in the circle of a picture.
    kink: an expression in the operands that is zero where the gate has no derivative.
    at_kink: what is done there.
    shortest_in: a part of the formula through which its derivative is written in the output :data:`Y`, as
        textbooks do for the sigmoid: ``y (1 - y)``.
    """

    name: str
    formula: sp.Expr
    latex: str
    text: str
    symbol: str
    kink: sp.Expr | None = None
    at_kink: str = ""
    shortest_in: sp.Expr | None = None

    @property
    def arity(self) -> int:
        """How many operands it takes."""
        return 2 if B in self.formula.free_symbols else 1


_FIRST = (
    "a tie: the gradient is routed to the first operand, a sub-gradient "
    "(torch.maximum and torch.minimum would give each one half)"
)
_ZERO = "a kink: the derivative at 0 is taken as 0, as PyTorch does"

_ROWS = (
    Gate("add", A + B, "{0} + {1}", "{0} + {1}", "+"),
    Gate("subtract", A - B, "{0} - {1}", "{0} - {1}", "−"),
    Gate("multiply", A * B, "{0} \\cdot {1}", "{0}*{1}", "×"),
    Gate("divide", A / B, "\\frac{{{0}}}{{{1}}}", "{0}/{1}", "÷"),
    Gate("negate", -A, "-{0}", "-{0}", "×(−1)"),
    Gate("power", A**B, "{{{0}}}^{{{1}}}", "{0}^{1}", "^"),
    Gate("exp", sp.exp(A), "e^{{{0}}}", "exp({0})", "exp"),
    Gate("log", sp.log(A), "\\log {0}", "log({0})", "log"),
    Gate("sqrt", sp.sqrt(A), "\\sqrt{{{0}}}", "sqrt({0})", "√"),
    Gate("sin", sp.sin(A), "\\sin {0}", "sin({0})", "sin"),
    Gate("cos", sp.cos(A), "\\cos {0}", "cos({0})", "cos"),
    Gate("tan", sp.tan(A), "\\tan {0}", "tan({0})", "tan"),
    Gate("sinh", sp.sinh(A), "\\sinh {0}", "sinh({0})", "sinh"),
    Gate("cosh", sp.cosh(A), "\\cosh {0}", "cosh({0})", "cosh"),
    Gate("tanh", sp.tanh(A), "\\tanh {0}", "tanh({0})", "tanh", shortest_in=sp.tanh(A)),
    Gate("arctan", sp.atan(A), "\\arctan {0}", "arctan({0})", "atan"),
    Gate("sigmoid", logistic(A), "\\sigma({0})", "sigmoid({0})", "σ", shortest_in=sp.exp(-A)),
    Gate("softplus", sp.log(1 + sp.exp(A)), "\\mathrm{{softplus}}({0})", "softplus({0})", "soft+"),
    Gate(
        "relu",
        sp.Piecewise((A, A > 0), (0, True)),
        "\\mathrm{{ReLU}}({0})",
        "relu({0})",
        "ReLU",
        kink=A,
        at_kink=_ZERO,
    ),
    Gate("abs", sp.Abs(A), "|{0}|", "|{0}|", "|·|", kink=A, at_kink=_ZERO),
    Gate(
        "max",
        sp.Piecewise((A, A >= B), (B, True)),
        "\\max({0}, {1})",
        "max({0}, {1})",
        "max",
        kink=A - B,
        at_kink=_FIRST,
    ),
    Gate(
        "min",
        sp.Piecewise((A, A <= B), (B, True)),
        "\\min({0}, {1})",
        "min({0}, {1})",
        "min",
        kink=A - B,
        at_kink=_FIRST,
    ),
)

GATES: dict[str, Gate] = {gate.name: gate for gate in _ROWS}


@cache
def local_derivative(
    gate: Gate, operand: sp.Symbol, constants: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
) -> sp.Expr:
    """The derivative of a gate by one of its operands, in :data:`A`, :data:`B` and the output :data:`Y`.

    Operands that are constants are put in first: ``a**2`` gives ``2*a`` and ``1/b`` gives ``-1/b**2``.

    >>> local_derivative(GATES["multiply"], A)
    b
    >>> local_derivative(GATES["power"], A, ((B, sp.Integer(3)),))
    3*a**2
    >>> local_derivative(GATES["sigmoid"], A)
    y*(1 - y)
    >>> local_derivative(GATES["tanh"], A)
    1 - y**2
    """
    formula = gate.formula.subs(dict(constants))
    derivative = sp.diff(formula, operand)
    if gate.shortest_in is not None:
        # The formula is solved for its only transcendental part: then the derivative is rational in Y.
        part = sp.Dummy("part", real=True)
        (solution,) = sp.solve(sp.Eq(Y, formula.subs(gate.shortest_in, part)), part)
        derivative = sp.diff(formula, operand).subs(gate.shortest_in, solution)
    simplified: sp.Expr = sp.simplify(derivative)
    return simplified
