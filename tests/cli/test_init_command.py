"""``derive init`` from the shell."""

import json

import pytest
from click.testing import CliRunner

from derive.cli import main


def _run(*arguments):
    return CliRunner().invoke(main, ["init", *arguments])


def test_the_chain_and_the_numbers():
    output = _run("relu", "--in", "512", "--out", "256").output
    assert "n_in E[h^2] Var[W]" in output
    # 2/512, its root 1/16
    assert "forwards: Var[W] = 2/n_in = 0.00390625: standard deviation 0.0625" in output


def test_json():
    data = json.loads(_run("tanh", "--in", "3", "--out", "5", "--format", "json").output)
    assert data["compromise"] == {"variance": {"latex": r"\frac{2}{n_{in} + n_{\mathrm{out}}}",
                                               "text": "2/(n_in + n_out)"}, "value": 0.25}  # fmt: skip


def test_latex():
    assert r"\operatorname{Var}[z] &= n_{in}" in _run("relu", "--format", "latex").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["rely"], "did you mean relu", id="unknown"),
        pytest.param(["softmax"], "is no activation", id="not elementwise"),
        pytest.param(["relu", "--variance", "0"], "positive number", id="no variance"),
    ],
)
def test_bad_calls_say_what_would_work(arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
