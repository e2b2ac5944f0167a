"""Derivatives of formulas of whole vectors and matrices; expectations by hand and by central differences."""

import numpy as np
import pytest

from derive.bank import ProblemError
from derive.bank.problem import problem_from
from derive.practice.solve import solve

X = r"X = \begin{bmatrix} 0 & 2 \\ 1 & 1 \\ 1 & -1 \end{bmatrix}"
W = r"W = \begin{bmatrix} 1 & -1 \\ 2 & 1 \end{bmatrix}"
V = r"V = \begin{bmatrix} 1 & 0.5 \\ -1 & 1 \end{bmatrix}"


def solved(givens, *answers):
    parts = [{"id": chr(97 + k), "question": "?", "marks": 1, "answer": a} for k, a in enumerate(answers)]
    data = {"title": "t", "source": "s", "givens": givens, "parts": parts}
    data["declare"] = ["w: 2", "x: 2", "t: 2", "v: 2", "z: 3", "p: 3", "q: 3", "X: 3x2", "W: 2x2", "V: 2x2"]
    return solve(problem_from(data, "t/t"))


BY_HAND = [
    # residuals (-1, 4, 2); 2/3 of X^T r = (6, 0)
    ("mean squared error", [X, "y = (4, 1, 1)", "w = (3, 1)", "b = 1"],
     [r"L = \frac{1}{3} \lVert X w + b - y \rVert^2"], r"\nabla_w L", [4, 0]),
    # the same by the bias: 2/3 of -1 + 4 + 2
    ("by a bias", [X, "y = (4, 1, 1)", "w = (3, 1)", "b = 1"],
     [r"L = \frac{1}{3} \lVert X w + b - y \rVert^2"], r"\frac{\partial L}{\partial b}", 10 / 3),
    # (A + A^T) x, A = W
    ("a quadratic form", [W, "x = (3, 5)"], [r"f = x^T W x"], r"\frac{\partial f}{\partial x}", [11, 13]),
    ("a quadratic form by its matrix", [W, "x = (3, 5)"], [r"f = x^T W x"],
     r"\frac{\partial f}{\partial W}", [[9, 15], [15, 25]]),
    ("a dot product", ["x = (3, 5)", "w = (2, 7)"], [r"f = x \cdot w"],
     r"\frac{\partial f}{\partial x}", [2, 7]),
    ("the Frobenius norm", [W], [r"f = \frac{1}{2} \lVert W \rVert_F^2"],
     r"\frac{\partial f}{\partial W}", [[1, -1], [2, 1]]),
    ("a length", ["x = (3, 4)"], [r"f = \lVert x \rVert"], r"\frac{\partial f}{\partial x}", [0.6, 0.8]),
    # z = (-1, 4), h = (0, 4), y - t = (3, 5); V^T (3, 5) = (-2, 6.5), masked (0, 6.5); W^T of it + (3, 5)
    ("a residual block", [W, V, "x = (1, 2)", "t = (0, 1)"],
     ["z = W x", r"h = \mathrm{ReLU}(z)", "y = x + V h", r"L = \frac{1}{2} \lVert y - t \rVert^2"],
     r"\frac{\partial L}{\partial x}", [16, 11.5]),
    ("its weights", [W, V, "x = (1, 2)", "t = (0, 1)"],
     ["z = W x", r"h = \max(0, z)", "y = x + V h", r"L = \frac{1}{2} \lVert y - t \rVert^2"],
     r"\frac{\partial L}{\partial W}", [[0, 0], [6.5, 13]]),
    ("a vector defined as a whole", ["x = (1, 2)"], ["s = 2 x", r"L = \sum_{i=1}^{2} s_i"],
     r"\frac{\partial L}{\partial x}", [2, 2]),
    ("vectors with numbers", ["v = (1, -1)", "u_1 = (2, 1)", "u_2 = (0, 3)"],
     [r"f = \sum_{k=1}^{2} (u_k^T v)^2"], r"\frac{\partial f}{\partial u_2}", [-6, 6]),
    ("an update", ["w = (3, 1)", r"\eta = 0.5"], [r"L = \lVert w \rVert^2"],
     r"w - \eta \frac{\partial L}{\partial w}", [0, 0]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("givens", "formulas", "asked", "expected"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND]
)
def test_a_derivative_of_whole_vectors(givens, formulas, asked, expected) -> None:
    value = solved(givens, *formulas, f"g = {asked}")[-1].value
    assert np.allclose(value, expected, rtol=1e-12, atol=0)


def test_softmax_with_a_temperature_and_smoothed_labels() -> None:
    """(p - q)/T, with p and q worked out in NumPy."""
    parts = solved(
        ["z = (2, 0, -1)", "T = 2"],
        r"p = \mathrm{softmax}(z / T)",
        r"q_k = 0.7 \mathbb{1}[k = 2] + 0.1",
        r"L = -\sum_{k=1}^{3} q_k \log p_k",
        r"g = \frac{\partial L}{\partial z}",
    )
    p = np.exp(np.array([2, 0, -1]) / 2)
    assert parts[3].value == pytest.approx((p / p.sum() - [0.1, 0.8, 0.1]) / 2, rel=1e-12)


def test_the_numbers_are_put_in() -> None:
    steps = solved(["x = (3, 5)", "w = (2, 7)"], "f = x^T w", r"g = \frac{\partial f}{\partial x}")[1].steps
    assert r"\frac{\partial f}{\partial x_2} = 7" in steps


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (r"f = \lVert x^2 \rVert^2", r"does not know x\^\{2\}"),
        (r"f = \lVert x \rVert_1", "does not know"),
    ],
    ids=["the square of a vector", "a norm without a derivative"],
)
def test_what_the_calculus_does_not_know_is_said(formula, message) -> None:
    with pytest.raises(ProblemError, match=message):
        solved(["x = (3, 5)"], formula, r"g = \frac{\partial f}{\partial x}")


