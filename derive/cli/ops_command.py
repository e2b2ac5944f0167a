"""``derive ops``: the catalogue of operations as a table."""

from __future__ import annotations

import os
from pathlib import Path

import click

from derive.cli.options import console, fail, format_option, output_option, write, write_json


@click.command("ops")
@click.argument("names", metavar="[OP]...", nargs=-1)
@click.option("--no-verify", is_flag=True, help="Leave out how far the witnesses agree (faster).")
@format_option("text", "json", "latex")
@output_option()
def command(names: tuple[str, ...], no_verify: bool, output_format: str, output: Path | None) -> None:
    """List the operations: inputs, output size, counts, and how far the witnesses agree.

    With names: everything about these operations.

    \b
      derive ops
      derive ops conv2d lstm_cell
    """
    from derive import ops
    from derive.rendering import catalogue
    from derive.rendering.progress import counted

    try:
        rows = [catalogue.Row(ops.operation(name)) for name in names or ops.names()]
    except ops.UnknownOperationError as error:
        fail(str(error.args[0]))
    if not no_verify and output_format != "latex":
        from derive.verification import verify_all

        by_name = {row.operation.name: row for row in rows}
        with counted("proving", len(rows)) as tick:
            for found in verify_all(list(by_name), tick, jobs=os.cpu_count() or 1):
                by_name[found.operation].verifications.append(found)
    if output_format == "json":
        write_json([row.as_dict() for row in rows], output)
    elif output_format == "latex":
        write(catalogue.as_latex(rows), output)
    elif names:
        write("\n\n".join(map(catalogue.as_card, rows)), output)
    else:
        screen = console()
        with screen.capture() as captured:
            screen.print(catalogue.as_table(rows, screen.width))
        write(captured.get(), output)
