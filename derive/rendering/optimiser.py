"""An optimiser's run: its definition, a table of all steps, and each step with its numbers put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from derive.practice.optimise import GRADIENT, PARAMETER, Run, Step
from derive.rendering.numbers import short
from derive.tensor.nodes import Tensor
from derive.tensor.printing import Printer, printer_for, symbol_latex, symbol_text
from derive.tensor.program import Statement

if TYPE_CHECKING:
    from rich.table import Table

SHOWN_STEPS = 50  # rows of a table for the terminal; JSON has all


def definition(run: Run, style: str) -> list[str]:
    """The statements of a step, as equations."""
    printer = printer_for(run.operation.program, style)  # type: ignore[arg-type]
    return [printer.equation(one.target, one.value) for one in run.operation.program.everything]


def put_in(run: Run, step: Step, style: str) -> list[str]:
    """For every statement: the formula, the numbers put in, the result."""
    known = {**run.settings, **step.before}
    lines = []
    for one in run.operation.program.everything:
        result = step.found[one.tensor.name]
        lines.append(_with_numbers(one, known, result, printer_for(run.operation.program, style)))  # type: ignore[arg-type]
        known[one.tensor.name] = result
    return lines


def _with_numbers(one: Statement, known: dict[str, sp.Expr], result: sp.Expr, printer: Printer) -> str:
    """``v' = 0.9 · 0 + 1 = 1``: each name printed as its number, so that the formula keeps its form."""
    numbers: dict[sp.Basic, sp.Expr] = {}
    for tensor in one.value.atoms(Tensor):
        numbers[tensor()] = _as_number(tensor.name, known[tensor.name])
    for symbol in one.value.atoms(sp.Symbol):
        if symbol.name in known:
            numbers[symbol] = _as_number(symbol.name, known[symbol.name])
    target, formula = printer(one.target), printer(one.value)
    filled = printer(one.value.xreplace(numbers))
    middle = [] if filled == formula else [filled]
    shown = short(result)
    return " = ".join([target, formula, *middle, *([shown] if [shown] != middle else [])])


def _as_number(name: str, value: sp.Expr) -> sp.Expr:
    shown = short(value, 5)
    bracketed = f"({shown})"
    return Tensor(f"number of {name}", latex=bracketed, text=bracketed)()


def _columns(run: Run) -> list[str]:
    """The gradient, then the states and what else a step comes to, then the parameter."""
    found = [one.tensor.name for one in run.operation.program.everything]
    return [GRADIENT, *(name for name in found if name != PARAMETER + "'"), PARAMETER + "'"]


def _cell(step: Step, column: str) -> sp.Expr:
    return step.before[column] if column == GRADIENT else step.found[column]


def as_text(run: Run, detail: bool = False) -> list[str | Table]:
    """The definition, the hyper-parameters, a table for every parameter, each to be printed by itself."""
    from rich import box
    from rich.table import Table

    lines = [f"{run.operation.name}: {run.operation.summary}", "", "Step"]
    lines += [f"  {line}" for line in definition(run, "text")]
    if run.settings:
        chosen = ", ".join(f"{symbol_text(k)} = {short(v)}" for k, v in run.settings.items() if k != "t")
        lines.append(f"  with {chosen}")
    parts: list[str | Table] = ["\n".join(lines)]
    for name, steps in run.steps.items():
        table = Table(title=symbol_text(name), box=box.SIMPLE_HEAD, title_justify="left")
        columns = _columns(run)
        for heading in ("step", *(symbol_text(one) for one in columns)):
            table.add_column(heading, justify="right")
        start = (short(steps[0].before[PARAMETER]) if one == columns[-1] else "" for one in columns)
        table.add_row("start", *start)
        for step in _some(steps):
            table.add_row(str(step.number), *(short(_cell(step, one)) for one in columns))
        parts.append(table)
        if len(steps) > SHOWN_STEPS:
            parts.append(f"the first and last of {len(steps)} steps; --format json has all")
        if detail:
            parts += ["\n".join(_numbered(run, step)) for step in _some(steps)]
    if run.losses:
        parts.append(f"loss: {short(run.losses[0])} at the start, {short(run.losses[-1])} at the end")
    return parts


def _some(steps: Any) -> list[Step]:
    if len(steps) <= SHOWN_STEPS:
        return list(steps)
    half = SHOWN_STEPS // 2
    return [*steps[:half], *steps[-half:]]


def _numbered(run: Run, step: Step) -> list[str]:
    return [f"Step {step.number}", *(f"  {line}" for line in put_in(run, step, "text"))]


def as_latex(run: Run) -> str:
    """The definition and every step with its numbers, for amsmath."""
    pieces = [_aligned(definition(run, "latex"))]
    for name, steps in run.steps.items():
        for step in _some(steps):
            pieces.append(f"Step {step.number} of ${symbol_latex(name)}$:")
            pieces.append(_aligned(put_in(run, step, "latex")))
    return "\n\n".join(pieces)


def _aligned(lines: list[str]) -> str:
    rows = " \\\\\n".join(line.replace(" = ", " &= ", 1) for line in lines)
    return f"\\begin{{align*}}\n{rows}\n\\end{{align*}}"


def as_dict(run: Run) -> dict[str, Any]:
    """Plain data for JSON."""
    return {
        "optimiser": run.operation.name,
        "definition": [
            {"latex": latex, "text": text}
            for latex, text in zip(definition(run, "latex"), definition(run, "text"), strict=True)
        ],
        "settings": {name: float(value) for name, value in run.settings.items() if name != "t"},
        "parameters": {
            name: [{"step": step.number, **_numbers(step.before), **_numbers(step.found)} for step in steps]
            for name, steps in run.steps.items()
        },
        "losses": [float(value) for value in run.losses],
    }


def _numbers(values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}
