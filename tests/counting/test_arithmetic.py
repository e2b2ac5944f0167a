"""Counts against loops that a person would write, each elementary operation ticked off."""

import pytest
import sympy as sp

from derive.counting import count_program, parameter_count
from derive.counting.arithmetic import count_statement
from derive.ops import operation
from derive.tensor.index import Index, size
from derive.tensor.nodes import Bracket, Sum, Tensor
from derive.tensor.program import Statement

B, m, n = sp.symbols("B m n", integer=True, positive=True)


def loops_linear(batch, rows, columns):
    multiplications = additions = 0
    for _ in range(batch):
        for _ in range(rows):
            for column in range(columns):
                multiplications += 1
                additions += column > 0
            additions += 1  # the bias
    return {"multiplications": multiplications, "additions": additions}


def loops_softmax(length):
    additions = sum(k > 0 for k in range(length))
    # e^x is evaluated once for the sum and once for each entry
    return {"function_evaluations": 2 * length, "additions": additions, "divisions": length}


def loops_cross_entropy(length):
    forward = loops_softmax(length)
    return {
        "function_evaluations": forward["function_evaluations"] + length,
        "divisions": length,
        "multiplications": length,
        "additions": forward["additions"] + length - 1,
    }


def loops_attention(queries, keys, width, value_width):
    products = sum(1 for _ in range(queries) for _ in range(keys) for _ in range(width))
    outputs = sum(1 for _ in range(queries) for _ in range(value_width) for _ in range(keys))
    one = loops_softmax(keys)
    return {
        # each score is multiplied by 1/sqrt d once
        "multiplications": products + queries * keys + outputs,
        "additions": products - queries * keys + queries * one["additions"] + outputs - queries * value_width,
        "function_evaluations": queries * one["function_evaluations"],
        "divisions": queries * one["divisions"],
    }


@pytest.mark.parametrize(
    ("name", "sizes", "expected"),
    [
        pytest.param("linear", {"B": 3, "m": 5, "n": 7}, loops_linear(3, 5, 7), id="linear"),
        pytest.param("matvec", {"m": 5, "n": 7}, {"multiplications": 35, "additions": 30}, id="matvec"),
        pytest.param("softmax", {"n": 11}, loops_softmax(11), id="softmax"),
        pytest.param("cross_entropy", {"n": 11}, loops_cross_entropy(11), id="cross entropy"),
        pytest.param(
            "attention", {"n": 2, "m": 3, "d": 5, "d_v": 7}, loops_attention(2, 3, 5, 7), id="attention"
        ),
        pytest.param(  # two matrices, and two additions for each unit that join them and the bias
            "rnn_cell",
            {"m": 5, "n": 7},
            {"multiplications": 35 + 25, "additions": 30 + 20 + 10, "function_evaluations": 5},
            id="rnn cell",
        ),
        *(
            pytest.param(
                name,
                {"m": 5, "n": 7, "T": 3},
                {"multiplications": 180, "additions": 180, "function_evaluations": 15},
                id=f"{name}, three such steps",
            )
            for name in ("rnn", "rnn_from_state")
        ),
        pytest.param("absolute_error", {"n": 7}, {"comparisons": 7, "additions": 7 + 6}, id="absolute error"),
        pytest.param("relu", {}, {"comparisons": 1}, id="relu"),
        pytest.param(
            "sigmoid", {}, {"function_evaluations": 1, "additions": 1, "divisions": 1}, id="sigmoid"
        ),
        pytest.param(
            "mean_squared_error",
            {"n": 7},
            {"multiplications": 8, "additions": 7 + 6},
            id="mean squared error",
        ),
    ],
)
def test_counts(name, sizes, expected):
    counts = count_program(operation(name).program).named()
    got = {
        key: int(value.subs({sp.Symbol(k, integer=True, positive=True): v for k, v in sizes.items()}))
        for key, value in counts.items()
    }
    assert got == dict.fromkeys(counts, 0) | expected


def _spread(h, i, x):
    return Sum(x[i] * Bracket(h - 2 * i), i)


@pytest.mark.parametrize(
    ("value", "additions"),
    [
        pytest.param(_spread, 0, id="every second entry has one term"),
        pytest.param(
            lambda h, i, x: _spread(h, i, x) + sp.sin(h), 7, id="one term more in each of 14 entries"
        ),
        pytest.param(
            lambda h, i, x: _spread(h, i, x) + _spread(h - 1, i, x), 0, id="between them, each has one"
        ),
    ],
)
def test_additions_of_what_is_put_into_some_of_the_entries(value, additions):
    """By hand, for n = 7 and 14 entries: what is put into an entry that holds something already is added."""
    i, h = Index("i", size("n")), Index("h", 2 * size("n"))
    x, y = Tensor.over("x", i), Tensor.over("y", h)
    counts = count_statement(Statement(y[h], value(h, i, x)))
    assert counts.additions.subs(size("n"), 7) == additions


def test_parameters_of_a_linear_layer():
    parameters = tuple(one.tensor for one in operation("linear").parameters)
    assert sp.expand(parameter_count(parameters) - (m * n + m)) == 0
