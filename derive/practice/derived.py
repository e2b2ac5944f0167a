"""Answers that are derivatives of indexed formulas, derived by the tensor calculus, with their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from derive.bank.entries import Entries, equals, rounded
from derive.bank.entrywise import Entrywise, value_of
from derive.derivation.derivation import Section
from derive.graphs.scalar import GraphError
from derive.practice.expression_graph import name_text
from derive.practice.sums import written_out
from derive.practice.tensor_form import Converter
from derive.reading import to_latex
from derive.reading.tree import Derivative, Indexed, Name, Number, Tree
from derive.tensor.calculus import jacobian
from derive.tensor.index import Index
from derive.tensor.nodes import Tensor
from derive.tensor.printing import printer_for
from derive.tensor.program import Program, Statement

SHOWN = 6  # significant digits of a result
PUT_IN = 4  # significant digits of a value put into a formula


@dataclass(frozen=True)
class Formula:
    """A formula of an earlier part: ``left = right``, the left side's index letters apart."""

    base: Tree
    letters: tuple[Tree, ...]
    right: Tree

    @cached_property
    def mentions(self) -> frozenset[Tree]:
        """The names on the right, those in a written-out sum included (the ``u_2`` of ``\\sum_k u_k``)."""
        names = {*self.right.walk(), *written_out(self.right).walk()}
        return frozenset(name for name in names if isinstance(name, Name | Indexed))


@dataclass(frozen=True)
class Answer:
    """A derived answer: the lines of the derivation and the values of all entries."""

    steps: tuple[str, ...]
    entries: Entries


def is_derivable(right: Tree) -> bool:
    """Whether the right side is ``d y_i / d x_j`` of named quantities."""
    return (
        isinstance(right, Derivative)
        and right.of is not None
        and len(right.wrt) == 1
        and right.at is None
        and right.kind in ("partial", "d", "nabla")
    )


def derive_answer(
    derivative: Derivative, formulas: Mapping[Tree, Formula], known: Mapping[Tree, Entries]
) -> Answer:
    """Derive ``d y / d x`` where ``y`` is defined by formulas of what is known.

    Raises :class:`GraphError` where a formula is not one that the calculus knows.
    """
    assert derivative.of is not None
    output, variable = (
        one.base if isinstance(one, Indexed) and one not in known else one
        for one in (derivative.of, derivative.wrt[0])
    )
    program, tensors = _program(output, variable, formulas, known)
    derived = jacobian(program, tensors[output], tensors[variable])
    printer = replace(printer_for(program, "latex"), origin=1)
    steps = []
    for section in map(Section, derived.parts):
        target = printer(section.target)
        for step in section.steps():
            steps.append(f"{target} = {printer.beside(section.target)(step.after)}")
    numbers = Entrywise({})
    for tree, tensor in tensors.items():
        entries = known[tree].items()
        numbers.put(tensor, {tuple(k - 1 for k in place): value_of(entry) for place, entry in entries})
    for statement in derived.statements:
        numbers.compute(statement)
        for position in numbers.positions(statement.tensor):
            name = printer(statement.tensor[tuple(map(sp.Integer, position))])
            put_in = numbers.entry(statement, position, lambda entry: rounded(entry, PUT_IN))
            total = equals({(): numbers.values[statement.tensor][position]}, SHOWN)
            lone = isinstance(put_in, Number) or total == f"= {to_latex(put_in)}"
            steps.append(f"{name} {total}" if lone else f"{name} = {to_latex(put_in)} {total}")
    values = numbers.values[derived.statements[-1].tensor].items()
    return Answer(tuple(steps), {tuple(k + 1 for k in place): entry for place, entry in values})


def _program(
    output: Tree, variable: Tree, formulas: Mapping[Tree, Formula], known: Mapping[Tree, Entries]
) -> tuple[Program, dict[Tree, Tensor]]:
    """What the output is computed from: the variable and other givens as inputs, formulas as statements."""
    tensors: dict[Tree, Tensor] = {}
    inputs: list[Tensor] = []
    statements: list[Statement] = []

    def depends(tree: Tree) -> set[Tree]:
        """The names that a quantity is computed from, through all formulas."""
        found: set[Tree] = set()
        waiting = [tree]
        while waiting:
            names = formulas[one].mentions if (one := waiting.pop()) in formulas else frozenset()
            waiting += [name for name in names - found if name in formulas]
            found |= names
        return found

    def need(tree: Tree) -> None:
        if tree in tensors:
            return
        if tree != variable and tree in formulas and (tree == output or variable in depends(tree)):
            formula = formulas[tree]
            for node in sorted(formula.mentions - {tree}, key=to_latex):
                if node in formulas or node in known:
                    need(node)
            _define(formula)
        elif tree in known:
            tensors[tree] = _tensor(tree, _shape(known[tree]))
            inputs.append(tensors[tree])
        else:
            raise GraphError(f"nothing says what {to_latex(tree)} is")

    def _define(formula: Formula) -> None:
        shape = _shape(known[formula.base])
        if formula.letters or not shape:
            indices = tuple(
                Index(name_text(letter), size) for letter, size in zip(formula.letters, shape, strict=True)
            )
            scope = dict(zip(formula.letters, indices, strict=True))
            value = Converter(tensors).expression(formula.right, scope)
        else:
            indices = tuple(Index(letter, size) for letter, size in zip("ij", shape, strict=False))
            whole = Converter(tensors).whole(formula.right)
            value = whole.at(indices if whole.shape else ())
        tensor = _tensor(formula.base, shape, positive=bool(value.is_positive))
        statements.append(Statement(tensor[indices], value))
        tensors[formula.base] = tensor

    need(variable)
    need(output)
    return Program(tuple(inputs), tuple(statements)), tensors


def _tensor(tree: Tree, shape: tuple[int, ...], positive: bool = False) -> Tensor:
    return Tensor(
        name_text(tree),
        map(sp.Integer, shape),
        positive=positive,
        latex=to_latex(tree),
        letters="ijkl"[: len(shape)],
    )


def _shape(entries: Entries) -> tuple[int, ...]:
    return tuple(map(max, zip(*entries, strict=True))) if () not in entries else ()
