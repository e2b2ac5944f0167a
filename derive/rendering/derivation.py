"""A derivation as text for the terminal, as LaTeX, as a page with MathML, and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from derive.derivation.derivation import Derivation, Section
from derive.tensor.matrix import Matrix
from derive.tensor.nodes import Access
from derive.tensor.printing import Printer, printer_for
from derive.tensor.program import Statement
from derive.tensor.words import Words, in_latex


@dataclass(frozen=True)
class Page:
    """What every format shows of a derivation, each formula printed in one style."""

    derivation: Derivation
    printer: Printer
    detail: bool = False

    @property
    def heading(self) -> str:
        """What was derived, in words."""
        one = self.derivation
        by = f"{one.name} by {one.wrt}"
        return {
            "derivative": f"Derivative of {by}",
            "gradient": f"Gradient of {by}",
            "jacobian": f"Jacobian of {by}",
            "hessian": f"Hessian of {by}",
            "second derivative": f"Second derivative of {by}",
            "upstream": f"Gradient behind {by}",
        }[one.kind]

    @property
    def given(self) -> str:
        """What the upstream gradient is, where there is one."""
        if self.derivation.kind != "upstream":
            return ""
        output = self.printer(self.derivation.program.output)
        sign = r"\frac{\partial L}{\partial " + output + "}" if self.printer.is_latex else f"∂L/∂{output}"
        return f"g = {sign}"

    @property
    def named(self) -> str:
        """What the short names of gradients on the way stand for."""
        joint = r", \quad " if self.printer.is_latex else ", "
        return joint.join(f"{self.printer(a)} = {self.printer(b)}" for a, b in self.derivation.named)

    def statement(self, one: Statement) -> str:
        return self.printer.equation(one.target, one.value)

    def definition(self) -> list[str]:
        """The statements of the definition that the result or the steps can use."""
        return [self.statement(one) for one in self.derivation.definition]

    def constants(self) -> list[str]:
        """The definition's fixed numbers, the sizes that follow, and what names in the result mean."""
        one = self.derivation
        pairs = (*one.constants.items(), *one.program.derived_sizes, *one.remarks)
        return [self.printer.equation(left, right) for left, right in pairs]

    def remarks(self) -> list[str]:
        """What has to be known to read the formulas, in words."""
        reads = [node for one in self.derivation.definition for node in one.value.atoms(Access)]
        if any(not node.in_range for node in reads):
            return ["an entry outside its array is 0 (a maximum leaves it out)"]
        return []

    def lines(self, section: Section) -> Iterator[tuple[str, str]]:
        """(formula, rule) for each step, the formula being what the step led to."""
        seen = self.printer(section.target)
        inner = self.inner(section.target)
        for step in section.steps(self.detail):
            printed = inner(step.after)
            if printed != seen:
                yield printed, (in_latex(step.rule) if self.printer.is_latex else step.rule)
            seen = printed

    def inner(self, target: Access) -> Printer:
        """The printer for the right side of an equation with this left side."""
        return self.printer.beside(target)

    def cases(self) -> list[tuple[str, str]]:
        """(value, condition) where a delta joins two cases."""
        unequal = r" \ne " if self.printer.is_latex else " ≠ "
        return [
            (self.printer(value), f"{self.printer(first)}{' = ' if equal else unequal}{self.printer(second)}")
            for equal, first, second, value in self.derivation.cases
        ]

    def matrix(self, section: Section | None = None) -> str | None:
        """A section's result (the last one's if none is said) in matrix notation, as an equation."""
        section = section or self.derivation.sections[-1]
        left, form = section.equation
        if not isinstance(form, Matrix):
            return None
        return f"{self.printer(left)} = {form.print(self.printer)}"

    def results(self) -> list[tuple[str, str | None]]:
        """(index form, matrix form) of everything that keeps a name, what was asked for last."""
        return [
            (self.printer.equation(section.target, section.result), self.matrix(section))
            for section in self.derivation.sections
            if not section.part.inlined
        ]


def page(derivation: Derivation, style: str = "text", detail: bool = False) -> Page:
    """A derivation printed in one style, ``text`` or ``latex``."""
    assert style in ("text", "latex")
    return Page(derivation, printer_for(derivation.program, style), detail)  # type: ignore[arg-type]


def formula(expression: sp.Basic, derivation: Derivation, beside: Access | None = None) -> dict[str, str]:
    """A formula as plain data: its LaTeX and its text."""
    printed = {}
    for style in ("latex", "text"):
        printer = page(derivation, style).printer
        printed[style] = (printer.beside(beside) if beside is not None else printer)(expression)
    return printed


def as_dict(derivation: Derivation, detail: bool = False) -> dict[str, Any]:
    """Plain data for JSON, with the keys that the design fixes and some more."""
    latex, text = page(derivation, "latex", detail), page(derivation, "text", detail)
    matrix = derivation.matrix
    steps = [
        {
            "of": formula(section.target, derivation),
            "rule": step.rule,
            "before": formula(step.before, derivation, section.target),
            "after": formula(step.after, derivation, section.target),
        }
        for section in derivation.sections
        for step in section.steps(detail)
    ]
    return {
        "operation": derivation.name,
        "wrt": derivation.wrt,
        "order": derivation.order,
        "kind": derivation.kind,
        "definition": [
            {"latex": first, "text": second}
            for first, second in zip(latex.definition(), text.definition(), strict=True)
        ],
        "target": formula(derivation.target, derivation),
        "steps": steps,
        "result": {
            "index": formula(derivation.index, derivation, derivation.target),
            "matrix": None
            if matrix is None
            else {"latex": matrix.print(latex.printer), "text": matrix.print(text.printer)},
        },
        "cases": [
            {"value": {"latex": a, "text": c}, "condition": {"latex": b, "text": d}}
            for (a, b), (c, d) in zip(latex.cases(), text.cases(), strict=True)
        ],
        "used": list(derivation.assumptions),
        "why_no_matrix": derivation.why_no_matrix or None,
    }


