"""``derive compare`` from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import main


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments], input=text)


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (r"\tanh x", r"2\sigma(2x) - 1", "correct"),
        (r"\tanh x", r"2\sigma(x) - 1", "wrong"),
        ("AB", "BA", "wrong"),
        ("9^{9^{9^9}}", "1", "undecided"),
        ("(x", "x", "unread"),
    ],
)
def test_verdicts(left: str, right: str, verdict: str) -> None:
    result = run(left, right)
    assert result.exit_code == 0
    assert result.output.startswith(f"{verdict}: ")
    strict = run(left, right, "--strict")
    assert strict.exit_code == (1 if verdict == "wrong" else 0)


def test_json_has_a_witness_and_no_line() -> None:
    record = json.loads(run("x", "x^2", "--format", "json").output)
    assert record["verdict"] == "wrong"
    assert record["line"] is None
    at = record["witness"]["at"]["x"]
    assert (record["witness"]["left"], record["witness"]["right"]) == (at, at**2)


def test_declarations_and_conventions() -> None:
    assert run(r"\sqrt{x^2}", "x", "--declare", "x > 0").output.startswith("correct")
    assert run(r"\log 1000", "3", "--convention", "log=10").output.startswith("correct")


def test_batch_writes_one_claim_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"id": "a", "left": "x + y", "right": "y + x"}\n\n'
        '{"id": 2, "left": "\\\\sqrt{x^2}", "right": "x", "declare": ["x > 0"]}\n'
        '{"id": "c", "left": "AB", "right": "BA"}\n',
        encoding="utf-8",
    )
    records = [json.loads(line) for line in run("--batch", str(path)).output.splitlines()]
    assert [(r["id"], r["verdict"]) for r in records] == [("a", "correct"), (2, "correct"), ("c", "wrong")]


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (("x",), None, "two formulas are needed"),
        (("x", "y", "--convention", "log=pi"), None, "base of the logarithm"),
        (("x", "y", "--convention", "layout"), None, "unknown convention"),
        (("x", "y", "--declare", "x: banana"), None, "what would work"),
        (("--batch", "-"), '{"left": "x"}\n', "line 1"),
        (("--batch", "-"), "not json\n", "line 1"),
    ],
    ids=["one formula", "base", "convention", "declaration", "missing key", "no json"],
)
def test_a_bad_call_gives_one_clear_line(arguments: tuple[str, ...], text: str | None, said: str) -> None:
    result = run(*arguments, text=text)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
