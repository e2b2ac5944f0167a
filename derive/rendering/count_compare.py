"""Comparisons of two networks, and solutions of inverse questions, as text and plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derive.counting.comparison import Compared
from derive.counting.fit import Solutions
from derive.rendering.count import TITLES, number, plain
from derive.tensor.printing import Printer


def ratio_text(one: Compared) -> str:
    """The ratio as a formula and, where it is one, as a number."""
    ratio = one.ratio
    if ratio is None:
        return "-"
    formula = Printer("text")(ratio)
    if one.number is None:
        return formula
    return f"{one.number:.4g}" if ratio.is_Integer or len(formula) > 15 else f"{formula} = {one.number:.4g}"


def as_text(rows: Sequence[Compared], names: tuple[str, str]) -> str:
    """A table: the quantity, both counts, and the ratio."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", *names, "ratio"):
        table.add_column(heading, justify="left" if not heading else "right")
    for one in rows:
        table.add_row(TITLES[one.quantity], number(one.first), number(one.second), ratio_text(one))
    screen = Console(width=140, highlight=False, markup=False, color_system=None)
    with screen.capture() as captured:
        screen.print(table)
    return captured.get().rstrip()


def as_dict(rows: Sequence[Compared]) -> list[dict[str, Any]]:
    """Plain data."""
    return [
        {
            "quantity": one.quantity,
            "first": plain(one.first),
            "second": plain(one.second),
            "ratio": None if one.ratio is None else plain(one.ratio),
            "number": one.number,
        }
        for one in rows
    ]


def solutions_text(solutions: Solutions, most: int = 60) -> str:
    """Every solution on a line; with one unknown, neighbours together."""
    if not solutions.found:
        made = f"{solutions.fitting_layers:,} make a network"
        return f"no solution among {solutions.tried:,} combinations ({made})"
    lines = [f"{len(solutions.found)} of {solutions.tried:,} combinations"]
    if len(solutions.unknowns) == 1:
        (name,) = solutions.unknowns
        values = [solution[name] for solution, _ in solutions.found]
        lines.append(f"{name} = {_runs(values)}")
        ends = [solutions.found[0], solutions.found[-1]] if len(values) > 1 else [solutions.found[0]]
        lines += [f"  {name} = {solution[name]}: {_had(has)}" for solution, has in ends]
        return "\n".join(lines)
    for solution, has in solutions.found[:most]:
        lines.append(
            "  " + ", ".join(f"{key} = {value}" for key, value in solution.items()) + f"   ({_had(has)})"
        )
    if len(solutions.found) > most:
        lines.append(f"  ... and {len(solutions.found) - most} more; --format json has all")
    return "\n".join(lines)


def _had(has: Any) -> str:
    said = []
    for key, value in has.items():
        shown = "x".join(map(str, value)) if isinstance(value, list) else number(value)
        said.append(f"{key.replace('_', ' ')} {shown}")
    return ", ".join(said)


def _runs(values: Sequence[int]) -> str:
    """Whole numbers with runs together: ``1 .. 4, 7``."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} .. {run[-1]}" for run in runs)


def solutions_dict(solutions: Solutions) -> dict[str, Any]:
    """Plain data."""
    return {
        "unknowns": list(solutions.unknowns),
        "tried": solutions.tried,
        "solutions": [{"at": dict(solution), "has": dict(has)} for solution, has in solutions.found],
    }
