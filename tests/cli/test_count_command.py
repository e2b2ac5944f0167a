"""``derive count`` and ``derive fit`` as a user calls them."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import main

NAIVE = "Concat(Conv2d(256, 128, 1), Conv2d(256, 192, 3, padding=1), Conv2d(256, 96, 5, padding=2)) -> ReLU()"
NETWORKS = Path(__file__).resolve().parents[2] / "examples" / "networks"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_json_has_the_keys_that_others_rely_on() -> None:
    data = json.loads(run("count", NAIVE, "--input", "256x32x32", "--format", "json").output)
    assert data["totals"]["parameters"] == 1_089_952
    assert data["totals"]["multiplications"] == data["totals"]["additions"] == 1_115_684_864
    assert data["totals"]["multiply_adds"] == 1_115_684_864
    assert data["convention"]["operations"] == "mac"
    assert [one["output_shape"] for one in data["layers"]][-1] == [416, 32, 32]
    assert data["lower_bound"] is False


def test_formulas_in_json_are_latex_and_text() -> None:
    data = json.loads(run("count", "Linear(n, m)", "--input", "n", "--format", "json").output)
    assert data["totals"]["parameters"] == {"latex": "m n + m", "text": "m*n + m"}


def test_the_table_names_its_convention() -> None:
    result = run("count", NAIVE, "--input", "32x32x256", "--layout", "hwc", "--convention", "2mac")
    assert result.exit_code == 0, result.output
    assert "1,089,952" in result.output
    assert "2 for every multiply-add" in " ".join(result.output.split())
    assert "flops" not in result.output.lower()


def test_the_working_is_the_sum_that_a_student_writes() -> None:
    output = run("count", NAIVE, "--input", "256x32x32", "--working").output
    assert "(1^2*256*128 + 128) + (3^2*256*192 + 192) + (5^2*256*96 + 96) = 1,089,952" in output
    latex = run("count", NAIVE, "--input", "256x32x32", "--working", "--format", "latex").output
    assert r"3^2 \cdot 256 \cdot 192 + 192" in latex


def test_a_slip_is_explained() -> None:
    output = run("count", NAIVE, "--input", "256x32x32", "--explain", "696,736").output
    expected = "696,736 is what comes out with 3 for 5 in Conv2d(256, 96, 5, padding=2) in the third branch"
    assert expected in output


def test_receptive_fields_are_shown() -> None:
    output = run("count", str(NETWORKS / "vgg16.net"), "--receptive").output
    assert "32i - 90 .. 32i + 121" in output


@pytest.mark.parametrize("more", [[], ["--receptive"]], ids=["network", "receptive field"])
def test_pictures_are_well_formed(more: list[str], tmp_path: Path) -> None:
    file = tmp_path / "network.svg"
    result = run("count", NAIVE, "--input", "256x32x32", "--format", "svg", "--output", str(file), *more)
    assert result.exit_code == 0, result.output
    assert ET.parse(file).getroot().tag.endswith("svg")


def test_a_page_holds_the_table_and_the_pictures() -> None:
    output = run("count", NAIVE, "--input", "256x32x32", "--format", "html").output
    assert "1,089,952" in output
    assert output.count("<svg") == 2
    assert "<math" in output


def test_two_networks_side_by_side() -> None:
    text = "Conv2d(192, 16, 1) -> Conv2d(16, 32, 5, padding=2)"
    output = run("count", "Conv2d(192, 32, 5, padding=2)", "--input", "192x28x28", "--compare", text).output
    assert "300/31 = 9.677" in output


def test_the_backward_pass() -> None:
    output = run(
        "count", "Linear(5, 7) -> Linear(7, 3)", "--input", "5", "--backward", "--format", "json"
    ).output
    assert json.loads(output)["backward"]["totals"]["multiply_adds"] == 35 + 21 + 21


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["ReLu()", "--input", "3"], "there is no layer ReLu; did you mean ReLU", id="layer"),
        pytest.param(["ReLU()"], "how large the input x is has to be said", id="no input"),
        pytest.param(["ReLU()", "--input", "3x-1"], "--input has sizes like 3x224x224", id="sizes"),
        pytest.param(["no-such-file"], "no-such-file: there is no such file", id="file"),
        pytest.param([], "name a network", id="nothing"),
        pytest.param([" "], "name a network", id="blank"),
        pytest.param(
            ["ReLU()", "--input", "3", "--convention", "2mak"], "did you mean 2mac", id="convention"
        ),
        pytest.param(
            ["ReLU()", "--input", "3", "--explain", "many"], "a total is written like 13.5M", id="total"
        ),
    ],
)
def test_a_fault_is_one_clear_line_and_exit_code_2(arguments: list[str], message: str) -> None:
    result = run("count", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_code_without_spaces_is_no_file() -> None:
    result = run("count", "20C5-MP2-500FC", "--input", "1x28x28", "--format", "json")
    assert json.loads(result.output)["totals"]["parameters"] == 25 * 20 + 20 + 20 * 144 * 500 + 500


def test_layers_are_listed() -> None:
    assert "Conv2d(in_channels, out_channels, kernel_size, stride=1" in run("count", "--layers").output


def test_inverse_questions() -> None:
    text = "Conv2d(1, 1, k, padding=p)"
    ranges = ["--range", "k=1..5", "--range", "p=0..3"]
    output = run("fit", text, "--input", "1x9x9", *ranges, "--want", "output = same").output
    assert [line.split("(")[0].strip() for line in output.splitlines()[1:]] == [
        "k = 1, p = 0", "k = 3, p = 1", "k = 5, p = 2",
    ]  # fmt: skip


def test_problems_that_count_networks_are_solved() -> None:
    output = run("solve", "counting/inception-naive").output
    assert "= 1089952" in output
    assert "= 1115684864" in output
    assert "= 425984" in output
