"""A derivative of one number by another, node by node: values forward, then gradients back."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import mpmath as mp
import sympy as sp

from derive.bank.entries import CARRIED, Entries, equals, fraction_of, number_tree
from derive.graphs.scalar import GraphError, ScalarGraph
from derive.practice.derived import Answer, Formula
from derive.practice.expression_graph import expression_graph, name_text
from derive.reading.tree import Derivative, Tree

SHOWN = 6  # significant digits of a result


def is_of_numbers(
    derivative: Derivative, formulas: Mapping[Tree, Formula], known: Mapping[Tree, Entries]
) -> bool:
    """Whether it is a derivative of one number by another, through numbers alone."""
    assert derivative.of is not None
    if derivative.of not in formulas:
        return False
    chain = _chain(derivative.of, formulas)
    names = {derivative.wrt[0]}.union(*(one.right.walk() for one in chain))
    numbers = all(() in known[name] for name in names if name in known)
    return (
        derivative.wrt[0] in known
        and numbers
        and all(not one.letters and () in known[one.base] for one in chain)
    )


def through_nodes(
    derivative: Derivative, formulas: Mapping[Tree, Formula], known: Mapping[Tree, Entries]
) -> Answer:
    """The derivative by the graph of the formulas, with the numbers of both passes.

    Raises :class:`GraphError` where a formula is no graph of elementary operations.
    """
    assert derivative.of is not None
    chain = _chain(derivative.of, formulas)
    given = {name_text(name): name for name in known}
    graph = expression_graph([(one.base, one.right) for one in chain], given)
    wanted = name_text(derivative.wrt[0])
    node = next((i for i, one in enumerate(graph.nodes) if one.text == wanted), None)
    if node is None or graph.nodes[node].is_constant:
        raise GraphError(f"{wanted} does not occur in it")
    point = {
        graph.nodes[i].text: _exact(known[given[graph.nodes[i].text]][()])
        for i in graph.variables
        if graph.nodes[i].text in given
    }
    values = graph.evaluate(point)
    lines = [
        f"{graph.nodes[i].latex} = {graph.operation_latex(i)} {_shown(values.forward[i])}"
        for i in graph.operations
    ]
    moving = graph.dependent_on(node)
    for index in reversed([i for i in range(len(graph.nodes)) if i in moving and i != graph.output]):
        users = [(gate, position) for gate, position, source in graph.edges() if source == index]
        if users:
            lines.append(_line(graph, index, users, values.backward[index], values))
    result = values.backward[node]
    return Answer(tuple(lines), {(): _tree(result if result is not None else sp.S.Zero)})


def _line(graph: ScalarGraph, index: int, users: list[tuple[int, int]], value, values) -> str:
    """``df/dx = df/dq dq/dx = -4 * 1 = -4``, a sum where the value is used more than once."""
    output = graph.nodes[graph.output].latex

    def slope(above: str, below: int) -> str:
        return rf"\frac{{\partial {above}}}{{\partial {graph.nodes[below].latex}}}"

    words, formulas, numbers = [], [], []
    for gate, position in users:
        local = rf"{slope(graph.nodes[gate].latex, index)}"
        formula, here = graph.local_latex(gate, position), _number(values.local[gate, position])
        if gate == graph.output:
            words.append(local)
            formulas.append(formula)
            numbers.append(here)
            continue
        words.append(rf"{slope(output, gate)} {local}")
        formulas.append(rf"{slope(output, gate)} \cdot {_bracketed(formula)}")
        numbers.append(rf"{_bracketed(_number(values.backward[gate]))} \cdot {_bracketed(here)}")
    pieces = [slope(output, index)]
    for piece in (" + ".join(words), " + ".join(formulas), " + ".join(numbers)):
        if piece != pieces[-1]:
            pieces.append(piece)
    total = _shown(value)
    if total.partition(" ")[2] == pieces[-1]:
        pieces.pop()
    return " = ".join(pieces) + " " + total


def _bracketed(written: str) -> str:
    return rf"\left({written}\right)" if any(sign in written for sign in "+-") else written


def _chain(last: Tree, formulas: Mapping[Tree, Formula]) -> list[Formula]:
    """The formulas that one is computed from, and itself."""
    found: dict[Tree, Formula] = {}

    def need(tree: Tree) -> None:
        if tree in found:
            return
        for node in formulas[tree].right.walk():
            if node in formulas and node != tree:
                need(node)
        found[tree] = formulas[tree]

    need(last)
    return list(found.values())


def _exact(entry: Tree) -> sp.Expr:
    value = fraction_of(entry)
    return sp.Rational(value.numerator, value.denominator)


def _tree(value: sp.Expr) -> Tree:
    if value.is_Rational:
        return number_tree(Fraction(int(value.p), int(value.q)))
    with mp.workdps(CARRIED):
        return number_tree(mp.mpf(str(value)))


def _shown(value: sp.Expr) -> str:
    return equals({(): _tree(value)}, SHOWN)


def _number(value: sp.Expr) -> str:
    return _shown(value).partition(" ")[2]
