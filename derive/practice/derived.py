"""Answers that are derivatives of indexed formulas, derived by the tensor calculus, with their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from derive.bank.entries import Entries, entries_of_array, plain
from derive.derivation.derivation import Section
from derive.graphs.scalar import GraphError
from derive.practice.expression_graph import name_text
from derive.practice.tensor_form import Converter
from derive.reading import to_latex
from derive.reading.tree import Derivative, Indexed, Name, Tree
from derive.tensor.calculus import jacobian
from derive.tensor.index import Index
from derive.tensor.nodes import Tensor
from derive.tensor.numeric import compile_statements
from derive.tensor.printing import printer_for
from derive.tensor.program import Program, Statement


@dataclass(frozen=True)
class Formula:
    """A formula of an earlier part: ``left = right``, the left side's index letters apart."""

    base: Tree
    letters: tuple[Tree, ...]
    right: Tree


@dataclass(frozen=True)
class Answer:
    """A derived answer: the lines of the derivation and the values of all entries."""

    steps: tuple[str, ...]
    entries: Entries


def is_derivable(right: Tree) -> bool:
    """Whether the right side is ``d y_i / d x_j`` of named quantities."""
    return isinstance(right, Derivative) and right.of is not None and len(right.wrt) == 1 and right.at is None


def derive_answer(
    derivative: Derivative, formulas: Mapping[Tree, Formula], known: Mapping[Tree, Entries]
) -> Answer:
    """Derive ``d y / d x`` where ``y`` is defined by formulas of what is known.

    Raises :class:`GraphError` where a formula is not one that the calculus knows.
    """
    assert derivative.of is not None
    output, variable = _base(derivative.of), _base(derivative.wrt[0])
    program, tensors = _program(output, variable, formulas, known)
    derived = jacobian(program, tensors[output], tensors[variable])
    printer = replace(printer_for(program, "latex"), origin=1)
    steps = []
    for section in map(Section, derived.parts):
        target = printer(section.target)
        for step in section.steps():
            steps.append(f"{target} = {printer.beside(section.target)(step.after)}")
    compiled = compile_statements(program.inputs, (*program.everything, *derived.statements))
    values = compiled({one.name: _array(known[tree], one) for tree, one in tensors.items() if tree in known})
    exact = np.vectorize(Fraction, otypes=[object])(values)
    return Answer(tuple(steps), entries_of_array(_as_batch(exact)))


def _as_batch(values: Any) -> Any:
    return values[None, :, None] if values.ndim == 1 else values[None]


def _base(tree: Tree) -> Tree:
    return tree.base if isinstance(tree, Indexed) else tree


def _program(
    output: Tree, variable: Tree, formulas: Mapping[Tree, Formula], known: Mapping[Tree, Entries]
) -> tuple[Program, dict[Tree, Tensor]]:
    """What the output is computed from: the variable and other givens as inputs, formulas as statements."""
    tensors: dict[Tree, Tensor] = {}
    inputs: list[Tensor] = []
    statements: list[Statement] = []

    def need(tree: Tree) -> None:
        if tree in tensors:
            return
        if tree != variable and tree in formulas:
            formula = formulas[tree]
            for node in formula.right.walk():
                if isinstance(node, Name) and (node in formulas or node in known) and node != tree:
                    need(node)
            _define(formula)
        elif tree in known:
            tensors[tree] = _tensor(tree, _shape(known[tree]))
            inputs.append(tensors[tree])
        else:
            raise GraphError(f"nothing says what {to_latex(tree)} is")

    def _define(formula: Formula) -> None:
        shape = _shape(known[formula.base])
        if len(formula.letters) != len(shape):
            raise GraphError(
                f"{to_latex(formula.base)} is defined as a whole; to be differentiated it has to be defined "
                f"by its entries, {to_latex(formula.base)}_i = ..."
            )
        indices = tuple(
            Index(name_text(letter), size) for letter, size in zip(formula.letters, shape, strict=True)
        )
        scope = dict(zip(formula.letters, indices, strict=True))
        value = Converter(tensors).expression(formula.right, scope)
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


def _array(entries: Entries, tensor: Tensor) -> np.ndarray:
    return np.asarray(plain(entries), dtype=float)
