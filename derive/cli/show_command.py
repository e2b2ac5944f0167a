"""``derive show``: the gradient of an operation, step by step."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, numbers_by_name, output_option, write, write_json


@click.command("show")
@click.argument("operation", metavar="OP")
@click.option("--wrt", metavar="X", help="The input to differentiate by; the first one if nothing is said.")
@click.option(
    "--order", type=click.IntRange(1, 2), default=1, show_default=True, help="First or second derivative."
)
@click.option("--form", type=click.Choice(["index", "matrix"]), help="Show the result in one notation only.")
@click.option("--detail", is_flag=True, help="Show the trivial steps too.")
@click.option(
    "--upstream/--jacobian",
    default=None,
    help="The gradient of a loss behind the output, or the output's own; by default what reads best.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=NUMBER", help="A number for a setting: --set stride=1."
)
@click.option("--standalone", is_flag=True, help="With --format latex: a whole document.")
@format_option("text", "latex", "html", "json")
@output_option()
def command(
    operation: str,
    wrt: str | None,
    order: int,
    form: str | None,
    detail: bool,
    upstream: bool | None,
    settings: tuple[str, ...],
    standalone: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Derive the gradient of OP in general dimension, with the rule of every step.

    \b
      derive show softmax --wrt x
      derive show linear --wrt W --format latex
      derive show cross_entropy --wrt z --order 2
      derive show conv2d --wrt x --set stride=1 --set dilation=1
    """
    from derive import ops
    from derive.derivation import UnknownVariableError, derive_gradient
    from derive.rendering import derivation as rendering

    try:
        definition = ops.operation(operation, **numbers_by_name(settings))
        derivation = derive_gradient(definition, wrt or definition.differentiable[0].name, order, upstream)
    except (ops.UnknownOperationError, UnknownVariableError, ValueError) as error:
        fail(str(error.args[0]))
    if output_format == "json":
        write_json(rendering.as_dict(derivation, detail), output)
    elif output_format == "latex":
        latex = rendering.as_latex(derivation, detail, form)
        write(rendering.standalone(latex) if standalone else latex, output)
    elif output_format == "html":
        write(rendering.as_html(derivation, detail), output)
    else:
        write(rendering.as_text(derivation, detail, form), output)
