"""The catalogue of operations as a table, as LaTeX and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sympy as sp

from derive.counting import Counts, count_program, parameter_count
from derive.ops import Input, Operation
from derive.tensor.printing import Printer, printer_for
from derive.verification import Verification

if TYPE_CHECKING:
    from rich.table import Table

_COUNTS = ("multiplications", "additions", "divisions", "function_evaluations", "comparisons")


@dataclass
class Row:
    """One operation with what is shown of it."""

    operation: Operation
    verifications: list[Verification] = field(default_factory=list)

    @property
    def counts(self) -> Counts:
        return count_program(self.operation.program)

    @property
    def parameters(self) -> sp.Expr:
        return parameter_count(
            tuple(one.tensor for one in self.operation.parameters if one.tensor is not None)
        )

    def shape(self, tensor_shape: Sequence[sp.Expr]) -> str:
        if self.operation.is_elementwise:
            return "any"
        return " x ".join(str(extent) for extent in tensor_shape) or "1"

    def input(self, given: Input) -> str:
        """An input with its shape."""
        return f"{given.name} ({self.shape(given.tensor.shape) if given.tensor else 'index'})"

    @property
    def worst(self) -> float | None:
        """The largest error of any witness, as a fraction of what that witness is allowed."""
        errors = [error for one in self.verifications for error in one.witnesses.values()]
        return max(errors) if errors else None

    @property
    def agrees(self) -> bool | None:
        return all(one.agrees for one in self.verifications) if self.verifications else None

    def as_dict(self) -> dict[str, Any]:
        one = self.operation
        printers = {style: printer_for(one.program, style) for style in ("latex", "text")}
        return {
            "name": one.name,
            "family": one.family,
            "summary": one.summary,
            "source": one.source,
            "inputs": [
                {
                    "name": given.name,
                    "meaning": given.meaning,
                    "domain": given.domain,
                    "shape": [str(extent) for extent in given.tensor.shape] if given.tensor else [],
                }
                for given in one.inputs
            ],
            "parameters": [given.name for given in one.parameters],
            "settings": {symbol.name: str(value) for symbol, value in one.settings.items()},
            "definition": [
                {style: printer.equation(line.target, line.value) for style, printer in printers.items()}
                for line in one.program.everything
            ],
            "elementwise": one.is_elementwise,
            "output_shape": [plain(extent) for extent in one.output_shape],
            "parameter_count": plain(self.parameters),
            **{name: plain(value) for name, value in self.counts.named().items()},
            "counted": "per entry" if one.is_elementwise else "per call",
            "witnesses_agree": self.agrees,
            "worst_error": self.worst,
        }


def plain(expression: sp.Expr) -> dict[str, str]:
    """A formula in sizes as plain data: LaTeX, and arithmetic as text."""
    return {"latex": Printer("latex")(expression), "text": str(expression)}


_WIDE = 116
"""From this many columns on the terminal has room for the operation counts."""


def as_table(rows: Sequence[Row], width: int = _WIDE) -> Table:
    """The catalogue for a terminal of this width; a narrow one gets no counts and no input shapes."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ["operation", "inputs", "output", "parameters"]
    if width >= _WIDE:
        headings += ["multiply", "add", "functions"]
    headings.append("agree to")
    for heading in headings:
        table.add_column(heading, no_wrap=heading != "inputs")
    family = ""
    for row in rows:
        one = row.operation
        if one.family != family:
            family = one.family
            table.add_row(f"-- {family}", *[""] * (len(headings) - 1), style="dim")
        inputs = ", ".join(row.input(given) if width >= _WIDE else given.name for given in one.inputs)
        counts, arithmetic = row.counts, Printer("text")
        verdict = "" if row.agrees is None else f"{row.worst:.0e}" if row.agrees else "DISAGREE"
        shown = [row.parameters]
        if width >= _WIDE:
            shown += [counts.multiplications, counts.additions, counts.function_evaluations]
        table.add_row(
            one.name,
            inputs,
            row.shape(one.output_shape),
            *map(arithmetic, shown),
            verdict,
        )
    return table


def as_latex(rows: Sequence[Row]) -> str:
    """Every definition with its source, for plain amsmath."""
    blocks = []
    for row in rows:
        printer = printer_for(row.operation.program, "latex")
        lines = [printer.equation(one.target, one.value) for one in row.operation.program.everything]
        body = " \\\\\n".join(line.replace(" = ", " &= ", 1) for line in lines)
        name = row.operation.name.replace("_", r"\_")
        blocks.append(
            f"\\paragraph{{{name}}} {row.operation.source}\n\\begin{{align*}}\n{body}\n\\end{{align*}}"
        )
    return "\n".join(blocks)
