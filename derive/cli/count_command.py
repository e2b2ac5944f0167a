"""``derive count``: sizes, parameters, operations and memory of a network, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from derive.cli.options import console, fail, format_option, output_option, read_text, write, write_json

if TYPE_CHECKING:
    from derive.counting.network import NetworkCount
    from derive.graphs.network import Network


@click.command("count")
@click.argument("network", required=False)
@click.option("--input", "inputs", multiple=True, metavar="SIZES", help="3x224x224, letters too; per input.")
@click.option("--batch", default="1", show_default=True, help="How many examples at once; a letter too.")
@click.option(
    "--convention", "conventions", multiple=True, metavar="NAME", help="mac, 2mac, exact, biases=1 ..."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=NUMBER", help="A variable of the text.")
@click.option(
    "--layout", type=click.Choice(["chw", "hwc"]), default="chw", show_default=True, help="Of --input."
)
@click.option("--working", is_flag=True, help="The sums behind the totals, with formula and reason.")
@click.option("--receptive", is_flag=True, help="Receptive field, jump and interval of every layer.")
@click.option("--compare", metavar="NETWORK", help="Another network beside it, with the ratios.")
@click.option("--backward", is_flag=True, help="The backward pass's operations too.")
@click.option("--explain", metavar="TOTAL", help="Which convention or slip gives this total, e.g. 13.5M.")
@click.option("--layers", is_flag=True, help="List the layers that there are.")
@format_option("text", "json", "latex", "html", "svg")
@output_option()
def command(
    network: str | None,
    inputs: tuple[str, ...],
    batch: str,
    conventions: tuple[str, ...],
    settings: tuple[str, ...],
    layout: str,
    working: bool,
    receptive: bool,
    compare: str | None,
    backward: bool,
    explain: str | None,
    layers: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Count NETWORK: a file, `-`, or the text itself, in PyTorch's layer calls.

    \b
      derive count 'Conv2d(3, 64, 3, padding=1) -> ReLU()' --input 3x224x224
      derive count vgg16.net --convention 2mac --format json
      derive count 'conv 5x5, 16, pad 2 -> pool 2x2 -> fc 10' --input 3x32x32 --format html --output net.html
    """
    from derive.counting.conventions import conventions_from
    from derive.counting.network import count_network
    from derive.graphs.network import NetworkError
    from derive.graphs.network_text import shape_of
    from derive.rendering import count as rendering

    if layers:
        from derive.counting.layers import load

        write("\n".join(rule.signature for rule in load().values()), output)
        return
    if network is None or not network.strip():
        fail("name a network: a file, `-`, or a text like 'Conv2d(3, 64, 3) -> ReLU()'")
    try:
        in_force = conventions_from(conventions)
        shapes = [shape_of(one, "--input") for one in inputs]
        if layout == "hwc":
            shapes = [(*one[-1:], *one[:-1]) for one in shapes]
        count = count_network(
            _network(network, settings), shapes, shape_of(batch, "--batch")[0], in_force.network
        )
        if compare is not None:
            other = count_network(_network(compare, settings), shapes, count.batch, in_force.network)
            _compare(count, other, output_format, output)
            return
        if explain is not None:
            _explain(count, explain, output_format, output)
            return
    except NetworkError as error:
        fail(str(error))
    from derive.rendering import count_backward, count_receptive, count_working

    if output_format == "json":
        data = rendering.as_dict(count, in_force)
        data["receptive_fields"] = count_receptive.as_dict(count)
        if backward:
            data["backward"] = count_backward.as_dict(count)
        if working:
            data["working"] = count_working.as_dict(count)
        write_json(data, output)
    elif output_format == "latex":
        write(count_working.as_latex(count) if working else rendering.as_latex(count, in_force), output)
    elif output_format == "html":
        from derive.rendering.count_page import as_html

        write(as_html(count, in_force), output)
    elif output_format == "svg":
        from derive.rendering.network_picture import network_svg, receptive_svg

        picture = receptive_svg(count) if receptive else network_svg(count)
        write(picture or fail("no layer looks at more than one place and less than all"), output)
    elif working or receptive or backward:
        parts = [count_working.as_text(count)] if working else []
        parts += [count_receptive.as_text(count)] if receptive else []
        parts += [count_backward.as_text(count)] if backward else []
        write("\n\n".join(parts), output)
    else:
        screen = console()
        with screen.capture() as captured:
            screen.print(rendering.as_text(count, in_force, screen.width))
        write(captured.get(), output)


def _compare(first: NetworkCount, second: NetworkCount, output_format: str, output: Path | None) -> None:
    """Two networks side by side."""
    from derive.counting.comparison import compare_networks
    from derive.rendering.count_compare import as_dict, as_text

    rows = compare_networks(first, second)
    if output_format == "json":
        write_json({"compared": as_dict(rows)}, output)
    else:
        write(as_text(rows, ("first", "second")), output)


def _explain(count: NetworkCount, total: str, output_format: str, output: Path | None) -> None:
    """What gives a total."""
    from derive.counting.explain import explain, target_of
    from derive.rendering.count_working import explanations_dict, explanations_text

    target = target_of(total)
    found = explain(count, target)
    if output_format == "json":
        write_json(explanations_dict(found, target), output)
    else:
        write(explanations_text(found, target), output)


def _network(network: str, settings: tuple[str, ...]) -> Network:
    """The network in a file, or in the text that was given instead of a file's name."""
    from derive.counting.describe import network_from_text
    from derive.graphs.network_sheet import looks_like_sheet

    if network.endswith(".onnx"):
        from derive.counting.import_onnx import network_from_onnx

        return network_from_onnx(network)
    signs = ("(", "->", "→", "\n", "|", " ")
    code = "." not in network and looks_like_sheet(network)  # 20C5-MP2-500FC
    is_text = (any(sign in network for sign in signs) or code) and not _is_file(network)
    text = network if is_text else read_text(network)
    return network_from_text(text, "" if is_text else network, dict(map(_setting, settings)))


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a zero byte
        return False


def _setting(text: str) -> tuple[str, Any]:
    from derive.graphs.network_text import shape_of

    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        fail(f"--set takes NAME=NUMBER, as in --set width=64; came {text!r}")
    return name, shape_of(value, "--set")[0]
