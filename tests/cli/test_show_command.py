"""``derive show``, ``ops``, ``verify`` and ``perceptron`` as a user calls them."""

import json

import pytest
from click.testing import CliRunner

from derive.cli import main


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show", "softmax"], "∂s/∂x = diag(s) - s sᵀ"),
        (["show", "softmax", "--wrt", "x", "--format", "latex"], r"s_i (\delta_{ij} - s_j)"),
        (["show", "softmax", "--jacobian", "--form", "matrix"], "diag(s) - s sᵀ"),
        (["show", "softmax", "--upstream"], "s_i (g_i - Σ_j g_j s_j)"),
        (["show", "cross_entropy", "--order", "2"], "diag(s) - s sᵀ"),
        (["show", "linear", "--wrt", "b", "--detail"], "an entry depends only on itself"),
        (["show", "tanh", "--format", "html"], "<math"),
        (["show", "tanh", "--format", "latex", "--standalone"], r"\documentclass{article}"),
        (["perceptron"], "(W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾) ⊙ σ'(z⁽ˡ⁾)"),
        (["perceptron", "n", "m", "--activation", "tanh", "--steps"], "chain rule"),
        (["verify", "tanh", "softmax"], "4 derivatives in 12 trials: all witnesses agree"),
        (["ops", "--no-verify"], "m n + m"),
        (["ops", "--format", "latex"], r"\paragraph{softmax}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_useful_output(arguments, expected):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert expected in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "sofmax"], "unknown operation 'sofmax'; did you mean softmax"),
        (["show", "linear", "--wrt", "w"], "unknown input 'w'; did you mean W?"),
        (["show", "softmax", "--order", "3"], "3 is not in the range 1<=x<=2"),
        (["show", "softmax", "--order", "2", "--upstream"], "without an upstream gradient"),
        (["verify", "relu", "nothing"], "unknown operation 'nothing'"),
        (["perceptron", "3"], "at least one layer"),
        (["perceptron", "3", "2", "--activation", "softmx"], "unknown operation 'softmx'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_gives_one_clear_line_and_exit_code_2(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_json_of_ops_and_verify():
    (softmax,) = [
        one
        for one in json.loads(run("ops", "--no-verify", "--format", "json").output)
        if one["name"] == "softmax"
    ]
    assert {"family", "inputs", "parameters", "output_shape", "parameter_count", "multiplications"} <= set(
        softmax
    )
    assert softmax["additions"]["text"] == "n - 1"
    found = json.loads(run("verify", "relu", "--format", "json").output)
    assert {"operation", "wrt", "setting", "witnesses", "agrees"} <= set(found[0])


def test_verify_exits_1_on_a_disagreement(monkeypatch):
    from derive import execution

    monkeypatch.setattr(
        execution,
        "backward",
        lambda name, inputs, upstream, **settings: {"x": upstream * 7 + 0 * inputs["x"]},
    )
    result = run("verify", "tanh")
    assert result.exit_code == 1
    assert "DISAGREE" in result.output
