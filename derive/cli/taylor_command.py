"""``derive taylor``: the expansion of a function about a point."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import FORMULAS, fail, format_option, output_option, write, write_json


@click.command("taylor", context_settings=FORMULAS)
@click.argument("expression", metavar="EXPR")
@click.option("--at", "point", default="x=0", show_default=True, help="The variable and the point.")
@click.option("--order", default=3, show_default=True, help="The last power.")
@click.option("--claimed", help="An expansion to be checked: what it lacks is said.")
@format_option("text", "latex", "json")
@output_option()
def command(
    expression: str, point: str, order: int, claimed: str | None, output_format: str, output: Path | None
) -> None:
    """Expand EXPR about a point: derivatives, terms, Lagrange's remainder.

    \b
      derive taylor 'sigma(x)' --order 3
      derive taylor 'log(x)' --at x=1 --order 4
      derive taylor 'exp(x)' --order 2 --claimed 'x + x^2/2'
    """
    from derive.derivation.taylor import TaylorError
    from derive.graphs.scalar import GraphError
    from derive.practice.taylor import read_claim, read_expansion
    from derive.rendering import taylor as rendering

    try:
        expansion = read_expansion(expression, point, order)
        differences = None if claimed is None else read_claim(expansion, claimed)
    except (TaylorError, GraphError) as error:
        fail(str(error))
    if output_format == "json":
        write_json(rendering.as_dict(expansion, differences), output)
    elif output_format == "latex":
        write(rendering.as_latex(expansion, differences), output)
    else:
        write(rendering.as_text(expansion, differences), output)
