"""The derivative of a scalar graph as one formula: the chain rule carried out on symbols, not on numbers.

Functions such as the sigmoid stay what they are: they appear by name, and their derivative in the short form
of the gate, so that the logistic loss gives ``sigma(z) - y`` and not a fraction of exponentials.
"""

from __future__ import annotations

import sympy as sp

from derive.graphs.gates import A, B, Gate
from derive.graphs.printing import latex_of
from derive.graphs.scalar import ScalarGraph


def derivative(graph: ScalarGraph, variable: int) -> tuple[sp.Expr, dict[sp.Symbol, str]]:
    """The derivative of the output by a variable, and the LaTeX of the symbols in it.

    >>> from derive.graphs.builder import Builder
    >>> build = Builder()
    >>> z, y = build.variable("z"), build.variable("y")
    >>> difference = build.apply("subtract", build.apply("sigmoid", z), y)
    >>> graph = build.graph(build.apply("power", difference, build.constant(2)))
    >>> latex_of(*derivative(graph, graph.variables[0]))
    '2 \\\\sigma(z) \\\\left(1 - \\\\sigma(z)\\\\right) \\\\left(- y + \\\\sigma(z)\\\\right)'
    """
    values, names = _values(graph)
    slope: dict[int, sp.Expr] = {graph.output: sp.Integer(1)}
    for gate, position, source in sorted(graph.edges(), key=lambda edge: -edge[0]):
        if gate in slope:
            local = graph.local_formula(gate, position).subs(
                {graph.symbol(i): values[i] for i in (gate, *graph.nodes[gate].inputs)}, simultaneous=True
            )
            slope[source] = slope.get(source, sp.Integer(0)) + slope[gate] * local
    result = _shortest(slope.get(variable, sp.Integer(0)))
    return result, {symbol: name for symbol, name in names.items() if symbol in result.free_symbols}


def _values(graph: ScalarGraph) -> tuple[list[sp.Expr], dict[sp.Symbol, str]]:
    """Every node in terms of the variables and of the gates that are no rational functions."""
    names = {graph.symbol(i): graph.nodes[i].latex for i in graph.variables}
    values: list[sp.Expr] = []
    for index, node in enumerate(graph.nodes):
        if node.gate is None:
            values.append(graph.symbol(index))
            continue
        operands = [values[i] for i in node.inputs]
        value = node.gate.formula.subs(dict(zip((A, B), operands, strict=False)), simultaneous=True)
        if not node.gate.formula.is_rational_function() and not value.is_rational_function():
            symbol = graph.symbol(index)
            names[symbol] = _applied(node.gate, operands, names)
            value = symbol
        values.append(value)
    return values, names


def _applied(gate: Gate, operands: list[sp.Expr], names: dict[sp.Symbol, str]) -> str:
    """A gate with its operands in LaTeX, such that a power may follow: ``\\tanh(x)``, not ``\\tanh x``."""
    written = [latex_of(operand, names) for operand in operands]
    if gate.name == "power" and not operands[0].is_Atom:
        written[0] = f"\\left({written[0]}\\right)"
    return gate.latex.replace(" {0}", "({0})").format(*written)


def _shortest(formula: sp.Expr) -> sp.Expr:
    """The formula as the chain rule gives it, or cancelled or factored if that is clearly shorter."""
    if formula.has(sp.Piecewise):
        return formula
    formula = sp.factor_terms(formula)  # SymPy multiplies the 2 of 2 (s - y) into the bracket
    shorter = min(sp.cancel(formula), sp.factor(formula), key=sp.count_ops)
    return shorter if sp.count_ops(shorter) + 2 < sp.count_ops(formula) else formula
