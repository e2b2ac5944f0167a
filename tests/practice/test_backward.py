"""Derivatives of one number by another, node by node; expectations by hand and by central differences."""

import math

import pytest

from derive.bank.problem import problem_from
from derive.practice.solve import solve


def solved(givens, *answers):
    parts = [{"id": chr(97 + k), "question": "?", "marks": 1, "answer": a} for k, a in enumerate(answers)]
    return solve(problem_from({"title": "t", "source": "s", "givens": givens, "parts": parts}, "t/t"))


def test_a_sum_times_a_number() -> None:
    """Notes E1: q = 2, f = -8, and the gradients (-4, -4, 2)."""
    answers = ["q = x + y", "f = q z"]
    answers += [rf"g_{k} = \frac{{\partial f}}{{\partial {name}}}" for k, name in enumerate("xyz")]
    parts = solved(["x = -2", "y = 4", "z = -4"], *answers)
    assert [part.value for part in parts] == [2, -8, -4, -4, 2]
    assert r"\frac{\partial f}{\partial q} = z = -4" in parts[2].steps
    # what part c has worked out is not repeated in part d
    assert not any(step.startswith(r"\frac{\partial f}{\partial q}") for step in parts[3].steps)


def test_a_value_that_is_used_twice_adds_up() -> None:
    """Notes E6 in numbers, by hand: a = 2, b = 9, L = 36; dL/da = w b + w a v, dL/dw = a b + x dL/da."""
    answers = ["a = w x", "b = v (x + a)", "L = w a b"]
    answers += [r"p = \frac{\partial L}{\partial a}", r"q = \frac{\partial L}{\partial w}"]
    parts = solved(["x = 1", "w = 2", "v = 3"], *answers)
    assert [part.value for part in parts] == [2, 9, 36, 30, 48]


def test_three_sigmoids() -> None:
    """Notes G1, against a central difference of the same chain in floats."""

    def loss(w):
        a = 1.0
        for weight in w:
            a = 1 / (1 + math.exp(-weight * a))
        return (a - 1) ** 2 / 2

    answers = [rf"a_{k} = \sigma(w_{k} {before})" for k, before in ((1, "x"), (2, "a_1"), (3, "a_2"))]
    answers += [r"L = \frac{1}{2} (a_3 - y)^2"]
    answers += [rf"g_{k} = \frac{{\partial L}}{{\partial w_{k}}}" for k in (1, 2, 3)]
    parts = solved(["x = 1", "y = 1", "w_1 = 0.5", "w_2 = 0.5", "w_3 = 0.5"], *answers)
    for k in range(3):
        up, down = ([0.5 + sign * 1e-6 * (k == j) for j in range(3)] for sign in (1, -1))
        assert parts[4 + k].value == pytest.approx((loss(up) - loss(down)) / 2e-6, rel=1e-6)


def test_a_vector_on_the_way_leaves_it_to_the_calculus() -> None:
    parts = solved(["x = (1, 2)"], r"L = \sum_{i=1}^{2} x_i^2", r"g_j = \frac{\partial L}{\partial x_j}")
    assert parts[1].value == [2, 4]


def test_what_is_neither_a_number_nor_known_is_refused() -> None:
    from derive.bank import ProblemError

    with pytest.raises(ProblemError, match="the calculus does not know"):
        solved(["x = (1, 2)"], r"L = \lVert x \rVert_1", r"g = \frac{\partial L}{\partial x}")
