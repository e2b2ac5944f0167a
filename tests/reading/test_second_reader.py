"""The second reader: its process, its limits, and what it returns as a tree of ours.

latex2sympy2 itself is run where it is installed; elsewhere a stand-in under its name shows that the process
is isolated and bounded.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from derive.reading import to_latex
from derive.reading.second_reader import PYTHON, Latex2Sympy2, MissingReaderError, Refusal

STAND_IN = """
import sympy
calls = 0

def latex2sympy(text):
    global calls
    calls += 1
    print("noise on standard output")
    if text == "calls":
        return sympy.Integer(calls)
    if text == "loop":
        while True:
            pass
    if text == "memory":
        return "x" * 10**11
    if text == "list":
        return [sympy.Symbol("a"), sympy.Symbol("b")]
    if text == "object":
        return object()
    raise ValueError("cannot read this")
"""


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Latex2Sympy2]:
    folder = tmp_path_factory.mktemp("stand_in")
    (folder / "latex2sympy2.py").write_text(STAND_IN)
    python = folder / "python"  # drops -I, which would hide the stand-in
    python.write_text(f'#!/bin/sh\nshift\nPYTHONPATH="{folder}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    with Latex2Sympy2(str(python), seconds=1) as reader:
        yield reader


def test_nothing_is_kept_from_one_call_to_the_next(stand_in: Latex2Sympy2) -> None:
    shown = [stand_in.parse("calls") for _ in range(3)]
    assert [to_latex(tree) for tree in shown if not isinstance(tree, Refusal)] == ["1", "1", "1"]


REFUSED = {
    "its-own-error": ("anything", "cannot read this"),
    "endless": ("loop", "no "),  # end, or answer in time
    "memory": ("memory", "MemoryError"),
    "an-object": ("object", "a object was returned"),
    "too-long": ("x + " * 500, "longer than 600 characters"),
    "words": (r"\text{import os}", r"not given to it, for it holds \text"),
    "quotes": ('"x"', "not given to it"),
}


@pytest.mark.parametrize(("side", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_goes_wrong_is_a_refusal(side: str, reason: str, stand_in: Latex2Sympy2) -> None:
    found = stand_in.parse(side)
    assert isinstance(found, Refusal)
    assert reason in found.reason
    assert not isinstance(stand_in.parse("calls"), Refusal)  # and it goes on


def test_a_missing_reader_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingReaderError, match=r"pip install '\.\[latex2sympy2\]'"):
        Latex2Sympy2()


def test_an_interpreter_without_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingReaderError, match="nowhere cannot be run"):
        Latex2Sympy2(str(tmp_path / "nowhere"))


INSTALLED = importlib.util.find_spec("latex2sympy2") is not None or PYTHON in os.environ

READINGS = {
    "power": ("x^2+1", "x^{2} + 1"),
    "difference": ("a - b", "a - b"),
    "decimals": ("0.66(1-0.66)", r"0.66 \cdot \left(1 - 0.66\right)"),
    "scripts": (r"\alpha x_1 + \beta_{ij}", r"\alpha \cdot x_{1} + \beta_{i j}"),
    "sum": (r"\sum_{i=1}^{n} x_i", r"\sum_{i = 1}^{n} x_{i}"),
    "derivative": (r"\frac{\partial L}{\partial w}", r"\frac{\partial L}{\partial w}"),
    "base-ten": (r"\log x", r"\log_{10}\left(x\right)"),
    "lost-transpose": ("X^T y", r"X \cdot y"),
    "matrix": (
        r"\begin{bmatrix} 1 & 2 \\ 3 & x \end{bmatrix}",
        r"\begin{bmatrix} 1 & 2 \\ 3 & x \end{bmatrix}",
    ),
    "call": (r"\tanh x", r"\tanh\left(x\right)"),
}


@pytest.fixture(scope="module")
def real() -> Iterator[Latex2Sympy2]:
    with Latex2Sympy2() as reader:
        yield reader


@pytest.mark.skipif(not INSTALLED, reason="latex2sympy2 is not installed here")
@pytest.mark.parametrize(("side", "latex"), READINGS.values(), ids=READINGS.keys())
def test_what_latex2sympy2_reads(side: str, latex: str, real: Latex2Sympy2) -> None:
    found = real.parse(side)
    assert not isinstance(found, Refusal)
    assert to_latex(found) == latex


@pytest.mark.skipif(not INSTALLED, reason="latex2sympy2 is not installed here")
@pytest.mark.parametrize("side", ["(3-9)(5-15", r"1{,}728", r"X^\top y", "(" * 300 + "x" + ")" * 300])
def test_what_latex2sympy2_refuses(side: str, real: Latex2Sympy2) -> None:
    assert isinstance(real.parse(side), Refusal)
