"""Expansions of functions that are written as formulas."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from derive.derivation.taylor import Difference, Expansion, compare, expand
from derive.graphs.scalar import GraphError
from derive.practice.expression_graph import read_graph, read_point


def read_expansion(text: str, at: str, order: int) -> Expansion:
    """The expansion of a formula in one variable about ``x=a``.

    Raises :class:`GraphError` where the formula cannot be read or has other variables.

    >>> read_expansion("log(x)", "x=1", 2).polynomial
    x - (x - 1)**2/2 - 1
    """
    point = read_point([at])
    (name, value), *_ = point.items()
    return expand(read_formula(text, name), sp.Symbol(name, real=True), value, order)


def read_claim(expansion: Expansion, text: str) -> Sequence[Difference]:
    """What a written expansion has otherwise."""
    return compare(expansion, read_formula(text, expansion.variable.name))


def read_formula(text: str, name: str) -> sp.Expr:
    """A formula in one variable as a SymPy expression; :class:`GraphError` where another one occurs."""
    graph = read_graph(text, [name])
    others = [graph.nodes[i].text for i in graph.variables if graph.nodes[i].text != name]
    if others:
        raise GraphError(f"the formula is to be in {name} alone; {others[0]} occurs too")
    formula, _names = graph.expression()
    x = sp.Symbol(name, real=True)
    return formula.xreplace(dict.fromkeys(formula.free_symbols, x))
