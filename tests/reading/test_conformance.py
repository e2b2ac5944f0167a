"""The conformance table: each row is read as a person wrote it down; reading that again changes nothing."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from derive.reading import Declarations, Statement, Tree, read_statements
from derive.reading.latex import chain_to_latex
from derive.reading.tree import Ambiguous, Hole, rebuilt

ROOT = Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((ROOT / "tests" / "reading" / "data" / "conformance.toml").read_text())


def _script(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DOCS = _script(ROOT / "docs" / "make_reading.py")


def rows(keep=lambda row: True) -> list:
    """The rows as test parameters; what is known to fail is a strict xfail with its reason."""
    made = []
    for section in TABLE["section"]:
        for row in filter(keep, section["rows"]):
            reason = DOCS.options(row).get("fails")
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            made.append(pytest.param(row, marks=marks, id=f"{section['title']}-{row[0]}".replace(" ", "-")))
    return made


def whole(row) -> bool:
    """Whether every side of a row is read: no ``<reason>`` stands in its readings."""
    return not any(re.search(r"<(?!t\}| )", reading) for reading in DOCS.readings(row))


def read(row) -> tuple[Statement, ...]:
    declared = Declarations.parse(DOCS.options(row).get("declare", []))
    return read_statements(row[1], declared, plain=not set("\\{") & set(row[1]))


def shown(latex: str) -> str:
    """Canonical LaTeX without ``\\left`` and ``\\right``, unless one of them stands for no bracket."""
    for word in ("arrow", "Arrow"):
        latex = latex.replace(rf"\right{word}", rf"\RIGHT{word}").replace(rf"\left{word}", rf"\LEFT{word}")
    latex = re.sub(r"\\left(?!\.)", "", latex)
    latex = latex if r"\left." in latex else latex.replace(r"\right", "")
    return latex.replace(r"\RIGHT", r"\right").replace(r"\LEFT", r"\left")


def chosen(tree: Tree, number: int) -> Tree:
    """The tree with one reading in place of every ambiguity."""

    def one(node: Tree) -> Tree:
        return node.readings[min(number, len(node.readings) - 1)] if isinstance(node, Ambiguous) else node

    return rebuilt(tree, one)


def line(statement: Statement, number: int = 0, strip=shown) -> str:
    """A statement in one line; an unread side as ``<reason>``."""
    sides = [chosen(side.tree, number) for side in statement.sides]
    sides = [Hole(f"<{side.reason}>", "") if isinstance(side, Hole) else side for side in sides]
    return strip(chain_to_latex(sides, statement.signs))


def with_role(statement: Statement) -> str:
    return ("" if statement.role == "claim" else f"{statement.role}: ") + line(statement)


def ambiguous(statements) -> bool:
    return any(
        isinstance(node, Ambiguous) for s in statements for side in s.sides for node in side.tree.walk()
    )


@pytest.mark.parametrize("row", rows())
def test_is_read_as_a_person_reads_it(row) -> None:
    statements = read(row)
    assert [with_role(statement) for statement in statements] == DOCS.readings(row)
    others = DOCS.options(row).get("or", [])
    assert ambiguous(statements) == bool(others)
    if others:
        assert [line(statements[0], number + 1) for number in range(len(others))] == others
        tops = [node for s in statements for side in s.sides for node in side.tree.walk()]
        most = max(len(node.readings) for node in tops if isinstance(node, Ambiguous))
        assert len(others) == most - 1, "a reading is not in the table"


@pytest.mark.parametrize("row", rows(whole))
def test_its_canonical_form_is_read_back(row) -> None:
    declared = Declarations.parse(DOCS.options(row).get("declare", []))
    for statement in read(row):
        written = line(statement, strip=str)
        (again,) = read_statements(written, declared)
        assert again.signs == statement.signs, written
        meant = [chosen(side.tree, 0) for side in statement.sides]
        assert [chosen(side.tree, 0) for side in again.sides] == meant, written


def test_every_row_has_a_name_of_its_own() -> None:
    for section in TABLE["section"]:
        names = [row[0] for row in section["rows"]]
        assert len(names) == len(set(names)), section["title"]


def test_the_page_is_up_to_date() -> None:
    assert DOCS.PAGE.read_text() == DOCS.page(TABLE), "run: python docs/make_reading.py"
