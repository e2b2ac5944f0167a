"""``derive threshold`` from the shell."""

import json

import pytest
from click.testing import CliRunner

from derive.cli import main


def _run(*arguments):
    return CliRunner().invoke(main, ["threshold", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["separate", "xor"], "w_1 + w_2 + 2 w_0 <= 0: a contradiction", id="certificate"),
        pytest.param(["separate", "and"], "z = x_1 + x_2 - 1 > 0", id="weights"),
        pytest.param(["separate", "xor", "--signed"], "a contradiction", id="inputs -1 and 1"),
        pytest.param(["separate", "--point", "0,0:0", "--point", "-2,1:1"], "> 0", id="points"),
        pytest.param(["network", "xor"], "3 units", id="network"),
        pytest.param(["network", "xor", "--every-row"], "5 units", id="a detector for every row"),
        pytest.param(["learn", "or"], "w = (-1, 2, 2)", id="learning"),
        pytest.param(["learn", "xor", "--sweeps", "3"], "It never will be", id="learning what cannot be"),
        pytest.param(["unit", "--weights", "1,1", "--bias", "-1"], "(1, 1): z = 1, g(z) = 1", id="unit"),
        pytest.param(
            ["unit", "--inputs", "2", "--threshold", "1", "--inhibitory", "2"], "(1, 0): 1", id="1943"
        ),
        pytest.param(["counts", "5"], "5            33                   16", id="counts"),
        pytest.param(["separate", "xor", "--format", "latex"], r"w_2 + w_0 &> 0", id="LaTeX"),
    ],
)
def test_what_is_said(arguments, said):
    result = _run(*arguments)
    assert result.exit_code == 0, result.output
    assert said in result.output


def test_json():
    data = json.loads(_run("separate", "xor", "--format", "json").output)
    assert data["separable"] is False
    assert data["certificate"]["total"] == ["2", "1", "1"]
    assert json.loads(_run("learn", "or", "--format", "json").output)["weights"] == ["-1", "2", "2"]
    assert json.loads(_run("counts", "2", "--format", "json").output)[0]["sufficient"] == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["separate"], "give a table", id="nothing"),
        pytest.param(["separate", "011"], "2, 4, 8, ... outputs", id="three outputs"),
        pytest.param(["separate", "--point", "0,0"], "is no labelled point", id="no label"),
        pytest.param(["separate", "--point", "a:1"], "are no numbers", id="no numbers"),
        pytest.param(["learn", "or", "--start", "0,0"], "3 weights are needed", id="too few weights"),
        pytest.param(["unit"], "give --weights", id="no unit"),
    ],
)
def test_bad_calls_say_what_would_work(arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
