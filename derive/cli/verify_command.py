"""``derive verify``: every derived gradient held against its witnesses."""

from __future__ import annotations

import os
from pathlib import Path

import click

from derive.cli.options import console, fail, format_option, output_option, write, write_json


@click.command("verify")
@click.argument("operations", metavar="[OP]...", nargs=-1)
@click.option("--detail", is_flag=True, help="One line for each setting.")
@format_option("text", "json")
@output_option()
def command(operations: tuple[str, ...], detail: bool, output_format: str, output: Path | None) -> None:
    """Prove the gradients of OP (all operations if none is named) by independent witnesses.

    Exits 1 if a witness disagrees.
    """
    from derive import ops
    from derive.rendering import verification as rendering
    from derive.rendering.progress import counted
    from derive.verification import verify_all

    try:
        chosen = [ops.operation(name).name for name in operations or ops.names()]
    except ops.UnknownOperationError as error:
        fail(str(error.args[0]))
    with counted("proving", len(chosen)) as tick:
        found = list(verify_all(chosen, tick, jobs=os.cpu_count() or 1))
    if output_format == "json":
        write_json([one.to_dict() for one in found], output)
    else:
        screen = console()
        with screen.capture() as captured:
            screen.print(rendering.as_table(found, detail))
        write(captured.get() + rendering.summary(found), output)
    if not all(one.agrees for one in found):
        raise SystemExit(1)
