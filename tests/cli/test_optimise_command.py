"""``derive optimise`` from the shell."""

import json

import pytest
from click.testing import CliRunner

from derive.cli import main


def _run(*arguments):
    return CliRunner().invoke(main, ["optimise", *arguments])


def test_every_number_of_a_step_is_shown():
    result = _run("rmsprop", "--gradients", "2", "--set", "eta=0.1", "--set", "eps=0", "--numbers")
    assert result.exit_code == 0, result.output
    assert "r' = g^2 (1 - ρ) + ρ r = (2)^2 (1 - (0.9)) + (0) (0.9) = 0.4" in result.output


def test_json_has_every_step():
    data = json.loads(_run("gradient-descent", "x^2/2", "x=1", "--set", "eta=0.5", "--format", "json").output)
    assert [step["theta'"] for step in data["parameters"]["x"]] == [0.5, 0.25, 0.125]
    assert data["losses"] == [0.5, 0.125, 0.03125, 0.0078125]


def test_latex():
    output = _run("momentum", "--gradients", "1", "--format", "latex").output
    assert r"v' &= " in output
    assert r"\begin{align*}" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["adam"], "give a loss and a start", id="nothing to minimise"),
        pytest.param(["adam", "x^2", "x=1", "--gradients", "1"], "give one of the two", id="both"),
        pytest.param(["adm", "x^2", "x=1"], "did you mean adam", id="unknown"),
        pytest.param(["gradient-descent", "-x^4", "x=9", "--steps", "99"], "too large", id="diverges"),
    ],
)
def test_bad_calls_say_what_would_work(arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
