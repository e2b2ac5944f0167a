"""``derive ops``: the catalogue of operations as a table."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import console, format_option, output_option, write, write_json


@click.command("ops")
@click.option("--no-verify", is_flag=True, help="Leave out how far the witnesses agree (faster).")
@format_option("text", "json", "latex")
@output_option()
def command(no_verify: bool, output_format: str, output: Path | None) -> None:
    """List the operations: inputs, output size, counts, and how far the witnesses agree."""
    from derive import ops
    from derive.rendering import catalogue
    from derive.rendering.progress import counted

    rows = [catalogue.Row(ops.operation(name)) for name in ops.names()]
    if not no_verify and output_format != "latex":
        from derive.verification import verify

        with counted("proving", len(rows)) as tick:
            for row in rows:
                row.verifications = list(verify(row.operation))
                tick(row.operation.name)
    if output_format == "json":
        write_json([row.as_dict() for row in rows], output)
    elif output_format == "latex":
        write(catalogue.as_latex(rows), output)
    else:
        screen = console()
        with screen.capture() as captured:
            screen.print(catalogue.as_table(rows, screen.width))
        write(captured.get(), output)
