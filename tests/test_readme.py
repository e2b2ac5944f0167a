"""The README's examples run, and where it shows an output, that is the output."""

import doctest
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """The commands of the console blocks, each with the output printed below it."""
    found = []
    for language, body in BLOCKS:
        if language == "console":
            for piece in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, _, output = piece.partition("\n")
                found.append((command, output))
    return found


@pytest.mark.parametrize(("command", "output"), commands(), ids=[command for command, _ in commands()])
def test_a_command_of_the_readme_does_what_is_shown(command: str, output: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "derive"
    done = subprocess.run(
        [sys.executable, "-m", "derive", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "PyTorch" in output and importlib.util.find_spec("torch") is None:
        return  # the output shown has a column that is only there with PyTorch
    if output.strip():
        # Errors near the machine's precision differ from one processor to the next.
        shown, printed = (re.sub(r"\d\.\de-\d\d", "#e-##", text) for text in (output, done.stdout))
        same = doctest.OutputChecker().check_output(
            shown, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        )
        assert same, f"the README shows\n{output}\nbut the command prints\n{done.stdout}"


@pytest.mark.parametrize("body", [body for language, body in BLOCKS if language == "python"])
def test_a_python_example_of_the_readme_runs(body: str) -> None:
    if ">>>" not in body:
        exec(compile(body, "README.md", "exec"), {})  # our own README, nobody else's text
        return
    example = doctest.DocTestParser().get_doctest(body, {}, "README.md", "README.md", 0)
    results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(example)
    assert results.failed == 0


def test_the_readme_never_tells_to_install_a_strangers_package() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "pip install derive" not in (ROOT / name).read_text(encoding="utf-8")
