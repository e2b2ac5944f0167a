"""The chain rule on symbols against SymPy's derivative of the whole expression, which goes another way."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derive.graphs.builder import Builder
from derive.graphs.gates import GATES
from derive.graphs.printing import latex_of
from derive.graphs.scalar import GraphError, ScalarGraph
from derive.graphs.symbolic import derivative

SMOOTH = sorted(name for name, gate in GATES.items() if gate.kink is None and name != "power")
POINT = {"x": sp.Rational(7, 11), "y": sp.Rational(5, 13), "z": sp.Rational(-3, 7)}


@st.composite
def graphs(draw: st.DrawFn) -> ScalarGraph:
    build = Builder()
    nodes = [build.variable(name) for name in POINT] + [build.constant(2)]
    for _ in range(draw(st.integers(1, 7))):
        gate = draw(st.sampled_from(SMOOTH))
        inputs = [nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(GATES[gate].arity)]
        nodes.append(build.apply(gate, *inputs))
    return build.graph(nodes[-1])


@given(graphs())
def test_the_derivative_is_that_of_the_whole_expression(graph: ScalarGraph) -> None:
    try:
        values = graph.evaluate(POINT)
    except GraphError:
        return  # no real value here: nothing to differentiate
    whole, _ = graph.expression()
    at = {graph.symbol(i): POINT[graph.nodes[i].text] for i in graph.variables}
    known = {graph.symbol(i): value for i, value in enumerate(values.forward)}
    for variable in graph.variables:
        expected = sp.diff(whole, graph.symbol(variable)).subs(at).evalf(30)
        formula, _ = derivative(graph, variable)
        for found in (formula.subs(known).evalf(30), values.gradient[graph.nodes[variable].text]):
            assert abs(found - expected) <= sp.Float("1e-15") * max(1, abs(expected))


def logistic_loss(build: Builder) -> int:
    """-y log s(z) - (1 - y) log(1 - s(z))"""
    z, y, one = build.variable("z"), build.variable("y"), build.constant(1)
    s = build.apply("sigmoid", z)
    first = build.apply("negate", build.apply("multiply", y, build.apply("log", s)))
    second = build.apply("log", build.apply("subtract", one, s))
    return build.apply("subtract", first, build.apply("multiply", build.apply("subtract", one, y), second))


def inner_square(build: Builder) -> int:
    """exp(sin(x^2))"""
    square = build.apply("power", build.variable("x"), build.constant(2))
    return build.apply("exp", build.apply("sin", square))


@pytest.mark.parametrize(
    ("make", "latex"),
    [
        (logistic_loss, "- y + \\sigma(z)"),
        (inner_square, "2 x e^{\\sin(x^{2})} \\cos{\\left(x^{2} \\right)}"),
        (lambda build: build.apply("tanh", build.variable("x")), "1 - \\tanh(x)^{2}"),
        (lambda build: build.apply("relu", build.variable("x")), "\\mathbf{1}[x > 0]"),
    ],
    ids=["logistic loss", "e^sin(x^2)", "tanh", "ReLU"],
)
def test_the_formula_is_the_textbooks(make, latex: str) -> None:
    build = Builder()
    graph = build.graph(make(build))
    assert latex_of(*derivative(graph, graph.variables[0])) == latex