def as_text(derivation: Derivation, detail: bool = False, form: str | None = None, steps: bool = True) -> str:
    """The derivation for the terminal, the rules in a column of their own; or without its steps."""
    shown = page(derivation, "text", detail)
    lines = [shown.heading, "", "Definition"]
    lines += [f"  {one}" for one in (*shown.definition(), *shown.constants())]
    if shown.given:
        lines += [f"  {shown.given}, the upstream gradient"]
    if shown.named:
        lines += [f"  {shown.named}"]
    lines += [f"  {remark}" for remark in shown.remarks()]
    for section in derivation.sections if steps else ():
        way = list(shown.lines(section))
        target = shown.printer(section.target)
        lines += ["", target + ("   (goes into what follows)" if section.part.inlined else "")]
        width = min(max((len(printed) for printed, _ in way), default=0), 76)
        lines += [f"  = {printed.ljust(width)}   {rule}" for printed, rule in way]
    lines += ["", "Result"]
    for index, matrix in shown.results():
        forms = [index] if form != "matrix" else []
        if form != "index" and matrix is not None and matrix not in forms:
            forms.append(matrix)
        lines += [f"  {one}" for one in forms]
    if form != "matrix":
        lines += [f"    {condition}:  {value}" for value, condition in shown.cases()]
    if form != "index" and derivation.why_no_matrix:
        lines.append(f"  no matrix form: {derivation.why_no_matrix}")
    if derivation.assumptions:
        lines += ["", f"Used: {'; '.join(derivation.assumptions)}"]
    return "\n".join(lines)


def as_latex(
    derivation: Derivation, detail: bool = False, form: str | None = None, steps: bool = True
) -> str:
    """The derivation as ``align*`` blocks that compile with plain amsmath, the rules beside the lines."""
    shown = page(derivation, "latex", detail)
    blocks = [rf"\paragraph{{{_escape(shown.heading)}.}} By definition"]
    defined = [*shown.definition(), *shown.constants()]
    if shown.given:
        defined.append(shown.given)
    if shown.named:
        defined.append(shown.named)
    blocks.append(_align([_aligned(one) for one in defined]))
    blocks += [f"Here {remark}." for remark in shown.remarks()]
    for section in derivation.sections if steps else ():
        target = shown.printer(section.target)
        way = list(shown.lines(section))
        rows = [rf" &= {printed} && \text{{{rule}}}" for printed, rule in way] or [" &"]
        blocks.append(_align([target + rows[0], *rows[1:]]))
    if derivation.cases and form != "matrix":
        branches = r" \\ ".join(f"{value} & {condition}" for value, condition in shown.cases())
        blocks.append("In the two cases")
        target = shown.printer(derivation.target)
        blocks.append(_align([rf"{target} &= \begin{{cases}} {branches} \end{{cases}}"]))
    matrices = [matrix for _, matrix in shown.results() if matrix is not None]
    if matrices and form != "index":
        blocks += ["In matrix notation", _align([_aligned(matrix) for matrix in matrices])]
    if derivation.assumptions:
        blocks.append("Used: " + in_latex(Words.join(derivation.assumptions)) + ".")
    if form != "matrix":
        blocks += ["Result", _align([_aligned(index) for index, _ in shown.results()])]
    return "\n".join(blocks)


def _aligned(equation: str) -> str:
    left, sign, right = equation.partition(" = ")
    return f"{left} &= {right}" if sign else equation


def _align(rows: list[str]) -> str:
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


_SPECIAL = {"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$", "^": r"\^{}"}


def _escape(words: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in words)


def standalone(latex: str) -> str:
    """A whole document around LaTeX that needs only amsmath."""
    return (
        "\\documentclass{article}\n\\usepackage[a4paper,margin=2cm]{geometry}\n\\usepackage{amsmath}\n"
        "\\begin{document}\n" + latex + "\n\\end{document}\n"
    )


def as_html(derivation: Derivation, detail: bool = False) -> str:
    """A page that any browser shows, the formulas as MathML."""
    from derive.rendering.page import mathml, render, words

    shown = page(derivation, "latex", detail)
    sections = [
        {
            "target": mathml(shown.printer(section.target)),
            "inlined": section.part.inlined,
            "lines": [(mathml("= " + printed), words(rule)) for printed, rule in shown.lines(section)],
        }
        for section in derivation.sections
    ]
    return render(
        "derivation.html",
        title=shown.heading,
        definition=[mathml(one) for one in (*shown.definition(), *shown.constants())],
        given=mathml(", \\quad ".join(filter(None, (shown.given, shown.named)))) if shown.given else None,
        sections=sections,
        results=[(mathml(index), mathml(matrix) if matrix else None) for index, matrix in shown.results()],
        why_no_matrix=derivation.why_no_matrix,
        cases=[(mathml(value), mathml(condition)) for value, condition in shown.cases()],
        used=words(in_latex(Words.join(derivation.assumptions))),
    )
