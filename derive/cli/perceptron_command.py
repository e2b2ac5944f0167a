"""``derive perceptron``: all gradients of a multi-layer perceptron."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, output_option, write, write_json


@click.command("perceptron")
@click.argument("widths", metavar="[WIDTH]...", nargs=-1)
@click.option("--activation", default="sigmoid", show_default=True, help="The hidden layers' activation.")
@click.option("--output-activation", help="The last layer's; by default as the loss needs it.")
@click.option("--loss", default="half_squared_error", show_default=True, help="The loss at the end.")
@click.option("--steps", is_flag=True, help="Show every step, not only the results.")
@click.option("--standalone", is_flag=True, help="With --format latex: a whole document.")
@format_option("text", "latex", "html", "json")
@output_option()
def command(
    widths: tuple[str, ...],
    activation: str,
    output_activation: str | None,
    loss: str,
    steps: bool,
    standalone: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Derive the gradients by every weight and bias of a perceptron.

    WIDTHs are the input's and each layer's, numbers or names; without any, one hidden layer of a perceptron
    of any depth is derived, the step that backpropagation repeats.

    \b
      derive perceptron
      derive perceptron n_0 n_1 n_2 --activation tanh
      derive perceptron 784 128 10 --activation relu --loss cross_entropy
    """
    from derive.derivation import derive_program
    from derive.graphs.perceptron import hidden_layer, perceptron
    from derive.graphs.wiring import WiringError
    from derive.ops import UnknownOperationError
    from derive.rendering import derivation as rendering

    try:
        network = (
            perceptron(widths, activation, loss, output_activation) if widths else hidden_layer(activation)
        )
    except (UnknownOperationError, WiringError) as error:
        fail(str(error.args[0]))
    derivation = derive_program(
        network.title, network.program, network.wanted, network.names, seeds=network.seeds
    )
    if output_format == "json":
        write_json(rendering.as_dict(derivation), output)
    elif output_format == "latex":
        latex = rendering.as_latex(derivation, steps=steps)
        write(rendering.standalone(latex) if standalone else latex, output)
    elif output_format == "html":
        write(rendering.as_html(derivation), output)
    else:
        write(rendering.as_text(derivation, steps=steps), output)
