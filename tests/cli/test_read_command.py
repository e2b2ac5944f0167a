"""``derive read`` from outside: what is shown, the JSON, carets, bad input."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import main
from derive.reading import Tree, read_formula, second_reader
from derive.reading.second_reader import Refusal

NOTES = r"""# Problem 2

(a) Let $x = 3$ and

$$y = x^2 = \foo{3} + 1$$

$$= 9$$ and ~~$$y = 6$$~~

$(3-9)(5-15 = 60$ but $0,5 = a$
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text(NOTES, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["read", *arguments])


def test_source_and_what_was_understood_stand_below_each_other(notes: Path) -> None:
    lines = run(str(notes)).output.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("5:3"))
    assert lines[at].split() == ["5:3", "in", "part", "y", "=", "x^2", "=", r"\foo{3}", "+", "1"]
    assert lines[at + 1].strip() == "y = x^{2} = [?]"


def test_a_caret_stands_under_what_is_not_known(notes: Path) -> None:
    lines = run(str(notes)).output.splitlines()
    at = next(k for k, line in enumerate(lines) if "the command" in line)
    assert lines[at - 1].index(r"\foo") == lines[at].index("^")
    assert lines[at].count("^") == len(r"\foo")


def test_continuations_givens_and_struck_text_are_marked(notes: Path) -> None:
    output = run(str(notes)).output
    assert "x = 3  (given)" in output
    assert "= 9  (continues line 5)" in output
    assert "7:17  struck     y = 6" in output


def test_the_summary_counts(notes: Path) -> None:
    assert (
        run(str(notes))
        .output.splitlines()[-1]
        .endswith("6 statements: 2 read, 1 ambiguous, 2 in part, 0 unread, 1 struck")
    )


def test_json(notes: Path) -> None:
    record = json.loads(run(str(notes), "--format", "json").output)
    assert record["summary"] == {"read": 2, "ambiguous": 1, "in part": 2, "unread": 0, "struck": 1}
    first, second, *_ = record["statements"]
    assert {key: first[key] for key in ("line", "column", "status", "latex", "assumed", "role", "label")} == {
        "line": 3, "column": 10, "status": "read", "latex": "x = 3", "assumed": [], "role": "given",
        "label": "(a)",
    }  # fmt: skip
    tree = second["sides"][1]["tree"]
    assert (tree["node"], NOTES[slice(*tree["span"])]) == ("Power", "x^2")
    assert second["sides"][2]["holes"] == [
        {
            "line": 5,
            "column": 13,
            "source": r"\foo{3} + 1",
            "reason": r"the command \foo is not known",
            "repair": {"change": r"without \foo", "latex": "3 + 1"},
        }
    ]


def test_both_readings_of_what_is_ambiguous_are_shown(notes: Path) -> None:
    record = json.loads(run(str(notes), "--format", "json").output)
    (found,) = record["statements"][-1]["sides"][0]["readings"]
    assert found["latex"] == ["0.5", "0, 5"]


def test_trees_are_shown_on_request(notes: Path) -> None:
    assert "Power" not in run(str(notes)).output
    shown = [line.strip() for line in run(str(notes), "--tree").output.splitlines()]
    at = shown.index("Power")
    assert shown[at + 1 : at + 3] == ["Name x", "Number 2"]


def test_a_declaration_settles_a_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("$h(x) = 1$ and $k(x+1) = 2$", encoding="utf-8")
    plain = json.loads(run(str(path), "--format", "json").output)
    declared = json.loads(run(str(path), "--format", "json", "--declare", "k: function").output)
    assert plain["statements"][1]["sides"][0]["tree"]["node"] == "Multiply"
    assert declared["statements"][1]["sides"][0]["tree"]["node"] == "Call"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.md"], "there is no such file"),
        (["--declare", "W: nonsense", "{notes}"], "'nonsense' is no shape, domain or kind"),
    ],
    ids=["no-file", "bad-declaration"],
)
def test_a_bad_call_ends_in_one_line_and_exit_2(arguments: list[str], said: str, notes: Path) -> None:
    result = run(*[argument.replace("{notes}", str(notes)) for argument in arguments])
    assert result.exit_code == 2
    assert said in result.output


OTHER = {
    "pdf": (b"%PDF-1.7 ...", "is a PDF"),
    "png": (b"\x89PNG\r\n", "is an image"),
    "jpeg": (b"\xff\xd8\xff\xe0", "is an image"),
    "phone-picture": (b"\x00\x00\x00\x18ftypheic", "is an image"),
    "word": (b"PK\x03\x04....", "is a Word document"),
    "rtf": (b"{\\rtf1 a}", "is an RTF document"),
    "binary": (b"a = 1\x00\x01", "is a binary file"),
    "latin-1": ("gr\u00f6\u00dfe = 1".encode("latin-1"), "is not UTF-8 text"),
    "empty": (b" \n", "is empty"),
}


@pytest.mark.parametrize(("content", "said"), OTHER.values(), ids=OTHER.keys())
def test_what_is_no_text_gets_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file.md"
    path.write_bytes(content)
    result = run(str(path))
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") <= 1


def test_utf_16_as_windows_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "file.md"
    path.write_text("größe: α = 2", encoding="utf-16")
    assert json.loads(run(str(path), "--format", "json").output)["statements"][0]["latex"] == r"\alpha = 2"


class StandIn:
    """A second reader that reads every side as x."""

    name = "latex2sympy2"

    def parse(self, side: str) -> Tree | Refusal:
        return read_formula("x") if side != "3" else Refusal("not today")

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def test_a_second_reader_is_shown_beside_each_side(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_reader, "Latex2Sympy2", StandIn)
    output = run(str(notes), "--second-reader").output
    assert "latex2sympy2 on x: agrees" in output
    assert "latex2sympy2 on 3: refused (not today)" in output
    assert "latex2sympy2 on x^2: differs (it reads x; latex2sympy2 lost" not in output  # a value, not a leaf
    assert "latex2sympy2 on x^2: differs (it reads x; at x = " in output
    assert "also read by latex2sympy2: 1 agrees" in output


def test_a_second_reader_in_the_json(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_reader, "Latex2Sympy2", StandIn)
    record = json.loads(run(str(notes), "--second-reader", "--format", "json").output)
    left, right = record["statements"][0]["sides"]
    assert left["second_reader"] == {"says": "agrees", "reason": "", "latex": "x"}
    assert right["second_reader"] == {"says": "refused", "reason": "not today", "latex": None}
    assert sum(record["second_reader"].values()) == 2 + 3 + 1 + 2 + 2  # sides, line by line


def test_without_a_second_reader_the_command_says_how_to_get_one(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(second_reader.PYTHON, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = run(str(notes), "--second-reader")
    assert result.exit_code == 2
    assert "latex2sympy2 is not installed here: pip install '.[latex2sympy2]'" in result.output
