"""Scalar graphs as picture, LaTeX, page, table and data."""

import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import sympy as sp

from derive.graphs.builder import Builder
from derive.graphs.scalar import ScalarGraph, Values
from derive.rendering.graph_picture import svg
from derive.rendering.graph_report import as_dict, as_html, as_latex, as_text


def branching() -> tuple[ScalarGraph, Values]:
    """f = x y + x at x = 5, y = 7: the value 40, the gradient (8, 5)."""
    build = Builder()
    x, y = build.variable("x"), build.variable("y")
    graph = build.graph(build.apply("add", build.apply("multiply", x, y), x))
    return graph, graph.evaluate({"x": 5, "y": 7})


def hostile() -> tuple[ScalarGraph, Values]:
    """Names that mean something in SVG and HTML, and a constant operand."""
    build = Builder()
    name = build.variable("<script>&", "x")
    graph = build.graph(build.apply("divide", build.constant(1), build.apply("multiply", name, name)))
    return graph, graph.evaluate({"<script>&": sp.Rational(1, 3)})


def texts(picture: str, kind: str) -> list[str]:
    root = ET.fromstring(picture)
    return [
        "".join(e.itertext())
        for e in root.iter()
        if e.tag.endswith("text") and kind in e.get("class", "").split()
    ]


def test_the_picture_shows_every_value_on_its_wire() -> None:
    """Wires: x and y into the product, the product and x into the sum, and the output."""
    picture = svg(*branching())
    assert sorted(texts(picture, "forward")) == sorted(["5", "7", "35", "5", "40"])
    assert sorted(texts(picture, "backward")) == sorted(["7", "5", "1", "1", "1", "sum 8"])
    assert sorted(texts(picture, "name")) == ["f2", "x", "y"]


def test_a_constant_operand_is_part_of_the_gates_sign() -> None:
    assert "1/x" in re.findall(r">([^<]+)</text>", svg(*hostile()))


@pytest.mark.parametrize("form", [svg, as_html], ids=["svg", "html"])
def test_names_cannot_become_markup(form) -> None:
    assert "<script>" not in form(*hostile())


def test_the_page_holds_picture_table_and_values() -> None:
    page = as_html(*branching())
    assert "<svg" in page
    assert "<math" in page
    assert '<td class="forward">40</td>' in page
    assert '<td class="backward">8</td>' in page


def test_latex_adds_the_branches_and_tells_total_from_local() -> None:
    latex = as_latex(*branching())
    assert "\\frac{d f_{2}}{d x} &= " in latex
    line = next(line for line in latex.splitlines() if "{d x} &=" in line)
    assert "\\frac{\\partial f_{1}}{\\partial x}" in line
    assert "\\frac{\\partial f_{2}}{\\partial x}" in line
    assert line.rstrip(" \\").endswith("= 8")


def test_the_data_is_json_with_exact_and_float_values() -> None:
    data = json.loads(json.dumps(as_dict(*hostile()), allow_nan=False))
    assert data["value"] == {"value": 9.0, "exact": "9"}
    # d(1/x^2)/dx = -2/x^3 = -54 at 1/3
    assert data["gradient"]["<script>&"] == {"value": -54.0, "exact": "-54"}
    assert [node["operation"] for node in data["nodes"]] == ["variable", "multiply", "divide"]


def test_the_table_and_the_tree_fit_a_terminal() -> None:
    from rich.console import Console

    console = Console(width=80, record=True, file=io.StringIO())
    console.print(as_text(*branching()))
    shown = console.export_text()
    assert re.search(r"f_1\s+x\*y\s+d/dx = y = 7\s+35\s+1\s", shown)
    assert "f_2 = f_1 + x  40  1" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX engine is installed")
def test_the_latex_compiles_with_amsmath(tmp_path: Path) -> None:
    body = "\n".join(as_latex(*graph()) for graph in (branching, hostile))
    source = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "page.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
