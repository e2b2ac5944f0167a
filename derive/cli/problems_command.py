"""``derive problems``: what is in the bank."""

from __future__ import annotations

import click

from derive.cli.options import console, fail, format_option, write_json


@click.command("problems")
@format_option("text", "json")
def command(output_format: str) -> None:
    """List the problems of the bank; `derive solve PROBLEM` solves one."""
    from derive.bank import ProblemError, all_problems

    try:
        found = all_problems()
    except ProblemError as error:
        fail(str(error))
    if output_format == "json":
        write_json([problem.to_dict() for problem in found])
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("problem", style="bold", no_wrap=True)
    table.add_column("title")
    table.add_column("parts", justify="right")
    table.add_column("marks", justify="right")
    for problem in found:
        table.add_row(problem.id, problem.title, str(len(problem.parts)), f"{problem.marks:g}")
    console().print(table)
