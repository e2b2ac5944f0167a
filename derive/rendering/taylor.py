"""An expansion as text, LaTeX and plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from derive.derivation.taylor import Difference, Expansion
from derive.tensor.printing import Printer


def _power(expansion: Expansion, order: int) -> sp.Expr:
    return (expansion.variable - expansion.point) ** order


def _sum(expansion: Expansion, printer: Printer) -> str:
    """The terms in rising order, those that are 0 left out."""
    pieces: list[str] = []
    for term in expansion.terms:
        if term.coefficient != 0:
            value = term.coefficient * _power(expansion, term.order)
            negative = bool(value.could_extract_minus_sign()) or bool(term.coefficient.is_negative)
            shown = printer(-value if negative else value)
            sign = ("- " if pieces else "-") if negative else ("+ " if pieces else "")
            pieces.append(sign + shown)
    return " ".join(pieces) or "0"


def _marks(order: int) -> str:
    return "'" * order if order < 4 else f"^({order})"


def _said(one: Difference, expansion: Expansion, printer: Printer) -> str:
    power = printer(_power(expansion, one.order)) if one.order else "the constant"
    wanted = printer(one.expected * _power(expansion, one.order))
    if one.kind == "missing":
        return f"order {one.order}: the term {wanted} is missing"
    if one.kind == "extra":
        return f"order {one.order}: there is no such term, but {printer(one.found)} stands before {power}"
    return f"order {one.order}: the coefficient is {printer(one.expected)}, not {printer(one.found)}"


def as_text(expansion: Expansion, differences: Sequence[Difference] | None = None) -> str:
    """Derivatives, their values, the sum, the remainder."""
    printer = Printer("text")
    x, a = printer(expansion.variable), printer(expansion.point)
    rows = [
        (
            f"f{_marks(term.order)}({x}) = {printer(term.derivative)}",
            f"f{_marks(term.order)}({a}) = {printer(term.value)}",
            printer(term.coefficient * _power(expansion, term.order)),
        )
        for term in expansion.terms
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += ["", f"f({x}) = {_sum(expansion, printer)} + R"]
    lines.append(f"R = {printer(expansion.remainder)} for some ξ between {a} and {x}")
    if differences is not None:
        lines += ["", "What is claimed"]
        lines += [f"  {_said(one, expansion, printer)}" for one in differences]
        if not differences:
            lines.append(f"  is right up to order {expansion.order}")
    return "\n".join(lines)


def as_latex(expansion: Expansion, differences: Sequence[Difference] | None = None) -> str:
    """The same for amsmath."""
    printer = Printer("latex")
    x, a = printer(expansion.variable), printer(expansion.point)
    rows = []
    for term in expansion.terms:
        name = f"f^{{({term.order})}}" if term.order else "f"
        rows.append(f"{name}({x}) &= {printer(term.derivative)} & {name}({a}) &= {printer(term.value)}")
    body = " \\\\\n".join(rows)
    pieces = [f"\\begin{{align*}}\n{body}\n\\end{{align*}}"]
    pieces.append(rf"\[f({x}) = {_sum(expansion, printer)} + R, \quad R = {printer(expansion.remainder)}\]")
    if differences:
        pieces.append("; ".join(_said(one, expansion, Printer("text")) for one in differences) + ".")
    return "\n\n".join(pieces)


def as_dict(expansion: Expansion, differences: Sequence[Difference] | None = None) -> dict[str, Any]:
    """Plain data for JSON."""
    latex, text = Printer("latex"), Printer("text")

    def formula(expression: sp.Expr) -> dict[str, str]:
        return {"latex": latex(expression), "text": text(expression)}

    return {
        "function": formula(expansion.function),
        "terms": [
            {
                "order": term.order,
                "derivative": formula(term.derivative),
                "value": formula(term.value),
                "coefficient": formula(term.coefficient),
            }
            for term in expansion.terms
        ],
        "polynomial": {"latex": _sum(expansion, latex), "text": _sum(expansion, text)},
        "remainder": formula(expansion.remainder),
        "differences": None
        if differences is None
        else [
            {
                "order": one.order,
                "kind": one.kind,
                "expected": formula(one.expected),
                "found": formula(one.found),
            }
            for one in differences
        ],
    }
