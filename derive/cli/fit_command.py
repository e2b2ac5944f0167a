"""``derive fit``: inverse questions about networks, solved over whole numbers."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, output_option, read_text, write, write_json


@click.command("fit")
@click.argument("network")
@click.option("--input", "inputs", multiple=True, metavar="SIZES", help="3x224x224, once for each input.")
@click.option(
    "--range", "ranges", multiple=True, required=True, metavar="NAME=A..B", help="k=1..7 or s=1,2,4."
)
@click.option("--want", "wanted", multiple=True, required=True, help="'output = 7x7', 'receptive >= 31', ...")
@click.option("--than", metavar="NETWORK", help="The other network, for 'multiplications <= 1/2 other'.")
@format_option("text", "json")
@output_option()
def command(
    network: str,
    inputs: tuple[str, ...],
    ranges: tuple[str, ...],
    wanted: tuple[str, ...],
    than: str | None,
    output_format: str,
    output: Path | None,
) -> None:
    """All whole numbers for which NETWORK (a file or a text) has what is wanted.

    \b
      derive fit 'Conv2d(1,1,k,padding=p)' --input 1x9x9 --range k=1..7 --range p=0..4 --want 'output = same'
      derive fit 'repeat n: ...' --input 1x99x99 --range n=1..20 --want 'receptive >= 31'
    """
    from derive.counting.describe import network_from_text
    from derive.counting.fit import condition_from, fit, ranges_from
    from derive.counting.network import count_network
    from derive.graphs.network import NetworkError
    from derive.graphs.network_text import shape_of
    from derive.rendering.count_compare import solutions_dict, solutions_text

    def text_of(one: str) -> str:
        return one if "(" in one or "\n" in one else read_text(one)

    try:
        shapes = [shape_of(one, "--input") for one in inputs]
        other = None if than is None else count_network(network_from_text(text_of(than)), shapes)
        conditions = [condition_from(one) for one in wanted]
        found = fit(text_of(network), shapes, ranges_from(ranges), conditions, other)
    except NetworkError as error:
        fail(str(error))
    if output_format == "json":
        write_json(solutions_dict(found), output)
    else:
        write(solutions_text(found), output)
