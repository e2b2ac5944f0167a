"""A solved problem as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from derive.bank import Problem
from derive.practice.solve import Solved


def as_text(problem: Problem, solved: Sequence[Solved]) -> str:
    """The parts with their steps, one formula a line, in LaTeX source."""
    lines = [f"{problem.title}  ({problem.id})"]
    lines += [f"  given: {given}" for given in problem.givens]
    for answer in solved:
        lines += ["", f"({answer.part.id}) {answer.part.question}  [{answer.part.marks:g}]"]
        lines += [f"    {step}" for step in answer.steps]
        if answer.note:
            lines.append(f"    ({answer.note})")
    return "\n".join(lines)


def as_latex(problem: Problem, solved: Sequence[Solved]) -> str:
    """The parts with their steps, for plain amsmath."""
    pieces = [f"\\section*{{{problem.title}}}"]
    if problem.givens:
        pieces.append("Given: " + ", ".join(f"${given}$" for given in problem.givens) + ".")
    for answer in solved:
        steps = " \\\\\n".join(step.replace(" = ", " &= ", 1) for step in answer.steps)
        pieces.append(f"\\paragraph{{({answer.part.id})}} {answer.part.question}")
        pieces.append(f"\\begin{{align*}}\n{steps}\n\\end{{align*}}")
        if answer.note:
            pieces.append(answer.note)
    return "\n\n".join(pieces)
