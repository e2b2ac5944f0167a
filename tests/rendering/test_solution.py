"""Solved problems as text and as LaTeX that compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest

from derive.bank import all_problems, find_problem
from derive.practice.solve import solve
from derive.rendering.solution import as_latex, as_text


def test_the_text_shows_question_steps_and_result() -> None:
    problem = find_problem("neurons/four-inputs")
    shown = as_text(problem, solve(problem))
    assert "given: x = (0.2, -1.3, 2, 0.01)" in shown
    assert "(a) Compute the pre-activation $z = w^T x + b$.  [2]" in shown
    assert "-0.0348" in shown


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX engine is installed")
def test_every_solution_compiles_with_amsmath(tmp_path: Path) -> None:
    body = "\n\n".join(as_latex(problem, solve(problem)) for problem in all_problems())
    source = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "page.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
