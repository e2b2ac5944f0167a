"""Values of trees against naive loops and against differences, in every number system."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from derive.judging.closed import evaluate
from derive.judging.duals import Dual
from derive.judging.limits import Irrational, Refusal, ShapeMismatch, TooLarge
from derive.judging.scalars import Interval
from derive.judging.shapes import infer
from derive.judging.trees import rename_bound
from derive.judging.values import Evaluator, Point
from derive.reading import read_formula
from derive.reading.tree import Name

X = [0.3, -1.2, 0.7]
W = [[0.5, -0.3, 0.2], [0.8, 0.2, -1.1], [0.1, 0.4, 0.9]]


def value(source: str, x: list[float] = X, i: int = 2, j: int = 3) -> np.ndarray:
    """The formula with x and W as above, at free indices i and j (from 1)."""
    tree = rename_bound(read_formula(source))
    layout, shapes = infer([tree], {Name("x"): (3, 1), Name("W"): (3, 3)})
    assert not isinstance(shapes[0], Refusal), shapes[0]
    names = {Name("x"): np.array(x).reshape(1, 3, 1), Name("W"): np.array(W).reshape(1, 3, 3)}
    indices = {Name("i"): np.array([i]), Name("j"): np.array([j])}
    return Evaluator("float", Point(1, names, indices, sizes=layout.resolve()), layout).value(tree)[0]


def softmax(x: list[float]) -> list[float]:
    total = sum(math.exp(v) for v in x)
    return [math.exp(v) / total for v in x]


LOOPS: dict[str, tuple[str, Callable[[], float]]] = {
    "entry": ("x_i", lambda: X[1]),
    "entry of a matrix": ("W_{ij}", lambda: W[1][2]),
    "sum": (r"\sum_k x_k^2", lambda: sum(v * v for v in X)),
    "sum with bounds": (r"\sum_{k=2}^3 x_k", lambda: X[1] + X[2]),
    "sum with a condition": (r"\sum_{k \neq i} x_k", lambda: X[0] + X[2]),
    "product": (r"\prod_{k=1}^3 x_k", lambda: X[0] * X[1] * X[2]),
    "double sum": (
        r"\sum_k \sum_l W_{kl} x_k x_l",
        lambda: sum(W[k][m] * X[k] * X[m] for k in range(3) for m in range(3)),
    ),
    "quadratic form": (
        "x^T W x",
        lambda: sum(W[k][m] * X[k] * X[m] for k in range(3) for m in range(3)),
    ),
    "row of a product": ("(W x)_i", lambda: sum(W[1][m] * X[m] for m in range(3))),
    "softmax": (r"\frac{e^{x_i}}{\sum_k e^{x_k}}", lambda: softmax(X)[1]),
    "named softmax": (r"\text{softmax}(x)_i", lambda: softmax(X)[1]),
    "maximum over an index": (r"\max_k x_k", lambda: max(X)),
    "norm": (r"\|x\|_2", lambda: math.sqrt(sum(v * v for v in X))),
    "delta": (r"\sum_k \delta_{ik} x_k", lambda: X[1]),
    "indicator": (r"\mathbb{1}[i = j]", lambda: 0),
    "trace": (r"\mathrm{tr}(W)", lambda: sum(W[k][k] for k in range(3))),
    "relu": (r"\text{ReLU}(x_i) + \text{ReLU}(x_j)", lambda: 0.7),
}


@pytest.mark.parametrize(("source", "loop"), LOOPS.values(), ids=LOOPS)
def test_against_a_loop(source: str, loop: Callable[[], float]) -> None:
    assert value(source) == pytest.approx(loop(), rel=1e-12)


SLOPES = {
    "power": "x_i^3",
    "sine of a square": r"\sin(x_i^2) e^{x_i}",
    "logistic": r"\sigma(x_i) \tanh(x_i)",
    "log-sum-exp": r"\log \sum_k e^{x_k}",
    "softmax": r"\frac{e^{x_j}}{\sum_k e^{x_k}}",
    "quadratic form": "x^T W x",
    "quotient": r"\frac{x_i}{1 + x_i^2}",
    "absolute value": r"|x_i| \sqrt{1 + x_i^2}",
    "softplus": r"\text{softplus}(x_i)",
    "norm": r"\|x\|_2",
    "inverse": r"(1 + x_i^2)^{-1}",
}


@pytest.mark.parametrize("source", SLOPES.values(), ids=SLOPES)
def test_slope_against_five_point_differences(source: str) -> None:
    def at(step: float) -> float:
        return float(value(source, [X[0], X[1] + step, X[2]]))

    h = 1e-3
    difference = (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)
    derivative = value(rf"\frac{{\partial}}{{\partial x_i}} \left( {source} \right)")
    assert derivative == pytest.approx(difference, rel=1e-8, abs=1e-10)


def test_second_derivative_of_two_levels() -> None:
    # d/dx (x d/dy (x y)) = d/dx (x^2) = 2x: the inner slope must not leak into the outer one
    x = Dual(np.array([3.0]), np.array([[1.0]]), 1)
    y = Dual(np.array([5.0]), np.array([[1.0]]), 2)
    product = x * y
    assert (x * product.slope[0]).slope == np.array([[6.0]])


def test_exact_arithmetic_stays_exact() -> None:
    x = evaluate(read_formula(r"\frac{1}{3} + \frac{1}{6}"), "exact")
    assert x[0] == Fraction(1, 2)
    with pytest.raises(Irrational):
        evaluate(read_formula("e^2"), "exact")


def test_high_precision_is_high() -> None:
    with mpmath.workdps(40):
        assert abs(evaluate(read_formula(r"\tanh 1"), "precise")[0] - mpmath.tanh(1)) < mpmath.mpf(10) ** -38


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [((1, 2), (3, 4), (3, 8)), ((-1, 2), (3, 4), (-4, 8)), ((-2, -1), (-4, -3), (3, 8))],
    ids=str,
)
def test_intervals_multiply(a: tuple[int, int], b: tuple[int, int], product: tuple[int, int]) -> None:
    result = Interval(*a) * Interval(*b)
    assert (result.low, result.high) == product


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        (
            r"\begin{bmatrix}1&2\end{bmatrix}\begin{bmatrix}3&4\end{bmatrix}",
            ShapeMismatch,
            "a product of 1x2 and 1x2",
        ),
        (r"\begin{bmatrix}1\\2\end{bmatrix}+\begin{bmatrix}1\\2\\3\end{bmatrix}", ShapeMismatch, "a sum"),
        (r"\begin{bmatrix}1&2\\3&4\\5&6\end{bmatrix}^2", ShapeMismatch, "not square"),
        ("9^{9^{9}}", TooLarge, "too many digits"),
        ("600!", TooLarge, "500"),
    ],
    ids=["product", "sum", "power", "tower", "factorial"],
)
def test_refusals_say_why(source: str, error: type[Refusal], said: str) -> None:
    with pytest.raises(error, match=said):
        evaluate(read_formula(source), "exact")
