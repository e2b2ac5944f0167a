"""A derivation: the definition, the steps with their rules, the result in index and in matrix notation."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import sympy as sp

from derive.ops.definition import MASK, Operation
from derive.suggest import unknown
from derive.tensor.calculus import (
    Derived,
    Part,
    entry_of,
    jacobian,
    second_derivative,
    upstream_tensor,
    vjp,
)
from derive.tensor.differentiate import Step
from derive.tensor.index import Index, free_indices
from derive.tensor.matrix import Matrix
from derive.tensor.matrix_form import NotAMatrixFormulaError, to_matrix
from derive.tensor.matrix_steps import step_form
from derive.tensor.nodes import (
    Access,
    Apply,
    Bracket,
    DerivativeTensor,
    Elementwise,
    Sum,
    Tensor,
)
from derive.tensor.numeric import Compiled, bind_sizes, compile_statements
from derive.tensor.program import Program, Statement

Kind = Literal["derivative", "gradient", "jacobian", "hessian", "second derivative", "upstream"]


class UnknownVariableError(LookupError):
    """The variable to differentiate by is not an input that has a gradient."""


@dataclass(frozen=True)
class Section:
    """One quantity found on the way: what it is, the steps, what it came to."""

    part: Part
    step: Index | None = None
    """What a recurrence runs over; matrix notation then is of each step by itself."""

    @property
    def target(self) -> Access:
        return self.part.target

    @property
    def result(self) -> sp.Expr:
        return self.part.result

    @cached_property
    def equation(self) -> tuple[Tensor, Matrix | str]:
        """What was found, for a recurrence at one step, and :attr:`matrix`."""
        if self.step is not None:
            with contextlib.suppress(NotAMatrixFormulaError):
                return step_form(self.target, self.result, self.step)
        return self.target.tensor, matrix_form(self.target, self.result)

    @property
    def matrix(self) -> Matrix | str:
        """The result in matrix notation, or the reason why it has none."""
        return self.equation[1]

    def steps(self, detail: bool = False) -> tuple[Step, ...]:
        """The steps; without ``detail`` the trivial ones are left out, unless one of them is the last."""
        if detail:
            return self.part.steps
        shown = [step for step in self.part.steps if not step.trivial]
        if self.part.steps and (not shown or shown[-1].after != self.result):
            last = self.part.steps[-1]
            before = shown[-1].after if shown else last.before
            shown.append(Step(last.rule, before, last.after, last.trivial))
        return tuple(shown)


@dataclass(frozen=True)
class Derivation:
    """A derivative of a program's output, with the way to it.

    ``kind`` says what was derived: the derivative of a number by a number, the gradient of a scalar, a
    Jacobian, a Hessian, or (``upstream``) the gradient of a loss behind the output, given the loss's gradient
    ``g`` by the output.
    """

    name: str
    wrt: str
    order: int
    kind: Kind
    derived: Derived
    constants: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    settings: Mapping[sp.Symbol, Any] = field(default_factory=dict)
    remarks: tuple[tuple[sp.Basic, sp.Basic], ...] = ()
    """Equations that say what names in the result mean: ``delta = dL/dz``, ``sigma'(x) = ...``."""
    keywords: Mapping[sp.Symbol, str] = field(default_factory=dict)
    """What each setting is called in full."""

    @property
    def program(self) -> Program:
        return self.derived.program

    @property
    def definition(self) -> tuple[Statement, ...]:
        """The statements of the definition, those the result may be expressed in included."""
        return self.program.everything

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        return tuple(Section(part, self.program.step) for part in self.derived.parts)

    @property
    def target(self) -> Access:
        return self.derived.target

    @property
    def index(self) -> sp.Expr:
        """The result in index notation."""
        return self.derived.result

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of every section, the trivial ones included."""
        return self.derived.steps

    @cached_property
    def _matrix(self) -> Matrix | str:
        return self.sections[-1].matrix

    @property
    def matrix(self) -> Matrix | None:
        """The result in matrix notation, or None where it has none (see :attr:`why_no_matrix`)."""
        return self._matrix if isinstance(self._matrix, Matrix) else None

    @property
    def why_no_matrix(self) -> str:
        return self._matrix if isinstance(self._matrix, str) else ""

    @property
    def named(self) -> tuple[tuple[Tensor, DerivativeTensor], ...]:
        """The short names of gradients on the way, each with what it stands for."""
        if self.kind != "upstream":
            return ()
        loss, short = Tensor("L"), {new: old for old, new in _short_names(self.program).items()}
        found = (section.target.tensor for section in self.sections)
        return tuple((one, DerivativeTensor(loss, short[one])) for one in found if one in short)

    @cached_property
    def cases(self) -> tuple[tuple[bool, Index, Index, sp.Expr], ...]:
        """What a delta joins: the value where the two indices are equal, and where they differ."""
        brackets = self.index.atoms(Bracket)
        bound = {index for one in self.index.atoms(Sum) for index in one.bound}
        if len(brackets) != 1:
            return ()
        (bracket,) = brackets
        pair = sorted(free_indices(bracket), key=lambda index: index.name)
        plain = len(pair) == 2 and bracket == Bracket(pair[0] - pair[1])
        if not plain or bound & set(pair) or any(index.name.startswith("given") for index in pair):
            return ()
        first, second = pair
        equal = self.index.xreplace({bracket: sp.S.One}).xreplace({second: first})
        return (True, first, second, equal), (False, first, second, self.index.xreplace({bracket: sp.S.Zero}))

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was used besides the definitions themselves."""
        return tuple(fact.words for fact in self.derived.facts)

    @cached_property
    def numpy(self) -> Compiled:
        """The result as a NumPy function of the inputs (and of ``g``, where there is an upstream gradient).

        A class index is given by its name; constants of the definition are filled in.
        """
        seeds = self.derived.seeds
        inputs = (*self.program.inputs, *seeds)
        needed = _needed(self.program, self.derived.statements)
        statements = [_filled(one, self.constants) for one in (*needed, *self.derived.statements)]
        settings = [symbol.name for symbol in self.settings]
        return compile_statements(inputs, statements, settings, self.program.derived_sizes)

    def evaluate(self, **given: Any) -> np.ndarray:
        """The result for these arrays and settings; a setting that is not given has its default.

        Settings go by their full names (``stride``) or by their letters. Raises :class:`ValueError` that
        names the sizes where shapes disagree, what is missing, or what has no finite value.
        """
        letters = {self.keywords.get(symbol, symbol.name): symbol.name for symbol in self.settings}
        defaults = {one.name: int(v) if one.is_integer else float(v) for one, v in self.settings.items()}
        named = {letters.get(name, name): value for name, value in given.items()}
        everything = {**defaults, **named}
        if all(one.name in everything for one in self.numpy.inputs):
            self._check_sizes(everything)
        found = self.numpy.all(everything)
        self._check_finite(everything, found)
        return found[self.numpy.targets[-1].name]

    def _check_sizes(self, given: Mapping[str, Any]) -> None:
        """What the sizes that follow from others, and the class labels, have to be."""
        sizes = bind_sizes(self.numpy.inputs, given)
        known = {**given, **bind_sizes(self.program.inputs, given)}
        for size, formula in self.program.derived_sizes:
            value = formula.xreplace(
                {one: sp.Integer(int(known[one.name])) for one in formula.free_symbols if one.name in known}
            )
            known[size.name] = value
            if not value.is_Integer:
                continue
            if value < 1:
                at = ", ".join(f"{one} = {known[one.name]}" for one in sorted(formula.free_symbols, key=str))
                raise ValueError(
                    f"{self.name}: {size} = {formula} would be {value} at {at}: the window is larger than "
                    "the padded input; more padding or a smaller window fits"
                )
            if sizes.get(size.name, value) != value:
                raise ValueError(f"{self.name}: {size} is {value} here, and {sizes[size.name]} in g")
        for index in {one for line in self.definition for one in free_indices(line.value)}:
            name, extent = index.name.removeprefix("given "), known.get(str(index.size))
            if name == index.name or name not in given or extent is None:
                continue
            labels = np.asarray(given[name])
            if np.any((labels < 0) | (labels >= extent)):
                raise ValueError(f"{self.name}: {name} is {given[name]} and has to be 0 to {extent - 1}")

    def _check_finite(self, given: Mapping[str, Any], found: Mapping[str, np.ndarray]) -> None:
        """A result that is no number, from numbers, is said to be none."""
        arrays = [np.asarray(given[one.name]) for one in self.numpy.inputs]
        if not all(np.all(np.isfinite(one)) for one in arrays if one.dtype.kind == "f"):
            return
        for name, value in found.items():
            if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
                if value.dtype == np.float64:
                    why = "something is divided by 0 there (a variance, with eps = 0), or too large"
                else:
                    why = f"{value.dtype} ends at {np.finfo(value.dtype).max:g}; float64 goes further"
                place = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
                where = f" at {place}" if place else ""
                raise ValueError(f"{self.name} by {self.wrt}: {name} is not finite{where}: {why}")