def test_a_second_derivative_is_not_taken_for_a_first_one() -> None:
    with pytest.raises(ProblemError, match="no value"):
        solved(["w = (3, 1)"], r"L = \lVert w \rVert^2", r"H = \nabla_w^2 L")


def logistic(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


POINT = {
    "x": np.array([2.0, -1, 3]),
    "u": np.array([1.0, 2, -2]),
    "y": np.array([3.0, 1]),
    "A": np.array([[1.0, -2, 2], [3, 1, -1]]),
    "B": np.array([[2.0, 1, -1], [0, 3, 1], [-2, 1, 1]]),
}

BY_DIFFERENCES = [
    (
        r"\lVert A x - y \rVert^2 + \frac{1}{2} \lVert A \rVert_F^2",
        "A",
        lambda x, y, A, B, u: ((A @ x - y) ** 2).sum() + (A**2).sum() / 2,
    ),
    ("y^T A B x", "B", lambda x, y, A, B, u: y @ A @ B @ x),
    ("(A B x)^T y", "A", lambda x, y, A, B, u: y @ A @ B @ x),
    (r"\lVert x u^T B \rVert_F^2", "u", lambda x, y, A, B, u: (np.outer(x, u @ B) ** 2).sum()),
    (r"\lVert (A x) \odot y \rVert^2", "x", lambda x, y, A, B, u: ((A @ x * y) ** 2).sum()),
    (r"e^{-\lVert x - u \rVert^2 / 18}", "u", lambda x, y, A, B, u: np.exp(-((x - u) ** 2).sum() / 18)),
    (
        r"\frac{x^T u}{\lVert x \rVert \lVert u \rVert}",
        "u",
        lambda x, y, A, B, u: x @ u / np.linalg.norm(x) / np.linalg.norm(u),
    ),
    (
        r"y^T \sigma(A \tanh(B x + u))",
        "u",
        lambda x, y, A, B, u: y @ logistic(A @ np.tanh(B @ x + u)),
    ),
    (r"u^T \mathrm{softmax}(B x)", "x", lambda x, y, A, B, u: u @ softmax(B @ x)),
    (r"\log(1 + e^{-y_1 x^T u / 7})", "u", lambda x, y, A, B, u: np.log1p(np.exp(-y[0] * x @ u / 7))),
    (r"\mathrm{tr}(A B A^T)", "A", lambda x, y, A, B, u: np.trace(A @ B @ A.T)),
]


@pytest.mark.parametrize(("formula", "by", "loss"), BY_DIFFERENCES, ids=[row[0] for row in BY_DIFFERENCES])
def test_a_derivative_is_the_slope_of_a_naive_loss(formula, by, loss) -> None:
    def written(a):
        if a.ndim == 1:
            return f"({', '.join(map(str, a))})"
        rows = (" & ".join(map(str, row)) for row in a)
        return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"

    parts = [
        {"id": "a", "question": "?", "marks": 1, "answer": f"L = {formula}"},
        {"id": "b", "question": "?", "marks": 1, "answer": rf"g = \frac{{\partial L}}{{\partial {by}}}"},
    ]
    data = {"title": "t", "source": "s", "declare": ["x: 3", "u: 3", "y: 2", "A: 2x3", "B: 3x3"]}
    data |= {"givens": [f"{name} = {written(value)}" for name, value in POINT.items()], "parts": parts}
    value, gradient = (part.value for part in solve(problem_from(data, "t/t")))
    expected = np.zeros_like(POINT[by])
    for place in np.ndindex(*expected.shape):
        step = np.zeros_like(expected)
        step[place] = 1e-6
        up, down = ({**POINT, by: POINT[by] + sign * step} for sign in (1, -1))
        expected[place] = (loss(**up) - loss(**down)) / 2e-6
    assert np.isclose(value, loss(**POINT), rtol=1e-12)
    assert np.allclose(gradient, expected, rtol=1e-5, atol=1e-7)
