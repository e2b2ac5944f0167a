"""Solved problems against the values of the course notes' right answers (computed independently with
NumPy)."""

from pathlib import Path

import numpy as np
import pytest

from derive.bank import ProblemError, all_problems, find_problem, load_problem
from derive.bank.problem import problem_from
from derive.judging import compare
from derive.practice.solve import Solved, solve


def answers(name: str) -> dict[str, Solved]:
    return {answer.part.id: answer for answer in solve(find_problem(name))}


def test_softmax_its_jacobian_and_the_loss() -> None:
    x = np.array([2.0, 1.0, 0.1])
    s = np.exp(x) / np.exp(x).sum()
    found = answers("softmax/three-scores")
    np.testing.assert_allclose(found["a"].value, s, rtol=1e-14)
    np.testing.assert_allclose(found["a"].value, [0.659001, 0.242433, 0.098566], atol=5e-7)
    np.testing.assert_allclose(found["b"].value, np.diag(s) - np.outer(s, s), rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(found["b"].value[0], [0.22472, -0.15976, -0.06496], atol=5e-6)
    assert found["c"].value == pytest.approx(-np.log(s[0]), rel=1e-14)
    np.testing.assert_allclose(found["d"].value, s - [1, 0, 0], rtol=1e-13)


def test_derivatives_of_indexed_formulas_are_derived_in_general() -> None:
    found = answers("softmax/three-scores")
    general = [step for step in found["b"].steps if step.endswith(r"= s_i (\delta_{ij} - s_j)")]
    assert len(general) == 1
    assert r"\frac{\partial s_3}{\partial x_3} = " in found["b"].steps[-2]  # the same in numbers
    assert [step.endswith("= s_i - [i = 1]") for step in found["d"].steps].count(True) == 1


@pytest.mark.parametrize(
    ("declare", "givens", "formula", "derivative", "value"),
    [
        pytest.param(
            ["v: 2", "w: 2"],
            ["v = (3, -4)"],
            r"u = \sum_k v_k^2",
            r"w_m = \frac{\partial u}{\partial v_m}",
            [6, -8],
            id="a sum of squares",
        ),
        pytest.param(
            ["A: 2x3", "p: 3", "q: 2", "D: 2x3"],
            ["A = \\begin{bmatrix} 1 & 2 & 3 \\\\ 4 & 5 & 6 \\end{bmatrix}", "p = (0.1, 0.2, 0.3)"],
            r"q_i = \tanh(\sum_j A_{ij} p_j)",
            r"D_{ij} = \frac{\partial q_i}{\partial p_j}",
            (1 - np.tanh([1.4, 3.2]) ** 2)[:, None] * np.array([[1, 2, 3], [4, 5, 6]]),
            id="a layer",
        ),
        pytest.param(
            ["r: 3", "t: 3", "h: 3"],
            ["r = (1, -2, 3)", "t = (0.5, 0.5, 0.5)"],
            r"E = \frac{1}{2} \sum_{k=1}^{3} (\text{ReLU}(r_k) - t_k)^2",
            r"h_k = \frac{\partial E}{\partial r_k}",
            [0.5, 0, 2.5],
            id="a loss behind ReLU",
        ),
        pytest.param(
            ["v: 2", "w: 2"],
            ["v = (0, 1)"],
            r"u = \sum_k \text{softplus}(v_k)",
            r"w_m = \frac{\partial u}{\partial v_m}",
            1 / (1 + np.exp([0.0, -1.0])),
            id="an activation of the catalogue",
        ),
    ],
)
def test_other_derivatives(declare, givens, formula, derivative, value) -> None:
    """Problems that no file holds, their values by hand."""
    parts = [
        {"id": key, "question": "What is it?", "marks": 1, "answer": answer}
        for key, answer in (("a", formula), ("b", derivative))
    ]
    data = {"title": "t", "source": "s", "declare": declare, "givens": givens, "parts": parts}
    (_, found) = solve(problem_from(data, "tests/other"))
    np.testing.assert_allclose(found.value, value, rtol=1e-13, atol=1e-15)
    assert len(found.steps) > 3


def test_a_neuron_is_computed_exactly() -> None:
    found = answers("neurons/four-inputs")
    assert found["a"].value == -0.0348
    assert found["a"].steps[-1].endswith("= -0.0348")
    assert found["b"].value == pytest.approx(1 / (1 + np.exp(0.0348)), rel=1e-15)


def test_layers_that_are_off() -> None:
    found = answers("neurons/dead-layers")
    assert found["a"].value == [-0.09, -0.09, -0.09]
    assert found["b"].value == [0, 0]
    assert found["c"].value == [0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "part", "textbook"),
    [
        ("activations/tanh-identity", "b", r"1 - \tanh^2 x"),
        ("activations/chain-rule", "a", r"2x \cos(x^2) e^{\sin(x^2)}"),
        ("activations/sigmoid-derivative", "a", r"\sigma(z)(1 - \sigma(z))"),
        ("losses/logistic-loss", "a", r"\sigma(z) - y"),
        ("losses/logistic-loss", "b", r"2 (\sigma(z) - y) \sigma(z) (1 - \sigma(z))"),
    ],
    ids=["tanh", "e^sin(x^2)", "sigmoid", "logistic loss", "squared error"],
)
def test_derivatives_are_derived(name: str, part: str, textbook: str) -> None:
    """The last step, read back by the reader and put before the judge, is what a textbook says."""
    claimed = answers(name)[part].steps[-1].partition(" = ")[2]
    assert compare(claimed, textbook).verdict == "correct", claimed


