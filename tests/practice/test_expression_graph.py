"""From a written formula to a scalar graph: as LaTeX or plain text, in the order in which it is written."""

import pytest
import sympy as sp

from derive.graphs.scalar import GraphError
from derive.practice.expression_graph import read_graph, read_number, read_point

R = sp.Rational


def steps(text: str, given: str) -> list[str]:
    graph = read_graph(text, given.split())
    return [f"{graph.nodes[i].text} = {graph.operation_text(i)}" for i in graph.operations]


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("(x + y) z", "x y z", ["f_1 = x + y", "f_2 = f_1*z"]),
        ("(x+y)*z", "x y z", ["f_1 = x + y", "f_2 = f_1*z"]),
        (r"\left(x + y\right) \cdot z", "x y z", ["f_1 = x + y", "f_2 = f_1*z"]),
        ("x + y z", "x y z", ["f_1 = y*z", "f_2 = x + f_1"]),
        (
            r"\frac{1}{1 + e^{-(w_0 x_0 + w_1 x_1 + w_2)}}",
            "w_0 x_0 w_1 x_1 w_2",
            [
                "f_1 = w_0*x_0", "f_2 = w_1*x_1", "f_3 = f_1 + f_2", "f_4 = f_3 + w_2",
                "f_5 = -f_4", "f_6 = exp(f_5)", "f_7 = 1 + f_6", "f_8 = 1/f_7",
            ],
        ),
        (
            r"2(xy + \max(z, w))", "x y z w",
            ["f_1 = x*y", "f_2 = max(z, w)", "f_3 = f_1 + f_2", "f_4 = 2*f_3"],
        ),
        ("2*(x*y + max(z,w))", "x y z w", ["f_1 = x*y", "f_2 = max(z, w)", "f_3 = f_1 + f_2", "f_4 = 2*f_3"]),
        (r"\sigma(w x + b)", "w x b", ["f_1 = w*x", "f_2 = f_1 + b", "f_3 = sigmoid(f_2)"]),
        (r"\tanh(x)^2", "x", ["f_1 = tanh(x)", "f_2 = f_1^2"]),
        ("x^{-1}", "x", ["f_1 = 1/x"]),
        ("x**2", "x", ["f_1 = x^2"]),
        ("(x+y)/(x+y)", "x y", ["f_1 = x + y", "f_2 = f_1/f_1"]),
        (r"\sum_{i=1}^{3} w_i x_i", "w_1 x_1 w_2 x_2 w_3 x_3",
         ["f_1 = w_1*x_1", "f_2 = w_2*x_2", "f_3 = f_1 + f_2", "f_4 = w_3*x_3", "f_5 = f_3 + f_4"]),
        (r"\sum_{i=0}^{1} i x_{i+1}", "x_1 x_2", ["f_1 = 0*x_1", "f_2 = 1*x_2", "f_3 = f_1 + f_2"]),
        (r"\prod_{k=1}^{2} (x_k + k)", "x_1 x_2", ["f_1 = x_1 + 1", "f_2 = x_2 + 2", "f_3 = f_1*f_2"]),
        (r"\frac{1}{2}(y - t)^2", "y t", ["f_1 = y - t", "f_2 = f_1^2", "f_3 = (1/2)*f_2"]),
        ("f = (x + y) z", "x y z", ["q_1 = x + y", "f = q_1*z"]),
        ("q = x + y; f = q z", "x y z", ["q = x + y", "f = q*z"]),
        (r"\alpha x", "alpha x", ["f_1 = alpha*x"]),
        (r"\mathrm{ReLU}(x)", "x", ["f_1 = relu(x)"]),
        (r"\sqrt{x} + \ln x", "x", ["f_1 = sqrt(x)", "f_2 = log(x)", "f_3 = f_1 + f_2"]),
        (r"e^{\sin(x^2)}", "x", ["f_1 = x^2", "f_2 = sin(f_1)", "f_3 = exp(f_2)"]),
        (r"\max(x, y, z)", "x y z", ["f_1 = max(x, y)", "f_2 = max(f_1, z)"]),
    ],
    ids=[
        "E1", "plain", "left right", "E2", "E3", "E4", "E4 plain", "sigmoid", "power of a call",
        "inverse", "Python", "shared", "written sum", "sum of shifted", "product", "half square",
        "named", "definitions", "Greek", "ReLU", "sqrt ln",
        "A5", "max of 3",
    ],
)  # fmt: skip
def test_the_gates_are_those_of_a_lecture(text: str, given: str, expected: list[str]) -> None:
    assert steps(text, given) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-4", -4), ("0.5", R(1, 2)), ("1/3", R(1, 3)), (r"\frac{-2}{3}", R(-2, 3)), ("2^{10}", 1024),
        ("1e-3", R(1, 1000)), ("(1 - 3)*2", -4),
    ],
)  # fmt: skip
def test_numbers_are_exact(text: str, value: sp.Rational) -> None:
    assert read_number(text, "x") == value


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["x"], "'x' is no value; write NAME=VALUE"),
        (["x="], "write NAME=VALUE"),
        (["x=abc"], "x: 'abc' is no number"),
        (["x=1", "x=2"], "x is given twice"),
        (["x=1/0"], "x: '1/0' is no number .*no finite real value"),
        (["x=[1,2]"], "x: .* is no number"),
    ],
)
def test_values_at_fault_are_named(assignments: list[str], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        read_point(assignments)


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (r"\operatorname{sigmod}(x)", "x", "unknown function 'sigmod'; did you mean sigmoid"),
        (r"\begin{bmatrix} x & y \end{bmatrix}", "x y", "a matrix is no operation on scalars"),
        ("x <= y", "x y", "expected a formula or a definition"),
        ("", "", "empty"),
        (r"\frac{x}{", "x", "cannot read"),
        (r"\sum_{i=1}^{n} x_i", "x_1", "sum is no operation on scalars; .* with one index and whole numbers"),
        (r"\sum_{i=1}^{999} x_i", "x_1", "up to 64 terms"),
        (r"\int x \, dx", "x", "no operation on scalars"),
    ],
)
def test_what_is_no_scalar_expression_is_refused(text: str, given: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        read_graph(text, given.split())


def test_e_is_a_number_unless_it_has_a_value() -> None:
    graph = read_graph("e^{x}", ["x"])
    assert [graph.operation_text(i) for i in graph.operations] == ["exp(x)"]
    graph = read_graph("e x", ["e", "x"])
    assert graph.evaluate({"e": sp.Integer(3), "x": sp.Integer(5)}).forward[graph.output] == 15


def test_steps_in_the_wrong_order_are_refused() -> None:
    """Otherwise the last step alone would be the output."""
    with pytest.raises(GraphError, match="a is used before it is defined"):
        read_graph("L = (a - y)^2; a = w x", ["w", "x", "y"])
