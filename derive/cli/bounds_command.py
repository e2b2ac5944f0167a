"""``derive bounds``: between which values a ratio lies for all whole numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from derive.cli.options import FORMULAS, fail, format_option, output_option, write, write_json

if TYPE_CHECKING:
    import sympy as sp

    from derive.tensor.printing import Printer


@click.command("bounds", context_settings=FORMULAS)
@click.argument("expression", metavar="EXPR")
@click.option("--variable", default="n", show_default=True, help="The letter that runs.")
@click.option("--from", "first", default=1, show_default=True, help="Its least value.")
@click.option("--equals", "target", help="For which numbers is it this?")
@format_option("text", "json")
@output_option()
def command(
    expression: str, variable: str, first: int, target: str | None, output_format: str, output: Path | None
) -> None:
    """The range of EXPR, a ratio of polynomials, over all whole numbers from some on.

    \b
      derive bounds '(8n^2 + 4n)/(32n^2)'
      derive bounds '(2n^2 + 4n)/(32n^2)' --equals 0.075
    """
    import sympy as sp

    from derive.derivation.bounds import Bounds, BoundsError, bounds, solutions
    from derive.graphs.scalar import GraphError
    from derive.practice.expression_graph import read_number
    from derive.practice.taylor import read_formula
    from derive.tensor.printing import Printer

    try:
        formula = read_formula(expression, variable)
        n = sp.Symbol(variable, real=True)
        found: Bounds = bounds(formula, n, first)
        value = None if target is None else read_number(target, "--equals")
        where = [] if value is None else solutions(found, value)
    except (BoundsError, GraphError) as error:
        fail(str(error))
    if output_format == "json":
        data = {
            "formula": {"latex": Printer("latex")(found.parts), "text": Printer("text")(found.parts)},
            "low": _bound(found.low, found.low_at),
            "high": _bound(found.high, found.high_at),
            "limit": _value(found.limit),
            "solutions": None if value is None else where,
        }
        write_json(data, output)
        return
    printer = Printer("text")
    lines = [f"f({variable}) = {printer(found.parts)}", f"f'({variable}) = {printer(found.slope)}"]
    course = {True: "falls", False: "rises", None: "rises and falls"}[found.falling]
    lines += [
        f"For {variable} = {first}, {first + 1}, ... it {course} and tends to {printer(found.limit)}",
        f"  least:    {_said(printer, found.low, found.low_at, variable, 'above')}",
        f"  greatest: {_said(printer, found.high, found.high_at, variable, 'below')}",
    ]
    if value is not None:
        places = ", ".join(f"{variable} = {place}" for place in where)
        lines.append(f"It is {target} for {places or f'no whole number from {first} on'}")
    write("\n".join(lines), output)


def _said(printer: Printer, bound: sp.Expr, place: int | None, variable: str, side: str) -> str:
    if place is not None:
        return f"{printer(bound)}, at {variable} = {place}"
    return f"{printer(bound)}, never reached: always {side} it"


def _value(bound: sp.Expr) -> float | None:
    return float(bound) if bound.is_finite else None


def _bound(bound: sp.Expr, place: int | None) -> dict[str, object]:
    return {"value": _value(bound), "exact": str(bound), "at": place}
