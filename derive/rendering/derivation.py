"""A derivation as text for the terminal, as LaTeX, as a page with MathML, and as plain data."""

from __future__ import annotations

import re
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
    blocks.append(_align([row for one in defined for row in _equation_rows(one)]))
    blocks += [f"Here {remark}." for remark in shown.remarks()]
    for section in derivation.sections if steps else ():
        target = shown.printer(section.target)
        way = list(shown.lines(section))
        rows = [row for printed, rule in way for row in _step_rows(printed, rule)] or [" &"]
        blocks.append(_align([target + rows[0], *rows[1:]]))
    if derivation.cases and form != "matrix":
        branches = r" \\ ".join(f"{value} & {condition}" for value, condition in shown.cases())
        blocks.append("In the two cases")
        target = shown.printer(derivation.target)
        blocks.append(_align([rf"{target} &= \begin{{cases}} {branches} \end{{cases}}"]))
    matrices = [matrix for _, matrix in shown.results() if matrix is not None]
    if matrices and form != "index":
        blocks += ["In matrix notation", _align([row for one in matrices for row in _equation_rows(one)])]
    if derivation.assumptions:
        blocks.append("Used: " + in_latex(Words.join(derivation.assumptions)) + ".")
    if form != "matrix":
        results = [row for index, _ in shown.results() for row in _equation_rows(index)]
        blocks += ["Result", _align(results)]
    return "\n".join(blocks)


def _aligned(equation: str) -> str:
    left, sign, right = equation.partition(" = ")
    return f"{left} &= {right}" if sign else equation


_WIDTH = 70
"""About how many signs fit on a line of a portrait page."""

_BESIDE = 44
"""How wide a formula may be so that its rule stands beside it: all rules of a block stand in one column."""


def _width(latex: str) -> int:
    """About how many signs a formula is wide: commands and fractions count by what they show."""
    latex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda m: max(m[1], m[2], key=len), latex)
    latex = re.sub(r"\\(?:left|right|mathrm|operatorname|partial|text|begin|end)\b\*?", "", latex)
    return len(re.sub(r"\\[a-zA-Z]+|[{}_^$ ]", lambda m: "x" if m[0][0] == "\\" else "", latex))


def _step_rows(printed: str, rule: str) -> list[str]:
    """The rows of one step: a long formula is broken, and its rule then stands below it."""
    if _width(printed) <= _BESIDE:
        return [rf" &= {printed} && \text{{{rule}}}"]
    first, *rest = _broken(printed)
    rows = [rf" &= {first}", *(rf" &\quad {piece}" for piece in rest)]
    return [*rows[:-1], rf"{rows[-1]} \tag*{{{rule}}}"]  # it moves below where there is no room


def _equation_rows(equation: str) -> list[str]:
    """An equation aligned at its sign, broken where it is too long for a line."""
    if _width(equation) <= _WIDTH:
        return [_aligned(equation)]
    left, _, right = equation.partition(" = ")
    first, *rest = _broken(right)
    return [f"{left} &= {first}", *(rf" &\quad {piece}" for piece in rest)]


def _broken(printed: str) -> list[str]:
    """A formula in pieces that fit, broken outside brackets, before a plus or minus or between factors."""
    pieces, depth, start, candidate = [], 0, 0, 0
    for found in re.finditer(
        r"\\(?:left|begin|right|end)\b|[{}()\[\]]| [+-] |(?<=[\w})\]]) (?=\\sum|\[)", printed
    ):
        sign = found[0]
        if sign in ("\\left", "\\right"):
            continue  # the bracket behind it counts
        if sign in "{([" or sign == "\\begin":
            depth += 1
        elif sign in "})]" or sign == "\\end":
            depth -= 1
        elif depth == 0:
            if candidate > start and _width(printed[start : found.start()]) > _WIDTH:
                pieces.append(printed[start:candidate])
                start = candidate
            candidate = found.start()
    if candidate > start and _width(printed[start:]) > _WIDTH:
        pieces.append(printed[start:candidate])
        start = candidate
    pieces.append(printed[start:])
    return [piece.strip() for piece in pieces]


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
