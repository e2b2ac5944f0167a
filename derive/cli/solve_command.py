"""``derive solve``: a problem of the bank with its steps."""

from __future__ import annotations

from pathlib import Path

import click

from derive.cli.options import fail, format_option, output_option, write, write_json


@click.command("solve")
@click.argument("problem")
@click.option("--part", "part_id", help="Only this part.")
@format_option("text", "json", "latex")
@output_option()
def command(problem: str, part_id: str | None, output_format: str, output: Path | None) -> None:
    """Solve PROBLEM (an id of `derive problems`, or a .toml file): formula, substituted numbers, result."""
    from derive.bank import ProblemError, find_problem
    from derive.practice.solve import solve
    from derive.rendering.solution import as_latex, as_text
    from derive.suggest import unknown

    try:
        found = find_problem(problem)
        solved = solve(found)
    except ProblemError as error:
        fail(str(error))
    if part_id is not None:
        known = [answer.part.id for answer in solved]
        if part_id not in known:
            fail(unknown(f"part of {found.id}", part_id, known))
        solved = [answer for answer in solved if answer.part.id == part_id]
    if output_format == "json":
        parts = [answer.to_dict() for answer in solved]
        write_json({"problem": found.id, "title": found.title, "parts": parts}, output)
    elif output_format == "latex":
        write(as_latex(found, solved), output)
    else:
        write(as_text(found, solved), output)
