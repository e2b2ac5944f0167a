"""Why gradients through time vanish or explode: the product of the steps' Jacobians, and its bounds.

The Jacobian of one step comes from its definition, the greatest slope of the activation from the activation's
own derivative, what an LSTM or a GRU carries on from theirs; the bound is ``|A B| <= |A| |B|`` for the
spectral norm. Source: Pascanu, Mikolov, Bengio (2013), equations 5 to 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.calculus.util import maximum

from derive.derivation.derivation import Section, derive_gradient
from derive.graphs.wiring import named_function
from derive.ops import operation
from derive.ops.definition import Operation, axes
from derive.tensor.calculus import jacobian, simplify
from derive.tensor.differentiate import differentiate
from derive.tensor.index import Index
from derive.tensor.matrix import Matrix
from derive.tensor.matrix_steps import step_form
from derive.tensor.nodes import Access, D, IfPositive, Sum, Tensor, tensors_in
from derive.tensor.program import Program, Statement

CARRIED = {"lstm": "C", "gru": "H"}
"""What a gated network carries from step to step beside its matrices."""


@dataclass(frozen=True)
class ThroughTime:
    """``step`` is the Jacobian of one step of a plain network, ``slope`` the activation's greatest slope."""

    activation: Operation
    step: Section
    slope: sp.Expr

    def bound(self, norm: float, steps: int) -> float:
        """The greatest that the product over so many steps can be, ``norm`` being that of W_hh."""
        return (float(self.slope) * norm) ** steps

    @property
    def threshold(self) -> sp.Expr:
        """Below this norm of W_hh gradients vanish; only above it they can explode."""
        return 1 / self.slope


def through_time(activation: str = "tanh") -> ThroughTime:
    """The argument for a plain network with this activation.

    Raises :class:`ValueError` for an activation whose slope has no greatest value that can be found.

    >>> found = through_time("sigmoid")
    >>> found.slope, found.threshold, found.bound(norm=2, steps=10) == 0.5**10
    (1/4, 4, True)
    """
    chosen = operation(activation)
    if not chosen.is_elementwise or len(chosen.inputs) != 1:
        raise ValueError(f"{activation} is not an activation: it does not act on each number by itself")
    (j, k) = axes("j k", "m")
    W = Tensor.over("W_hh", j, k, latex="W_{hh}")
    h, a, z = Tensor.over("h", k), Tensor.over("a", j), Tensor.over("z", j)
    after = Tensor.over("H", j)
    function = named_function(chosen, {one.name: sp.Rational(v) for one, v in chosen.settings.items()})
    program = Program(
        (W, h, a),
        (Statement(z[j], Sum(W[j, k] * h[k], k) + a[j]), Statement(after[j], function(z[j]))),
    )
    return ThroughTime(chosen, Section(jacobian(program, after, h).parts[-1]), greatest_slope(chosen))


def greatest_slope(activation: Operation) -> sp.Expr:
    """The greatest size of an activation's derivative, exactly."""
    settings = {one: sp.Rational(value) for one, value in activation.settings.items()}
    slope = derive_gradient(activation, "x").index.xreplace(settings)
    if isinstance(slope, IfPositive) and all(branch.is_number for branch in slope.args[1:]):
        return max(abs(branch) for branch in slope.args[1:])
    if slope.is_number:
        return abs(slope)
    output = activation.output
    if tensors_in(slope) != {output}:
        raise ValueError(
            f"the slope of {activation.name} is not written by its value alone: no bound is known"
        )
    x, y = sp.Symbol("x", real=True), sp.Symbol("y", real=True)
    value = activation.program.statements[-1].value.xreplace({activation.program.inputs[0](): x})
    ends = sorted(sp.limit(value, x, place) for place in (-sp.oo, sp.oo))
    return maximum(sp.expand(slope.xreplace({output(): y})), y, sp.Interval(*ends))


def carried(name: str) -> Matrix:
    """The Jacobian of what a gated network carries from one step to the next, its gates held.

    >>> from derive.tensor.printing import Printer
    >>> carried("lstm").print(Printer("text"))
    'diag(f_t)'
    """
    program = operation(name).program
    step = program.step
    assert step is not None
    statement = program.defined[program.tensor(CARRIED[name])]
    _, unit = statement.target.indices
    assert isinstance(unit, Index)
    before = Index("i", unit.size)
    entry = Access(statement.tensor, step - 1, before)
    taken, _ = differentiate(D(statement.value, entry, D.DIRECT), program)
    result, _, _ = simplify(taken, program)
    target = Tensor("J", [step.size, unit.size, unit.size])[step, unit, before]
    return step_form(target, result, step)[1]
