"""Data flows one way: which room may import which, and what a cold start may load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "derive"

ORDER = ["tensor", "ops", "graphs", "derivation", "counting", "verification", "reading"]
ORDER += ["judging", "bank", "marking", "practice", "rendering", "cli"]
HEAVY = {"sympy", "numpy", "rich", "torch", "markdown_it", "jinja2", "latex2mathml", "latex2sympy2"}


def allowed(room: str) -> set[str]:
    """The rooms that a room may import: itself, those to its left, and for verification the executor."""
    if room == "execution":
        return {"execution"}
    rooms = set(ORDER[: ORDER.index(room) + 1])
    return rooms | {"execution"} if room == "verification" else rooms


def imported(path: Path, source: str | None = None) -> set[str]:
    """The full names of all modules imported anywhere in a file, inside functions too."""
    package = ("derive", *path.relative_to(PACKAGE).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8") if source is None else source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def rooms_imported(names: set[str]) -> set[str]:
    """The rooms among imported names; ``from derive import x`` counts as ``x``."""
    rooms = {name.split(".")[1] for name in names if name.startswith("derive.")}
    return rooms & {*ORDER, "execution"}


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_to_its_left(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    assert room in {*ORDER, "execution"}, f"{room} is no room of the design"
    wrong = rooms_imported(imported(path)) - allowed(room)
    assert not wrong, f"{path.name} is in {room} and may not import {sorted(wrong)}"


@pytest.mark.parametrize(
    "path", [p for p in FILES if "execution" in p.parts], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_executor_knows_no_sympy(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(path)}
    assert "sympy" not in outside


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("def f():\n    from derive.cli import main\n", {"cli"}),
        ("import derive.rendering.text as t\n", {"rendering"}),
        ("from ..judging import equal\nfrom .. import marking\n", {"judging", "marking"}),
        ("from derive import execution\n", {"execution"}),
        ("from . import size\nimport sympy\n", {"tensor"}),
    ],
    ids=["in a function", "plain", "relative", "from the top", "own room"],
)
def test_no_form_of_import_is_overlooked(source: str, rooms: set[str]) -> None:
    """The test above is only as good as its eyes."""
    assert rooms_imported(imported(PACKAGE / "tensor" / "not_there.py", source)) == rooms


@pytest.mark.parametrize(
    "code",
    [
        "import derive",
        "import derive.cli",
        "from derive.cli import main; main(['--help'], standalone_mode=False)",
    ],
    ids=["import derive", "import derive.cli", "derive --help"],
)
def test_a_cold_start_loads_nothing_heavy(code: str) -> None:
    report = "\nimport sys; print('LOADED', sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    loaded = set(ast.literal_eval(done.stdout.partition("LOADED ")[2]))
    assert "derive" in loaded
    assert not loaded & HEAVY
