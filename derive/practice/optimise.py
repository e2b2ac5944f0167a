"""An optimiser run for a few steps on numbers, with every quantity of every step.

The step is the operation's definition in the catalogue. The gradients are those of a loss, at the point where
the optimiser takes them, or a given list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from derive import ops
from derive.graphs.scalar import GraphError, ScalarGraph
from derive.ops.definition import Operation
from derive.suggest import unknown
from derive.tensor.nodes import Tensor
from derive.tensor.program import Statement

DIGITS = 30  # carried where a number is not rational, or its fraction has become unwieldy
MOST_STEPS = 10_000

PARAMETER, GRADIENT, AHEAD, STEP_NUMBER = "theta", "g", "theta_ahead", "t"


@dataclass(frozen=True)
class Step:
    """One step of one parameter: ``before`` is what went in, ``found`` what each statement came to."""

    number: int
    before: Mapping[str, sp.Expr]
    found: Mapping[str, sp.Expr]

    @property
    def after(self) -> sp.Expr:
        """The parameter after the step."""
        return self.found[PARAMETER + "'"]


@dataclass(frozen=True)
class Run:
    """The steps of every parameter: ``steps[name][k]`` is step ``k + 1``.

    ``losses`` are those before each step and after the last; empty where the gradients were given.
    """

    operation: Operation
    settings: Mapping[str, sp.Expr]
    steps: Mapping[str, Sequence[Step]]
    losses: Sequence[sp.Expr]


def optimisers() -> list[str]:
    """The operations of the catalogue that are steps of an optimiser."""
    return [
        name
        for name in ops.names()
        if {PARAMETER, GRADIENT} <= set(ops.operation(name).by_name)
        and ops.operation(name).output.name == PARAMETER + "'"
    ]


def find_optimiser(name: str) -> Operation:
    """The step of an optimiser; :class:`GraphError` suggests near names."""
    known = optimisers()
    spelled = name.lower().replace("-", "_")
    if spelled not in known:
        raise GraphError(unknown("optimiser", name, known))
    return ops.operation(spelled)


def run_on_loss(
    operation: Operation,
    loss: ScalarGraph,
    start: Mapping[str, sp.Expr],
    count: int,
    settings: Mapping[str, sp.Expr] | None = None,
) -> Run:
    """Minimise a scalar expression from a point, for so many steps.

    >>> from derive.practice.expression_graph import read_graph, read_point
    >>> start = read_point(["x=1"])
    >>> run = run_on_loss(find_optimiser("gradient_descent"), read_graph("x^2/2", start), start, 2,
    ...                   {"eta": sp.Rational(1, 4)})
    >>> [step.after for step in run.steps["x"]], run.losses
    ([3/4, 9/16], [1/2, 9/32, 81/512])
    """
    missing = [loss.nodes[i].text for i in loss.variables if loss.nodes[i].text not in start]
    if missing:
        raise GraphError(f"the start of {', '.join(missing)} is missing; add {missing[0]}=1")
    chosen = _settings(operation, settings or {})
    _check_count(count)
    states = {name: _start(operation, value) for name, value in start.items()}
    steps: dict[str, list[Step]] = {name: [] for name in start}
    losses: list[sp.Expr] = []
    for number in range(1, count + 1):
        ahead = {name: _ahead(operation, state, chosen) for name, state in states.items()}
        losses.append(_loss(loss, {name: state[PARAMETER] for name, state in states.items()}))
        slopes = loss.evaluate(ahead).gradient
        for name, state in states.items():
            step = _one(operation, number, {**state, GRADIENT: slopes.get(name, sp.S.Zero)}, chosen)
            steps[name].append(step)
            states[name] = _next(operation, step)
    losses.append(_loss(loss, {name: state[PARAMETER] for name, state in states.items()}))
    return Run(operation, chosen, steps, losses)


def run_on_gradients(
    operation: Operation,
    gradients: Sequence[sp.Expr],
    start: sp.Expr = sp.S.Zero,
    settings: Mapping[str, sp.Expr] | None = None,
) -> Run:
    """Steps along given gradients, one after the other.

    >>> run = run_on_gradients(find_optimiser("adam"), [sp.Integer(1)] * 3)
    >>> [step.found["v'"] for step in run.steps["theta"]], [step.found["vhat"] for step in run.steps["theta"]]
    ([1/1000, 1999/1000000, 2997001/1000000000], [1, 1, 1])
    """
    chosen = _settings(operation, settings or {})
    _check_count(len(gradients))
    state, steps = _start(operation, start), []
    for number, gradient in enumerate(gradients, 1):
        step = _one(operation, number, {**state, GRADIENT: gradient}, chosen)
        steps.append(step)
        state = _next(operation, step)
    return Run(operation, chosen, {PARAMETER: steps}, ())


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_STEPS:
        raise GraphError(f"the number of steps has to be from 1 to {MOST_STEPS}; it is {count}")


def _settings(operation: Operation, given: Mapping[str, sp.Expr]) -> dict[str, sp.Expr]:
    """The hyper-parameters, those that are not given at their defaults; the step's number is counted."""
    defaults = {symbol.name: _rational(value) for symbol, value in operation.settings.items()}
    free = [name for name in defaults if name != STEP_NUMBER]
    for name in given:
        if name not in free:
            takes = f"it takes {', '.join(free)}"
            raise GraphError(f"{operation.name} has no hyper-parameter {name!r}; {takes}")
    return {**defaults, **given}


