"""Scalar graphs against hand calculation (the course notes' graphs, in their right values) and against
PyTorch."""

from collections.abc import Callable

import pytest
import sympy as sp

from derive.graphs.builder import Builder
from derive.graphs.gates import GATES, A, B, local_derivative
from derive.graphs.scalar import GraphError, ScalarGraph

R = sp.Rational


def sum_times(build: Builder) -> int:
    """(x + y) z"""
    x, y, z = map(build.variable, "xyz")
    return build.apply("multiply", build.apply("add", x, y), z)


def plus_product(build: Builder) -> int:
    """x + y z"""
    x, y, z = map(build.variable, "xyz")
    return build.apply("add", x, build.apply("multiply", y, z))


def product_and_max(build: Builder) -> int:
    """2 (x y + max(z, w))"""
    x, y, z, w = map(build.variable, "xyzw")
    inner = build.apply("add", build.apply("multiply", x, y), build.apply("max", z, w))
    return build.apply("multiply", build.constant(2), inner)


def square_of_sum(build: Builder) -> int:
    """(x + y)(x + y), the sum shared"""
    x, y = map(build.variable, "xy")
    return build.apply("multiply", build.apply("add", x, y), build.apply("add", x, y))


def reused(build: Builder) -> int:
    """x y + x"""
    x, y = map(build.variable, "xy")
    return build.apply("add", build.apply("multiply", x, y), x)


def graph_of(make: Callable[[Builder], int]) -> ScalarGraph:
    build = Builder()
    return build.graph(make(build))


@pytest.mark.parametrize(
    ("make", "point", "value", "gradient"),
    [
        (sum_times, {"x": -2, "y": 4, "z": -4}, -8, {"x": -4, "y": -4, "z": 2}),
        (sum_times, {"x": 2, "y": 3, "z": 7}, 35, {"x": 7, "y": 7, "z": 5}),
        (plus_product, {"x": -2, "y": 5, "z": -4}, -22, {"x": 1, "y": -4, "z": 5}),
        (product_and_max, {"x": 3, "y": -4, "z": 2, "w": -1}, -20, {"x": -8, "y": 6, "z": 2, "w": 0}),
        (product_and_max, {"x": 3, "y": -4, "z": -1, "w": 2}, -20, {"x": -8, "y": 6, "z": 0, "w": 2}),
        (square_of_sum, {"x": R(1, 3), "y": R(1, 6)}, R(1, 4), {"x": 1, "y": 1}),
        (reused, {"x": 5, "y": 7}, 40, {"x": 8, "y": 5}),
    ],
    ids=["E1", "E7", "E2", "E4 z>w", "E4 w>z", "shared sum, thirds", "branches add"],
)
def test_rational_graphs_are_exact(make, point, value, gradient) -> None:
    graph = graph_of(make)
    values = graph.evaluate(point)
    assert values.forward[graph.output] == value
    assert values.gradient == gradient
    assert all(v.is_Rational for v in values.gradient.values())


def neuron(build: Builder) -> int:
    """1/(1 + e^{-(w_0 x_0 + w_1 x_1 + w_2)}), written gate by gate as in the lecture."""
    w0, x0, w1, x1, w2 = map(build.variable, ["w_0", "x_0", "w_1", "x_1", "w_2"])
    dot = build.apply("add", build.apply("multiply", w0, x0), build.apply("multiply", w1, x1))
    z = build.apply("negate", build.apply("add", dot, w2))
    return build.apply(
        "divide", build.constant(1), build.apply("add", build.constant(1), build.apply("exp", z))
    )


NEURON_POINT = {"w_0": 2, "x_0": -1, "w_1": -3, "x_1": -2, "w_2": -3}


def test_the_lectures_neuron_has_its_eight_gates_and_published_values() -> None:
    """CS231n's example; problems.md E3 gives the values to five digits."""
    graph = graph_of(neuron)
    values = graph.evaluate(NEURON_POINT)
    forward = [float(values.forward[i]) for i in graph.operations]
    backward = [float(values.backward[i]) for i in graph.operations]
    assert forward == pytest.approx([-2, 6, 4, 1, -1, 0.36788, 1.36788, 0.73106], abs=5e-6)
    small = 0.19661
    assert backward == pytest.approx([small, small, small, small, -small, -0.53445, -0.53445, 1], abs=5e-6)
    expected = {"w_0": -small, "x_0": 0.39322, "w_1": -0.39322, "x_1": -0.58984, "w_2": small}
    assert {name: float(v) for name, v in values.gradient.items()} == pytest.approx(expected, abs=6e-6)


