"""Jupyter notebooks: only Markdown cells, each place that of the file, and the cell's own line."""

import json

import pytest

from derive.reading import DocumentError, read_document, to_latex

CELLS = [
    {
        "cell_type": "markdown",
        "metadata": {"source": ["$no = 1$"]},
        "source": ["Let $x = 3$\n", "\n", "$$y = x^2$$\n"],
    },
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["a = 1\n", "# $b = 2$"]},
    {"cell_type": "raw", "metadata": {}, "source": ["$raw = 1$"]},
    {"cell_type": "markdown", "metadata": {}, "source": 'a "quoted" \\ and \U0001d6fcé word\n\n$$= 9$$'},
]


def notebook(cells: list, **layout) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, **layout)


LAYOUTS = {
    "as-jupyter-writes-it": {"indent": 1, "ensure_ascii": False},
    "escaped": {"indent": 1},
    "one-line": {},
    "spread": {"indent": 4, "separators": (" ,", " : ")},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_places_are_those_of_the_file(layout: dict) -> None:
    text = notebook(CELLS, **layout)
    document = read_document(text, "homework.ipynb")
    assert [to_latex(side.tree) for s in document.statements for side in s.written] == [
        "x",
        "3",
        "y",
        "x^{2}",
        "9",
    ]
    lines = text.split("\n")
    for statement in document.statements:
        for side in statement.written:
            assert lines[side.place.line - 1][side.place.column - 1 :].startswith(side.place.source)


def test_cell_and_line_are_those_that_jupyter_shows() -> None:
    document = read_document(notebook(CELLS, indent=1), "homework.ipynb")
    assert [document.cell_at(s.span[0]) for s in document.statements] == [(1, 1), (1, 3), (4, 3)]


def test_a_continuation_reaches_over_cells() -> None:
    last = read_document(notebook(CELLS), "homework.ipynb").statements[-1]
    assert last.continues
    assert [to_latex(side.tree) for side in last.sides] == ["x^{2}", "9"]


def test_what_is_given_in_one_line_is_not_given_in_the_next() -> None:
    text = notebook([{"cell_type": "markdown", "metadata": {}, "source": "let $x = 2$\n\n$y = 3$"}])
    assert [s.role for s in read_document(text, "a.ipynb").statements] == ["given", "claim"]


def test_nbformat_3() -> None:
    text = json.dumps(
        {"worksheets": [{"cells": [{"cell_type": "markdown", "source": ["$a = 1$"]}]}], "nbformat": 3}
    )
    (statement,) = read_document(text, "old.ipynb").statements
    assert text[statement.place.column - 1 :].startswith("a = 1")


def test_a_notebook_from_standard_input_is_known_by_how_it_begins() -> None:
    assert len(read_document(notebook(CELLS), "-").statements) == 3


BAD = {
    "no-json": ("# Notes\n$a = 1$", "is not JSON: line 1"),
    "no-cells": ('{"a": 1}', 'has no "cells"'),
    "list": ("[1, 2]", 'has no "cells"'),
    "only-code": (notebook([CELLS[1]]), "no Markdown cell"),
    "deep": ("[" * 200_000, "is not JSON"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD.keys())
def test_what_is_no_notebook(text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read_document(text, "a.ipynb")
