"""``derive optimise``: a few steps of an optimiser on numbers."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import FORMULAS, console, fail, format_option, output_option, write, write_json


@click.command("optimise", context_settings=FORMULAS)
@click.argument("optimiser")
@click.argument("loss", required=False)
@click.argument("values", metavar="[NAME=START]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--gradients", help="Gradients to step along instead of a loss: 1,1,0.5.")
@click.option("--start", default="0", show_default=True, help="With --gradients: the parameter at first.")
@click.option("--steps", "count", default=3, show_default=True, help="How many steps on a loss.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A hyper-parameter: eta=0.1.")
@click.option("--numbers", is_flag=True, help="Also show every step with its numbers put in.")
@format_option("text", "latex", "json")
@output_option()
def command(
    optimiser: str,
    loss: str | None,
    values: tuple[str, ...],
    gradients: str | None,
    start: str,
    count: int,
    settings: tuple[str, ...],
    numbers: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Run OPTIMISER on a LOSS from a start, or along given gradients, and show every step.

    \b
      derive optimise gradient-descent 'x^2 + 10 y^2' x=1 y=1 --set eta=0.05
      derive optimise nesterov 'theta^2/2' theta=1 --steps 30 --set eta=0.1
      derive optimise adam --gradients 1,1,1,1 --numbers
    """
    from derive.graphs.scalar import GraphError
    from derive.practice.expression_graph import read_graph, read_number, read_point
    from derive.practice.optimise import find_optimiser, run_on_gradients, run_on_loss
    from derive.rendering import optimiser as rendering

    try:
        operation = find_optimiser(optimiser)
        chosen = read_point(settings)
        if gradients is not None:
            if loss is not None:
                fail(f"--gradients {gradients} and the loss {loss!r}: give one of the two")
            along = [read_number(one, "--gradients") for one in gradients.split(",")]
            run = run_on_gradients(operation, along, read_number(start, "--start"), chosen)
        elif loss is None:
            fail("give a loss and a start, 'theta^2/2' theta=1, or --gradients 1,1,1")
        else:
            point = read_point(values)
            run = run_on_loss(operation, read_graph(loss, point), point, count, chosen)
    except GraphError as error:
        fail(str(error))
    if output_format == "json":
        write_json(rendering.as_dict(run), output)
    elif output_format == "latex":
        write(rendering.as_latex(run), output)
    else:
        screen = console()
        with screen.capture() as captured:
            for part in rendering.as_text(run, detail=numbers):
                screen.print(part, soft_wrap=isinstance(part, str))
        write(captured.get(), output)