def _filled(statement: Statement, constants: Mapping[sp.Symbol, sp.Expr]) -> Statement:
    return Statement(statement.target, statement.value.xreplace(dict(constants)), statement.keep)


def _needed(program: Program, statements: Sequence[Statement]) -> list[Statement]:
    """The forward statements whose values the results use, in order."""
    wanted = {tensor for one in statements for tensor in one.value.atoms(Tensor)}
    return [
        one for one in program.everything if any(program.depends(tensor, one.tensor) for tensor in wanted)
    ]


def matrix_form(target: Access, result: sp.Expr) -> Matrix | str:
    """The matrix form of a result, or the reason why it has none."""
    indices = [index for index in target.indices if isinstance(index, Index)]
    if len(indices) > 2:
        return f"it has {len(indices)} indices, and a matrix has two"
    row, column = (*indices, None, None)[:2]
    try:
        return to_matrix(result, row, column)
    except NotAMatrixFormulaError as error:
        return f"matrix notation has no sign for {error}"


def derive_gradient(
    operation: Operation, wrt: str, order: int = 1, upstream: bool | None = None
) -> Derivation:
    """Derive an operation's derivative by one of its inputs.

    With ``upstream`` the gradient of a loss behind the output, given ``g``; without it the Jacobian (for a
    scalar output the gradient). By default the Jacobian where it has at most two indices, else with ``g``.

    Raises :class:`UnknownVariableError` with near names, :class:`ValueError` for an order but 1 and 2.

    >>> from derive.ops import operation
    >>> derive_gradient(operation("tanh"), "x").index
    1 - y[]**2
    """
    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {order}")
    tensor = _variable(operation, wrt)
    program, output = operation.program, operation.output
    rank = output.rank + order * tensor.rank
    if upstream is None:
        upstream = order == 1 and output.rank > 0 and rank > 2
    if upstream and order == 2:
        raise ValueError("second derivatives are derived of the output itself, without an upstream gradient")
    kind: Kind
    if order == 2:
        derived = second_derivative(program, output, tensor)
        kind = "second derivative" if output.rank or not tensor.rank else "hessian"
    elif upstream:
        names = _short_names(program)
        derived = vjp(program, [tensor], {output: upstream_tensor(program)}, names)
        kind = "upstream"
    else:
        derived = jacobian(program, output, tensor)
        kind = "jacobian" if output.rank else "gradient" if tensor.rank else "derivative"
    return Derivation(
        operation.name,
        wrt,
        order,
        kind,
        derived,
        operation.constants,
        operation.settings,
        keywords=operation.keywords,
    )


