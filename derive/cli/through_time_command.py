"""``derive through-time``: why gradients through time vanish or explode."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, output_option, write, write_json


@click.command("through-time")
@click.option("--activation", default="tanh", show_default=True, help="The network's activation.")
@click.option("--norm", type=click.FloatRange(min=0), help="The largest singular value of W_hh.")
@click.option(
    "--steps", type=click.IntRange(min=1), default=20, show_default=True, help="How many steps back."
)
@format_option("text", "latex", "json")
@output_option()
def command(activation: str, norm: float | None, steps: int, output_format: str, output: Path | None) -> None:
    """Derive the product of Jacobians between two states of a recurrent network, and its bound.

    The gradients themselves, over T steps, are those of rnn, lstm and gru in the catalogue.

    \b
      derive through-time --activation sigmoid
      derive through-time --norm 0.9 --steps 50
      derive show rnn --wrt W_hh
    """
    from derive.derivation.through_time import through_time
    from derive.ops import UnknownOperationError
    from derive.rendering import through_time as rendering

    try:
        found = through_time(activation)
    except (UnknownOperationError, ValueError) as error:
        fail(str(error.args[0]))
    if output_format == "json":
        both = zip(rendering.lines(found, "latex"), rendering.lines(found), strict=True)
        shown = [{"latex": latex, "text": text, "reason": reason} for (latex, reason), (text, _) in both]
        bound = None if norm is None else found.bound(norm, steps)
        write_json({"lines": shown, "norm": norm, "steps": steps, "bound": bound}, output)
    elif output_format == "latex":
        write(rendering.as_latex(found), output)
    else:
        write(rendering.as_text(found, norm, steps), output)
