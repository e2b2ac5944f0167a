"""The command line's frame: help, unknown commands, foreign files, and errors that nobody foresaw."""

import importlib
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from derive import cli
from derive.cli import COMMANDS, main
from derive.cli.options import CallError, read_text, write_json


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name in main.list_commands(click.Context(main))]
)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
    command = main.get_command(click.Context(main), name)
    for sub in command.commands if isinstance(command, click.Group) else ():
        result = CliRunner().invoke(main, [name, sub, "--help"])
        assert "--format" in result.output
    assert isinstance(command, click.Group) or "--format" in result.output


def test_the_help_lists_all_commands_with_a_line_each() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    for name in main.list_commands(click.Context(main)):
        assert any(line.split()[:1] == [name] and len(line.split()) > 2 for line in shown.splitlines()), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sovle"], "there is no command 'sovle'; did you mean solve"),
        (["zzz"], "there is no command 'zzz'; known commands: "),
        (["--nonsense"], "--nonsense"),
    ],
    ids=["near", "far", "option"],
)
def test_an_unknown_command_is_answered_in_one_line(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command ``problems`` that fails in a way that nobody foresaw."""

    @click.command("problems")
    def command() -> None:
        raise KeyError("lost\nin two lines")

    real = importlib.import_module
    monkeypatch.setattr(
        cli.importlib,
        "import_module",
        lambda name: (
            types.SimpleNamespace(command=command) if name.endswith("problems_command") else real(name)
        ),
    )


@pytest.mark.usefixtures("broken")
def test_an_unforeseen_error_is_one_clear_line() -> None:
    result = CliRunner().invoke(main, ["problems"])
    assert result.exit_code == 2
    assert "unforeseen (KeyError: " in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.usefixtures("broken")
def test_debug_shows_where_it_happened() -> None:
    result = CliRunner().invoke(main, ["--debug", "problems"])
    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\x7fELF\x00\x01", "is a binary file"),
        ("ok\nstra\u00dfe".encode("latin-1"), "is not UTF-8 text: byte 0xdf in line 2"),
    ],
    ids=["missing", "empty", "blank", "binary", "latin-1"],
)
def test_a_file_at_fault_is_named_with_the_reason(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "script.md"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CallError, match=message) as caught:
        read_text(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_folder_is_no_script(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="is a folder"):
        read_text(tmp_path)


def test_lines_stay_the_files_lines(tmp_path: Path) -> None:
    path = tmp_path / "script.md"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(path) == "a\nb\nc\n"


def test_json_never_holds_what_json_readers_refuse() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"x": float("nan")})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["compare", "-x", "-1 * x"], "correct"),
        (["compare", "-h_t + 1", "1 - h_t"], "correct"),
        (["graph", "-h x", "h=2", "x=-3"], "6"),
    ],
    ids=["compare", "a letter that is an option elsewhere", "graph"],
)
def test_a_formula_may_begin_with_a_minus_sign(arguments, expected):
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    assert expected in result.output
