"""The room stands alone: an independent witness must not import what it is a witness against."""

import ast
import sys
from pathlib import Path

import pytest

from derive import execution

FILES = sorted(Path(execution.__file__).parent.glob("*.py"))
ALLOWED = {"numpy", *sys.stdlib_module_names}


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "derive":
                yield from (f"derive.{alias.name}" for alias in node.names)
            else:
                yield node.module


def test_the_room_was_found():
    assert {"registry.py", "differences.py", "softmax.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_numpy_and_the_standard_library_are_imported(path):
    foreign = [
        module
        for module in _imported(path)
        if module.split(".")[0] not in ALLOWED and not (module + ".").startswith("derive.execution.")
    ]
    assert foreign == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_text_is_evaluated(path):
    names = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__"}
