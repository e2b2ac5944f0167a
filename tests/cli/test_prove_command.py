"""``derive prove`` from the shell."""

import json

import pytest
from click.testing import CliRunner

from derive.cli import main

OWN = ["--recurrence", "v_{k+1} = b v_k + g", "--start", "v_0 = 0"]


def _run(*arguments):
    return CliRunner().invoke(main, ["prove", *arguments])


def test_the_whole_proof_is_shown():
    output = _run("heavy-ball").output
    for said in ("θ_(k+1) = β (θ_k - θ^old_k) + θ_k - η g_k", "First step, k = 0", "by the hypothesis"):
        assert said in output
    assert output.endswith("This proves it for all k.\n")


def test_what_is_not_true_is_refuted_with_numbers():
    result = _run(*OWN, "--claim", "v_k = g (1 - b^k)")
    assert result.exit_code == 0
    # b = 2, g = 3: the first velocity is 3, and 3 (1 - 2) is -3
    assert "It is not true at k = 1 with b = 2, g = 3: left 3, right -3." in result.output


@pytest.mark.parametrize("name", ["heavy-ball", "moving-average", "bias-correction"])
def test_latex_and_json(name):
    latex = _run(name, "--format", "latex").output
    assert latex.count(r"\begin{align*}") == latex.count(r"\end{align*}") >= 4
    data = json.loads(_run(name, "--format", "json").output)
    assert data["verdict"] == "proved"
    assert all(case["equal"] for case in data["base"] + data["step"])


def test_the_theorems_are_listed():
    assert "bias-correction" in _run().output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["heavy-bal"], "did you mean heavy-ball", id="unknown theorem"),
        pytest.param(["heavy-ball", *OWN], "give one of the two", id="both"),
        pytest.param(OWN, "a claim is missing", id="no claim"),
    ],
)
def test_bad_calls_say_what_would_work(arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
