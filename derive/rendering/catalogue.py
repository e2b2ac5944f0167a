"""The catalogue of operations as a table, as LaTeX and as plain data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp

from derive.counting import Counts, Region, count_program, parameter_count, regions, why_not_counted
from derive.ops import Input, Operation
from derive.ops.definition import CLASS_INDEX, INDICES, MASK
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

    @cached_property
    def counts(self) -> Counts | None:
        """The operation counts, or None where they have no answer (see ``why_not_counted``)."""
        program = self.operation.program
        return None if why_not_counted(program) else count_program(program)

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
    def regions(self) -> list[Region]:
        """What one entry of the output depends on, for each input that is not learned."""
        learned = {one.tensor for one in self.operation.parameters}
        found = regions(self.operation.program)
        return [region for tensor, region in found.items() if tensor not in learned]

    @property
    def why_no_gradient(self) -> dict[str, str]:
        """The inputs that have no gradient, and why."""
        reasons = {CLASS_INDEX: "an index", INDICES: "indices", MASK: "a mask"}
        return {
            one.name: f"{reasons.get(one.domain, one.domain)}: it chooses and is not computed with"
            for one in self.operation.inputs
            if not one.differentiable
        }

    @property
    def worst(self) -> float | None:
        """The largest error of any witness, as a fraction of what that witness is allowed."""
        errors = [error for one in self.verifications for error in one.witnesses.values()]
        return max(errors) if errors else None

    @property
    def agrees(self) -> bool | None:
        return all(one.agrees for one in self.verifications) if self.verifications else None

    def operations(self, printer: Printer) -> list[str]:
        """The counts that are not zero, a line each, or why there are none."""
        if self.counts is None:
            return [f"not counted: {why_not_counted(self.operation.program)}"]
        named = self.counts.named().items()
        shown = [f"{name.replace('_', ' ')}: {printer(value)}" for name, value in named if value != 0]
        return shown or ["none"]

    def witnesses(self) -> list[str]:
        """The largest error of each derivative, where they were held against witnesses."""
        lines = []
        for wrt in dict.fromkeys((one.wrt, one.order) for one in self.verifications):
            own = [one for one in self.verifications if (one.wrt, one.order) == wrt]
            worst = max(error for one in own for error in one.witnesses.values())
            agree = "agree" if all(one.agrees for one in own) else "DISAGREE"
            order = ", second derivative" if wrt[1] == 2 else ""
            names = ", ".join(dict.fromkeys(name for one in own for name in one.witnesses))
            lines.append(f"by {wrt[0]}{order}: {names} {agree} to {worst:.0e}")
        return lines

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
            "derived_sizes": {name.name: plain(value) for name, value in one.program.derived_sizes},
            "depends_on": [
                {
                    "input": region.input.name,
                    "entry": {style: printer(region.output) for style, printer in printers.items()},
                    "from": [plain(low) for low, _ in region.box],
                    "to": [plain(high) for _, high in region.box],
                }
                for region in self.regions
            ],
            "why_no_gradient": self.why_no_gradient,
            "why_not_counted": why_not_counted(one.program) or None,
            "parameter_count": plain(self.parameters),
            **{
                name: plain(one.program.in_given_sizes(value)) if self.counts else None
                for name, value in (self.counts or Counts()).named().items()
            },
            "counted": "per entry" if one.is_elementwise else "per call",
            "convention": EXACT,
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
        shown = [arithmetic(row.parameters)]
        if width >= _WIDE and counts is None:
            shown += ["depends on the algorithm", "", ""]
        elif width >= _WIDE and counts is not None:
            wanted = (counts.multiplications, counts.additions, counts.function_evaluations)
            shown += map(arithmetic, wanted)
        table.add_row(one.name, inputs, row.shape(one.output.shape), *shown, verdict)
    return table


EXACT = "exact, as written: a sum of n terms takes n - 1 additions; padding counts like any number"
"""The convention of the operation counts."""


def as_card(row: Row, style: Literal["text", "latex"] = "text") -> str:
    """Everything about one operation, question by question."""
    one, printer = row.operation, printer_for(row.operation.program, style)
    size = Printer(style)
    sections: list[tuple[str, list[str]]] = [
        ("Definition", [printer.equation(line.target, line.value) for line in one.program.everything]),
        ("Sizes that follow", [printer.equation(*pair) for pair in one.program.derived_sizes]),
        ("Inputs", [f"{row.input(given)}: {given.meaning}" for given in one.inputs]),
        (
            "Settings",
            [f"{one.keywords[symbol]} {printer(symbol)} = {value}" for symbol, value in one.settings.items()],
        ),
        ("Output", [f"{printer(one.output)}: {row.shape(one.output.shape)}"]),
        ("Parameters", [size(row.parameters)]),
        (f"Operations per {'entry' if one.is_elementwise else 'call'} ({EXACT})", row.operations(size)),
        ("One entry depends on", [f"{printer(r.output)}: {_box(r, printer)}" for r in row.regions]),
        ("No gradient by", [f"{name}: {why}" for name, why in row.why_no_gradient.items()]),
        ("Witnesses", row.witnesses()),
    ]
    doc = re.sub(r":\w+:`([^`]*)`", r"\1", one.doc).replace("``", "")
    lines = [f"{one.name} ({one.family})", "", doc, "", f"Source: {one.source}"]
    for heading, entries in sections:
        if entries:
            lines += ["", heading, *(f"  {entry}" for entry in entries)]
    return "\n".join(lines)


def _box(region: Region, printer: Printer) -> str:
    ends = []
    for axis, (low, high) in enumerate(region.box):
        if region.is_all(axis):
            ends.append(":")
        elif low == high:
            ends.append(printer(low))
        else:
            dots = r" \ldots " if printer.is_latex else " .. "
            ends.append(f"{printer(low)}{dots}{printer(high)}")
    name = printer(region.input)
    if printer.is_latex:
        inside = r",\, ".join(ends)
        return rf"{name}\left[{inside}\right]" if ends else name
    return f"{name}[{', '.join(ends)}]" if ends else name


def as_latex(rows: Sequence[Row]) -> str:
    """Every operation with its source, its sizes and its counts as formulas, for plain amsmath."""
    return "\n".join(map(_latex_block, rows))


def _latex_block(row: Row) -> str:
    one, printer, size = row.operation, printer_for(row.operation.program, "latex"), Printer("latex")
    lines = [printer.equation(line.target, line.value) for line in one.program.everything]
    lines += [printer.equation(*pair) for pair in one.program.derived_sizes]
    blocks = [f"\\paragraph{{{_escaped(one.name)}}} {_escaped(one.source)}", _aligned(lines)]
    answers = []
    if not one.is_elementwise:
        shape = r" \times ".join(size(extent) for extent in one.output.shape) or "1"
        answers.append(rf"\text{{output}} &: {shape}")
    answers.append(rf"\text{{parameters}} &: {size(row.parameters)}")
    if row.counts is not None:
        named = row.counts.named().items()
        counts = [(name, value) for name, value in named if value != 0]
        answers += [rf"\text{{{name.replace('_', ' ')}}} &: {size(value)}" for name, value in counts]
    answers += [rf"{printer(r.output)} &\leftarrow {_box(r, printer)}" for r in row.regions if r.box]
    reason = why_not_counted(one.program)
    told = f"Operations are not counted: {reason}." if reason else f"{EXACT[0].upper()}{EXACT[1:]}."
    return "\n".join([*blocks, told, _aligned(answers, ready=True)])


def _aligned(lines: Sequence[str], ready: bool = False) -> str:
    rows = lines if ready else [line.replace(" = ", " &= ", 1) for line in lines]
    body = " \\\\\n".join(rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _escaped(text: str) -> str:
    return re.sub(r"([_&%#$])", r"\\\1", text)
