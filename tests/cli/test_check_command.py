"""``derive check`` from outside: what is printed, exit codes, bad input, and how long a cold start takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import main

SLIP = "$x = 2$\n\n$x + 1 = 3$\n\n$2 x = 5$\n\n(3-9)(5-15 = 60\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "homework.md"
    path.write_text(SLIP, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_text_names_the_place_the_verdict_and_the_first_wrong_line(script: Path) -> None:
    result = run(str(script))
    assert result.exit_code == 0
    line = next(text for text in result.output.splitlines() if text.startswith("5:"))
    assert "wrong" in line
    assert "left 4, right 5" in line
    assert "expected: 4" in result.output
    assert "first wrong line: 5" in result.output
    assert "definition" not in result.output.partition("claims")[0]


def test_detail_shows_the_definitions(script: Path) -> None:
    assert "1:6   definition x = 2" in run(str(script), "--detail").output


def test_json(script: Path) -> None:
    record = json.loads(run(str(script), "--format", "json").output)
    assert (record["source"], record["first_wrong"]) == (str(script), 5)
    assert {c["line"]: c["verdict"] for c in record["claims"]} == {
        1: "definition",
        3: "correct",
        5: "wrong",
        7: "unread",
    }
    assert sum(record["summary"].values()) == len(record["claims"])


def test_strict_exits_with_1_only_if_something_is_wrong(script: Path, tmp_path: Path) -> None:
    fine = tmp_path / "fine.md"
    fine.write_text("$1 + 1 = 2$", encoding="utf-8")
    assert run(str(script), "--strict").exit_code == 1
    assert run(str(fine), "--strict").exit_code == 0
    assert "nothing is wrong" in run(str(fine)).output


def test_what_could_not_be_judged_is_not_called_right(tmp_path: Path) -> None:
    path = tmp_path / "open.md"
    path.write_text("$x^2 = 2x + 1$", encoding="utf-8")
    assert "1 claims could not be judged" in run(str(path)).output


def test_output_goes_to_a_file(script: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    assert run(str(script), "--format", "json", "--output", str(target)).output == ""
    assert json.loads(target.read_text(encoding="utf-8"))["first_wrong"] == 5


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.md", None, "there is no such file"),
        ("empty.md", b"", "is empty"),
        ("blank.md", b"\n  \n", "is empty"),
        ("scan.pdf", b"%PDF-1.7 ...", "is a PDF"),
        ("photo.png", b"\x89PNG\r\n\x1a\n", "is an image"),
        ("photo.jpg", b"\xff\xd8\xff\xe0abc", "is an image"),
        ("essay.docx", b"PK\x03\x04abcdef", "Word document"),
        ("data.bin", b"a\x00b", "binary"),
        ("latin.md", "é = 3".encode("latin-1"), "not UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_files_give_one_clear_line(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = run(str(path))
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert "Traceback" not in result.output


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert run(str(tmp_path)).exit_code == 2


def test_an_unknown_problem_suggests_a_near_one(script: Path) -> None:
    result = run(str(script), "--problem", "softmax/three-score")
    assert result.exit_code == 2
    assert "softmax/three-scores" in result.output


def test_a_bad_declaration_says_what_would_work(script: Path) -> None:
    result = run(str(script), "--declare", "x: banana")
    assert result.exit_code == 2
    assert "what would work" in result.output


def test_a_file_without_formulas(tmp_path: Path) -> None:
    path = tmp_path / "prose.md"
    path.write_text("Nothing to see here.\n", encoding="utf-8")
    result = run(str(path))
    assert (result.exit_code, "no formula was found" in result.output) == (0, True)


def test_twenty_lines_from_a_cold_start(tmp_path: Path) -> None:
    """The time that this takes is measured in ``benchmarks/bench_cli.py``."""
    path = tmp_path / "twenty.md"
    lines = [r"$s_i = \frac{e^{x_i}}{\sum_k e^{x_k}}$"]
    lines += [rf"$\frac{{\partial s_i}}{{\partial x_j}} = s_i(\delta_{{ij}} - s_j)$, "
              rf"$\tanh {k}x = 2\sigma({2 * k}x) - 1$"
              for k in range(1, 20)]  # fmt: skip
    path.write_text("\n\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "derive", "check", str(path)], capture_output=True, check=True
    )
    assert b"38 correct" in done.stdout
