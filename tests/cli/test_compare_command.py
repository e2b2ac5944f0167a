"""``derive compare`` from outside."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import main

ROOT = Path(__file__).resolve().parents[2]


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
        (("x", "y", "--convention", "log=pi"), None, "what would work"),
        (("x", "y", "--convention", "layout"), None, "unknown convention"),
        (("x", "y", "--declare", "x: banana"), None, "what would work"),
        (("--batch", "-"), '{"left": "x"}\n', "line 1"),
        (("--batch", "-"), "not json\n", "line 1"),
        (("--batch", "no/such/file"), None, "there is no such file"),
        (("x", "y", "--batch", "-"), None, "either"),
        (("x", "y", "--relation", "?"), None, "what would work"),
        (("x", "y", "--seed", "-1"), None, "range"),
        (("x", "y", "--output", "no/such/folder/file"), None, "cannot be written"),
        (("x\udcff", "y"), None, "UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) and "{" not in value else None,
)
def test_a_bad_call_gives_one_clear_line(arguments: tuple[str, ...], text: str | None, said: str) -> None:
    result = run(*arguments, text=text)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


BAD_LINES = {
    "no json": (b"{", "not JSON"),
    "a list": (b"[1]", "expected"),
    "a number for a formula": (b'{"id": "n", "left": 3, "right": "x"}', "strings"),
    "declarations of another kind": (b'{"left": "x", "right": "x", "declare": [3]}', "declare"),
    "a convention of another kind": (b'{"left": "x", "right": "x", "convention": ["log"]}', "convention"),
    "a convention that there is not": (
        b'{"left": "x", "right": "x", "convention": {"a": "b"}}',
        "what would",
    ),
    "a declaration that says nothing": (
        b'{"left": "x", "right": "x", "declare": ["x: ?"]}',
        "what would work",
    ),
    "an impossible seed": (b'{"left": "x", "right": "x", "seed": -1}', "seed"),
    "bytes that are no text": (b'{"left": "\xff", "right": "x"}', "utf-8"),
    "no number": (b'{"id": NaN, "left": "x", "right": "x"}', "NaN"),
    "a number of many digits": (b'{"id": ' + b"9" * 5000 + b', "left": "x", "right": "x"}', "digits"),
    "deep brackets": (b"[" * 100_000, "nested too deeply"),
    "a very long line": (b'{"left": "' + b"x" * 1_100_000 + b'", "right": "x"}', "longer than"),
}


@pytest.mark.parametrize(("line", "said"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_of_a_batch_stops_no_other(line: bytes, said: str) -> None:
    good = b'{"id": "%s", "left": "x + y", "right": "y + x"}'
    text = b"\n".join([good % b"before", line, good % b"after", b""])
    result = CliRunner().invoke(main, ["compare", "--batch", "-"], input=text)
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record.get("verdict") for record in records] == ["correct", None, "correct"]
    assert [records[0]["id"], records[2]["id"]] == ["before", "after"]
    assert "line 2" in records[1]["error"]
    assert said in records[1]["error"]
    assert result.exit_code == 2
    assert "1 line could not be used" in result.stderr


def test_what_a_line_says_is_added_to_what_the_call_says() -> None:
    line = '{"left": "\\\\log 1000 + |x|", "right": "3 + x", "declare": "x > 0", "seed": 5}\n'
    record = json.loads(run("--batch", "-", "--convention", "log=10", text=line).output)
    assert (record["verdict"], record["seed"], record["id"]) == ("correct", 5, None)
    line = '{"left": "\\\\log 1000", "right": "3", "convention": {"log": "e"}}\n'
    assert json.loads(run("--batch", "-", "--convention", "log=10", text=line).output)["verdict"] == "wrong"
    line = '{"left": "x^2 + 1", "right": "0", "relation": ">"}\n'
    assert json.loads(run("--batch", "-", text=line).output)["verdict"] == "correct"


def test_a_batch_is_strict_after_its_last_line() -> None:
    lines = '{"left": "x", "right": "2x"}\n{"left": "x", "right": "x"}\n'
    result = run("--batch", "-", "--strict", text=lines)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 2


def test_a_batch_answers_before_the_next_line_comes() -> None:
    """A program may ask line by line: nothing is kept back until the end of the input."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "derive", "compare", "--batch", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT
    ) as process:
        assert isinstance(process.stdin, io.BufferedIOBase)
        assert process.stdout is not None
        for number in (3, 5):
            process.stdin.write(b'{"id": %d, "left": "x", "right": "x"}\n' % number)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
    assert process.returncode == 0


def test_the_claims_of_a_batch_go_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "claims.jsonl"
    result = run("--batch", "-", "--output", str(target), text='{"id": "λ", "left": "x", "right": "y"}\n')
    assert (result.output, result.exit_code) == ("", 0)
    assert json.loads(target.read_text(encoding="utf-8"))["id"] == "λ"


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("x + y", "y + x", "how: in exact arithmetic"),
        (r"\tanh x", r"2\sigma(x) - 1", "how: by the values of both sides"),
        ("(x", "x", "how: not at all"),
        ("0.33", r"\frac13", "how: by the digits"),
    ],
    ids=["exact", "witness", "unread", "digits"],
)
def test_explain_says_how(left: str, right: str, said: str) -> None:
    assert said in run(left, right, "--explain").output
    assert said not in run(left, right).output


def test_a_proof_names_its_rules() -> None:
    claim = json.loads(run(r"\tanh x", r"2\sigma(2x) - 1", "--format", "json").output)
    shown = run(r"\tanh x", r"2\sigma(2x) - 1", "--explain").output
    assert claim["evidence"] == "proved"
    assert claim["proof"]
    assert all(step["rule"] in shown for step in claim["proof"])


def test_the_seed_chooses_the_points_and_not_the_verdict() -> None:
    records = [
        json.loads(run("x^T y", "2x^T y", "--declare", "x, y: 3", "--format", "json", "--seed", seed).output)
        for seed in ("0", "0", "7", "11")
    ]
    assert records[0] == records[1]
    assert [record["seed"] for record in records] == [0, 0, 7, 11]
    assert {record["verdict"] for record in records} == {"wrong"}
    for record in records:
        x, y = (record["witness"]["at"][name] for name in "xy")
        product = sum(a * b for a, b in zip(x, y, strict=True))
        assert (record["witness"]["left"], record["witness"]["right"]) == pytest.approx(
            (product, 2 * product)
        )
    assert len({json.dumps(record["witness"]) for record in records}) == 3