def test_gradients_of_the_neuron_are_those_of_one_sigmoid_gate() -> None:
    """The eight gates and the single gate sigma are the same function."""
    build = Builder()
    w0, x0, w1, x1, w2 = map(build.variable, ["w_0", "x_0", "w_1", "x_1", "w_2"])
    dot = build.apply("add", build.apply("multiply", w0, x0), build.apply("multiply", w1, x1))
    whole = build.graph(build.apply("sigmoid", build.apply("add", dot, w2)))
    left, right = graph_of(neuron).evaluate(NEURON_POINT).gradient, whole.evaluate(NEURON_POINT).gradient
    for name, value in left.items():
        assert abs(value - right[name]) < R(1, 10**25)


def test_an_upstream_gradient_scales_everything() -> None:
    """E5: f = g + z, g = x y, dL/df = -2, y = 3, x = -2."""
    build = Builder()
    x, y, z = map(build.variable, "xyz")
    g = build.apply("multiply", x, y)
    build.name(g, "g")
    graph = build.graph(build.apply("add", g, z))
    values = graph.evaluate({"x": -2, "y": 3, "z": 11}, upstream=-2)
    assert values.gradient == {"x": -6, "y": 4, "z": -2}
    assert [graph.nodes[i].text for i in graph.operations] == ["g", "f_2"]
    assert values.backward[graph.operations[0]] == -2


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_local_derivative_is_what_central_differences_say(name: str) -> None:
    gate = GATES[name]
    at = {A: R(7, 5), B: R(3, 5)}
    step = sp.Float("1e-12", 40)
    for symbol in (A, B)[: gate.arity]:
        formula = local_derivative(gate, symbol)
        y = gate.formula.subs(at).evalf(40)
        claimed = formula.subs({sp.Symbol("y", real=True): y, **at}).evalf(40)
        ahead = gate.formula.subs({**at, symbol: at[symbol] + step}).evalf(40)
        behind = gate.formula.subs({**at, symbol: at[symbol] - step}).evalf(40)
        assert float(claimed) == pytest.approx(float((ahead - behind) / (2 * step)), abs=1e-12)


