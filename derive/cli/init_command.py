"""``derive init``: how large the weights of a layer have to be at first."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, output_option, write, write_json


@click.command("init")
@click.argument("activation", default="relu")
@click.option("--in", "fan_in", type=click.IntRange(1), help="How many inputs a unit has.")
@click.option("--out", "fan_out", type=click.IntRange(1), help="How many units there are.")
@click.option(
    "--variance", type=float, help="The variance to be kept, for what is not linear; by quadrature."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting: alpha=0.2.")
@format_option("text", "latex", "json")
@output_option()
def command(
    activation: str,
    fan_in: int | None,
    fan_out: int | None,
    variance: float | None,
    settings: tuple[str, ...],
    output_format: str,
    output: Path | None,
) -> None:
    """Derive the variance of the weights behind an ACTIVATION that keeps variances, forwards and backwards.

    \b
      derive init tanh                      Xavier: 2/(n_in + n_out)
      derive init relu --in 512 --out 256   He: 2/n_in
      derive init gelu --variance 1
    """
    from derive.derivation.initialisation import initialisation
    from derive.derivation.moments import MomentError
    from derive.graphs.scalar import GraphError
    from derive.ops import UnknownOperationError, operation
    from derive.practice.expression_graph import read_point
    from derive.rendering import initialisation as rendering

    try:
        derived = initialisation(operation(activation), read_point(settings), variance)
    except (UnknownOperationError, MomentError, GraphError) as error:
        fail(str(error.args[0]))
    sizes = rendering.sizes_of(fan_in, fan_out)
    if output_format == "json":
        write_json(rendering.as_dict(derived, sizes), output)
    elif output_format == "latex":
        write(rendering.as_latex(derived), output)
    else:
        write(rendering.as_text(derived, sizes), output)