def _short_names(program: Program) -> dict[Tensor, Tensor]:
    """``dS`` for the gradient of the loss by an intermediate ``S``, as a textbook writes it."""
    taken = {one.name for one in (*program.inputs, *program.defined, *program.sizes(), *program.settings())}
    return {
        one: Tensor(
            f"d{one.name}", one.shape, latex=f"d{one.latex}", text=f"d{one.text}", letters=one.letters
        )
        for one in program.defined
        if f"d{one.name}" not in taken
    }


def derive_program(
    name: str,
    program: Program,
    wanted: Sequence[Tensor],
    names: Mapping[Tensor, Tensor] | None = None,
    constants: Mapping[sp.Symbol, sp.Expr] | None = None,
    settings: Mapping[sp.Symbol, Any] | None = None,
    seeds: Mapping[Tensor, Tensor] | None = None,
) -> Derivation:
    """All wanted gradients of a program, backwards, as one derivation.

    Without ``seeds`` the program's output is the loss; with them they are the loss's gradients by the
    outputs. ``names`` gives gradients on the way names of their own.
    """
    derived = vjp(program, wanted, dict(seeds) if seeds else None, dict(names or {}))
    wrt = ", ".join(one.name for one in wanted)
    loss = Tensor("L") if seeds else program.output
    remarks = [
        (entry_of(short, program), Access(DerivativeTensor(loss, tensor), *entry_of(short, program).indices))
        for tensor, short in {**(names or {}), **(seeds or {})}.items()
    ]
    remarks += [_slope(function) for function in functions_in(program)]
    return Derivation(name, wrt, 1, "gradient", derived, constants or {}, settings or {}, tuple(remarks))


def functions_in(program: Program) -> list[Elementwise]:
    """The named elementwise functions that a program applies, in order."""
    found: dict[Elementwise, None] = {}
    for statement in program.statements:
        for node in sp.preorder_traversal(statement.value):
            if isinstance(node, Apply):
                found.setdefault(node.function)
    return list(found)


def _slope(function: Elementwise) -> tuple[sp.Expr, sp.Expr]:
    """``f'(x)``, in terms of ``f(x)`` where that is shorter, derived from the function's definition."""
    x, y = Tensor("x"), Tensor("y")
    value = function.body.xreplace({function.argument: x()})
    result = jacobian(Program((x,), (Statement(y(), value),)), y, x).result
    return Apply(function, 1, x()), result.xreplace({y(): Apply(function, 0, x())})


def _variable(operation: Operation, wrt: str) -> Tensor:
    names = [one.name for one in operation.differentiable]
    found = operation.by_name.get(wrt)
    if found is None:
        raise UnknownVariableError(f"{operation.name}: {unknown('input', wrt, operation.by_name)}")
    if found.tensor is None or not found.differentiable:
        kind = "a mask" if found.domain == MASK else "an index"
        raise UnknownVariableError(
            f"{operation.name}: {wrt} is {kind} and has no gradient; there is one by {', '.join(names)}"
        )
    return found.tensor
