"""``derive graph`` as a user calls it."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import main


def graph(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["graph", *arguments])


E1 = ("(x + y) z", "x=-2", "y=5", "z=-4")


def test_the_table_holds_values_and_gradients() -> None:
    """(x + y) z at (-2, 5, -4): q = 3, f = -12, gradient (-4, -4, 3)."""
    result = graph(*E1)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert ["x", "-2", "-4"] in rows
    assert ["z", "-4", "3"] in rows
    assert any(row[:2] == ["f_2", "f_1*z"] and row[-2:] == ["-12", "1"] for row in rows)


def test_json_holds_the_same() -> None:
    data = json.loads(graph(*E1, "--format", "json").output)
    assert data["value"]["exact"] == "-12"
    assert {name: g["value"] for name, g in data["gradient"].items()} == {"x": -4, "y": -4, "z": 3}


def test_a_picture_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "graph.svg"
    result = graph(*E1, "--format", "svg", "--output", str(file))
    assert result.exit_code == 0, result.output
    assert ET.parse(file).getroot().tag.endswith("svg")


def test_an_upstream_gradient_is_taken() -> None:
    """E5: dL/df = -2, f = g + z, g = x y at y = 3, x = -2."""
    data = json.loads(
        graph("g = x y; f = g + z", "x=-2", "y=3", "z=1", "--upstream", "-2", "--format", "json").output
    )
    assert {name: g["value"] for name, g in data["gradient"].items()} == {"x": -6, "y": 4, "z": -2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("(x + y) z", "x=-2", "y=5"), "no value given for z"),
        (("(x + y) z", "x=-2", "y=five", "z=1"), "y: 'five' is no number"),
        ((r"\log x", "x=0"), "f_1 = log(x) has no finite real value at x = 0"),
        (("1/x", "x=0"), "f_1 = 1/x has no finite real value at x = 0"),
        ((r"\frac{x}{", "x=1"), "cannot read"),
        (("x", "x=1", "--format", "png"), "'png' is not one of"),
        (("x + y", "x=1", "y=1", "--output", "/nowhere/at/all"), "cannot be written"),
    ],
    ids=["missing", "no number", "log 0", "1/0", "unbalanced", "format", "output"],
)
def test_a_fault_is_one_clear_line_and_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    result = graph(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_value_that_is_not_used_is_noted() -> None:
    result = graph("x^2", "x=3", "t=1")
    assert result.exit_code == 0
    assert "t does not occur" in result.output