def _rational(value: Fraction) -> sp.Expr:
    return sp.Rational(value.numerator, value.denominator)


def _start(operation: Operation, value: sp.Expr) -> dict[str, sp.Expr]:
    """Every state is 0 at first; where the step wants the parameter before, that is the first one."""
    state = {one.name: sp.S.Zero for one in operation.inputs if one.name != GRADIENT}
    return {name: value if name.startswith(PARAMETER) else zero for name, zero in state.items()}


def _next(operation: Operation, step: Step) -> dict[str, sp.Expr]:
    """What the primed quantities of a step are for the next."""
    return {one.name: step.found[one.name + "'"] for one in operation.inputs if one.name != GRADIENT}


def _ahead(operation: Operation, state: Mapping[str, sp.Expr], settings: Mapping[str, sp.Expr]) -> sp.Expr:
    """Where the gradient is to be taken."""
    for statement in operation.program.aside:
        if statement.tensor.name == AHEAD:
            return _value(statement, {**settings, **state})
    return state[PARAMETER]


def _one(
    operation: Operation, number: int, before: dict[str, sp.Expr], settings: Mapping[str, sp.Expr]
) -> Step:
    known: dict[str, sp.Expr] = {**settings, **before}
    if STEP_NUMBER in known:
        known[STEP_NUMBER] = before[STEP_NUMBER] = sp.Integer(number)
    found: dict[str, sp.Expr] = {}
    for statement in operation.program.everything:
        found[statement.tensor.name] = known[statement.tensor.name] = _value(statement, known)
    return Step(number, before, found)


def _value(statement: Statement, known: Mapping[str, sp.Expr]) -> sp.Expr:
    names: dict[sp.Basic, sp.Expr] = {one(): known[one.name] for one in statement.value.atoms(Tensor)}
    names |= {one: known[one.name] for one in statement.value.atoms(sp.Symbol) if one.name in known}
    value = statement.value.xreplace(names)
    if value.is_Rational and value.q < 10**DIGITS and abs(value.p) < 10**DIGITS:
        return value
    number = value.evalf(DIGITS)
    if not number.is_finite or not number.is_real:
        raise GraphError(f"{statement.tensor.name} has no finite value: {number}; take a smaller rate")
    return number


def _loss(loss: ScalarGraph, point: Mapping[str, sp.Expr]) -> sp.Expr:
    return loss.evaluate(dict(point)).forward[loss.output]