TORCH = {
    "add": lambda t, a, b: a + b,
    "subtract": lambda t, a, b: a - b,
    "multiply": lambda t, a, b: a * b,
    "divide": lambda t, a, b: a / b,
    "power": lambda t, a, b: a**b,
    "max": lambda t, a, b: t.maximum(a, b),
    "min": lambda t, a, b: t.minimum(a, b),
    "negate": lambda t, a: -a,
    "arctan": lambda t, a: t.atan(a),
    "softplus": lambda t, a: t.nn.functional.softplus(a),
}


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_gate_agrees_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    gate = GATES[name]
    points = {"x": R(13, 10), "y": R(7, 10)}
    names = list(points)[: gate.arity]
    build = Builder()
    graph = build.graph(build.apply(name, *(build.variable(n) for n in names)))
    values = graph.evaluate(points)
    tensors = [torch.tensor(float(points[n]), dtype=torch.float64, requires_grad=True) for n in names]
    function = TORCH.get(name) or (lambda t, a: getattr(t, name)(a))
    output = function(torch, *tensors)
    output.backward()
    assert float(values.forward[graph.output]) == pytest.approx(output.item(), rel=1e-14)
    for n, tensor in zip(names, tensors, strict=True):
        assert float(values.gradient[n]) == pytest.approx(tensor.grad.item(), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(
    ("gate", "at", "gradient", "words"),
    [
        ("relu", (0,), (0,), "taken as 0"),
        ("abs", (0,), (0,), "taken as 0"),
        ("max", (2, 2), (1, 0), "first operand"),
        ("min", (2, 2), (1, 0), "first operand"),
        ("relu", (1,), (1,), None),
        ("max", (2, 1), (1, 0), None),
    ],
    ids=["relu at 0", "abs at 0", "max tie", "min tie", "relu at 1", "max without tie"],
)
def test_kinks_have_a_rule_and_say_it(gate, at, gradient, words) -> None:
    build = Builder()
    names = "xy"[: len(at)]
    graph = build.graph(build.apply(gate, *map(build.variable, names)))
    values = graph.evaluate(dict(zip(names, at, strict=True)))
    assert tuple(values.gradient[n] for n in names) == gradient
    remark = values.remarks.get(graph.output)
    assert remark is None if words is None else words in (remark or "")


@pytest.mark.parametrize(
    ("gate", "at", "message"),
    [
        ("log", (0,), r"f_1 = log\(x\) has no finite real value at x = 0"),
        ("log", (-1,), r"f_1 = log\(x\) has no finite real value at x = -1"),
        ("divide", (1, 0), r"f_1 = x/y has no finite real value at x = 1.*y = 0"),
        ("sqrt", (0,), r"the derivative of f_1 = sqrt\(x\) by x has no finite real value at x = 0"),
        ("power", (-8, R(1, 3)), r"f_1 = x\^y has no finite real value"),
        ("power", (9, 9**9), r"f_1 = x\^y is too large"),
        ("power", (0, -1), r"f_1 = x\^y has no finite real value"),
        ("exp", (10**9,), r"f_1 = exp\(x\) is too large"),
    ],
    ids=["log 0", "log -1", "1/0", "sqrt' 0", "root of -8", "9^9^9", "0^-1", "exp overflow"],
)
def test_singular_points_name_the_gate(gate, at, message) -> None:
    build = Builder()
    names = "xy"[: len(at)]
    graph = build.graph(build.apply(gate, *map(build.variable, names)))
    with pytest.raises(GraphError, match=message):
        graph.evaluate(dict(zip(names, at, strict=True)))


def test_large_arguments_are_reduced_exactly() -> None:
    """sin(10^22) is the classic test of argument reduction: -0.8522008497671888018 (K. C. Ng, 1992)."""
    build = Builder()
    graph = build.graph(build.apply("sin", build.variable("x")))
    value = graph.evaluate({"x": sp.Integer(10) ** 22}).forward[graph.output]
    assert float(value) == pytest.approx(-0.8522008497671888, rel=1e-15)


@pytest.mark.parametrize("value", [sp.Integer(10) ** 301, sp.I, sp.oo], ids=["10^301", "i", "infinity"])
def test_a_value_has_to_be_a_real_number_in_range(value: sp.Expr) -> None:
    build = Builder()
    graph = build.graph(build.apply("sin", build.variable("x")))
    with pytest.raises(GraphError, match="x has to be a real number below 1e300"):
        graph.evaluate({"x": value})


def test_a_graph_has_a_ceiling() -> None:
    build = Builder()
    node = build.variable("x")
    for _ in range(399):
        node = build.apply("sin", node)
    with pytest.raises(GraphError, match="more than 400 nodes"):
        build.apply("sin", node)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(GraphError, match="no value given for y, z"):
        graph_of(sum_times).evaluate({"x": 1})


def test_a_wrong_number_of_operands_is_refused() -> None:
    build = Builder()
    with pytest.raises(GraphError, match="add takes 2 operand"):
        build.apply("add", build.variable("x"))


def test_numbering_avoids_a_variable_of_the_same_letter() -> None:
    build = Builder()
    graph = build.graph(build.apply("exp", build.variable("f_1")))
    assert [graph.nodes[i].text for i in graph.operations] == ["q_1"]


def test_what_the_output_does_not_need_is_left_out() -> None:
    build = Builder()
    x, y = map(build.variable, "xy")
    build.apply("multiply", x, y)
    graph = build.graph(build.apply("sin", x))
    assert [node.text for node in graph.nodes] == ["x", "f_1"]


@pytest.mark.parametrize(
    ("make", "position", "text", "latex"),
    [
        (lambda b: b.apply("power", b.variable("x"), b.constant(3)), 0, "3*x^2", "3 x^{2}"),
        (lambda b: b.apply("divide", b.constant(1), b.variable("x")), 1, "-1/x^2", "- \\frac{1}{x^{2}}"),
        (lambda b: b.apply("sigmoid", b.variable("x")), 0, "f_1*(1 - f_1)", "f_{1} \\left(1 - f_{1}\\right)"),
        (lambda b: b.apply("max", b.variable("z"), b.variable("w")), 1, "1[z < w]", "\\mathbf{1}[z < w]"),
        (lambda b: b.apply("relu", b.variable("x")), 0, "1[x > 0]", "\\mathbf{1}[x > 0]"),
    ],
    ids=["cube", "reciprocal", "sigmoid", "max", "relu"],
)
def test_local_derivatives_are_written_as_in_a_textbook(make, position, text, latex) -> None:
    graph = graph_of(make)
    assert graph.local_text(graph.output, position) == text
    assert graph.local_latex(graph.output, position) == latex
