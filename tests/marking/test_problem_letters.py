"""What a problem's givens and answers mean in the scripts that answer it."""

import pytest

from derive.bank.problem import problem_from
from derive.marking import check
from derive.practice.solve import solve


def problem(givens, answers, **more):
    parts = [
        {"id": chr(97 + k), "question": "?", "marks": 1, "answer": answer} for k, answer in enumerate(answers)
    ]
    data = {"title": "t", "source": "s", "givens": givens, "parts": parts, **more}
    return problem_from(data, "t/t")


ERROR = problem(["a = 1", "b = 5", "e = 4", "x = 2"], ["L = a + b - e", r"s = \frac{1}{1 + e^{-x}}"])
ANSWERED = problem(["t = 5", "y = 1"], ["e = t - y", "L = 1 + 5 - e"])
LETTERS = [
    (ERROR, "$L = 1 + 5 - 4 = 2$", "correct"),
    (ERROR, "$L = a + b - e = 2$", "correct"),
    (ERROR, "$L = 1 + 5 - 3$", "wrong"),
    (ERROR, r"$s = \frac{1}{1 + e^{-2}}$", "correct"),
    (ANSWERED, "$e = 5 - 1 = 4$", "correct"),
    (ANSWERED, "$L = 1 + 5 - 4$", "correct"),
    (ANSWERED, "$L = 1 + 5 - 2.718$", "wrong"),
]


@pytest.mark.parametrize(("of", "text", "verdict"), LETTERS, ids=[text for _, text, _ in LETTERS])
def test_a_quantity_called_e_is_not_eulers_number(of, text, verdict) -> None:
    assert verdict in {claim.verdict for claim in check(text, problem=of).claims}
    assert [claim.verdict for claim in check(text, problem=of).claims if claim.verdict == "wrong"] == (
        ["wrong"] if verdict == "wrong" else []
    )


def test_a_quantity_called_e_is_put_in_and_an_exponential_is_not() -> None:
    difference, sigmoid = solve(ERROR)
    assert difference.value == 2
    assert sigmoid.value == pytest.approx(0.8807970779778823)  # 1 / (1 + exp(-2)), by hand


MEAN = problem(
    ["z = (4, 8, 6, 10)"],
    [],
    parts=[{"id": "a", "question": "?", "marks": 1, "answer": "m", "operation": "norm", "find": "mu"}],
    operations=[
        {
            "name": "norm",
            "operation": "batch_norm",
            "inputs": {"x": "z", "gamma": 1, "beta": 0},
            "without": ["n"],
        }
    ],
)


@pytest.mark.parametrize(("text", "verdict"), [("$m = 7$", "correct"), ("$m = 8$", "wrong")])
def test_an_answer_that_is_a_plain_number_is_held_against_the_script(text, verdict) -> None:
    assert [claim.verdict for claim in check(text, problem=MEAN).claims] == [verdict]
