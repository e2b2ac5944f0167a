"""``derive graph``: a scalar expression as a graph, with values forward and gradients back at every node."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import FORMULAS, console, fail, format_option, output_option, write, write_json


@click.command("graph", context_settings=FORMULAS)
@click.argument("expression", metavar="EXPR")
@click.argument("values", metavar="[NAME=VALUE]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--upstream", default="1", show_default=True, help="The gradient that arrives at the output.")
@format_option("text", "json", "latex", "svg", "html")
@output_option()
def command(
    expression: str, values: tuple[str, ...], upstream: str, output_format: str, output: Path | None
) -> None:
    """Values forward and gradients back at every node of EXPR (LaTeX or plain text).

    EXPR may define its steps, separated by semicolons; every NAME needs a VALUE.

    \b
      derive graph '(x + y) z' x=-2 y=5 z=-4
      derive graph 'q = x + y; f = q z' x=-2 y=5 z=-4
      derive graph '\\frac{1}{1 + e^{-(w_0 x_0 + w_1)}}' w_0=2 x_0=-1 w_1=-3 --format svg --output neuron.svg
    """
    from derive.graphs.scalar import GraphError
    from derive.practice.expression_graph import read_graph, read_number, read_point
    from derive.rendering import graph_report

    try:
        point = read_point(values)
        graph = read_graph(expression, point)
        result = graph.evaluate(point, read_number(upstream, "--upstream"))
    except GraphError as error:
        fail(str(error))
    unused = [name for name in point if name not in {graph.nodes[i].text for i in graph.variables}]
    if unused:
        click.echo(f"note: {', '.join(unused)} does not occur in the expression", err=True)
    if output_format == "json":
        write_json(graph_report.as_dict(graph, result), output)
    elif output_format == "latex":
        write(graph_report.as_latex(graph, result), output)
    elif output_format == "svg":
        write(graph_report.svg(graph, result), output)
    elif output_format == "html":
        write(graph_report.as_html(graph, result), output)
    else:
        screen = console()
        with screen.capture() as captured:
            screen.print(graph_report.as_text(graph, result))
        write(captured.get(), output)