@pytest.mark.parametrize("problem", all_problems(), ids=lambda problem: problem.id)
def test_every_problem_of_the_bank_has_a_solution_with_steps(problem) -> None:
    found = solve(problem)
    assert [answer.part.id for answer in found] == [part.id for part in problem.parts]
    assert all(answer.steps for answer in found)


@pytest.mark.parametrize(
    ("given", "answer", "message"),
    [
        ("x = (1, 2)", "y = x_3", "part a: 'y = x_3' has no value"),
        ("x = (1, 2)", "y = q + 1", "part a: 'y = q \\+ 1' has no value"),
        ("x = (1, 2)", "y_i = x_i", "y has 1 indices; declare its shape, for example 'y: 3'"),
        ("x + 2", "y = 1", "a given has to be 'name = value'"),
        ("x = (1, 2", "y = 1", "a given cannot be read"),
        ("x = 1", r"\tanh x = 2\sigma(x) - 1", "is wrong"),
    ],
    ids=["no such entry", "unknown name", "no shape", "no name", "unbalanced", "false identity"],
)
def test_a_problem_at_fault_says_where(tmp_path: Path, given: str, answer: str, message: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(
        f"title = 'T'\nsource = 'S'\ngivens = ['{given}']\n"
        f"[[parts]]\nid = 'a'\nquestion = 'Q'\nmarks = 1\nanswer = '{answer}'\n",
        encoding="utf-8",
    )
    with pytest.raises(ProblemError, match=message):
        solve(load_problem(file))


def test_one_neuron_has_the_lectures_values() -> None:
    """CS231n's neuron: s = 1, f = 0.73106, f(1-f) = 0.19661, gradient by w_1 -0.39322."""
    found = answers("graphs/one-neuron")
    assert found["a"].value == 1
    assert found["b"].value == pytest.approx(1 / (1 + np.exp(-1)), rel=1e-15)
    assert found["c"].value == pytest.approx(0.19661, abs=5e-6)
    assert found["d"].value == pytest.approx(-0.39322, abs=5e-6)


def test_a_question_about_one_layer_shows_that_layer_alone() -> None:
    network = {"name": "n", "input": "3x9x9", "text": "a = Conv2d(3, 5, 3)\nb = Conv2d(5, 7, 3)"}
    part = {"id": "a", "question": "?", "marks": 1, "answer": "P", "network": "n", "count": "parameters"}
    data = {"title": "t", "source": "s", "networks": [network], "parts": [part | {"layer": "b"}]}
    (solved,) = solve(problem_from(data, "t/t"))
    assert solved.value == 5 * 9 * 7 + 7
    assert not any("Conv2d(3" in step for step in solved.steps)
