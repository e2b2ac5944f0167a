"""``derive check``: every line of a worked solution, judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from derive.cli.options import console, fail, format_option, output_option, read_text, write, write_json

if TYPE_CHECKING:
    from rich.text import Text

    from derive.judging import Claim
    from derive.marking import Report

COLOURS = {
    "correct": "green",
    "rounded": "green",
    "follows": "yellow",
    "definition": "dim",
    "wrong": "bold red",
    "undecided": "magenta",
    "unread": "magenta",
}


@click.command("check")
@click.argument("file", metavar="FILE")
@click.option("--problem", "problem_id", help="The problem of the bank that FILE answers.")
@click.option("--declare", multiple=True, help="A declaration, as in 'W: 3x5' or 'x > 0'; may be repeated.")
@click.option("--detail", is_flag=True, help="Show the definitions too, and what was assumed.")
@click.option("--strict", is_flag=True, help="Exit with 1 if something is wrong.")
@format_option("text", "json")
@output_option()
def command(
    file: str,
    problem_id: str | None,
    declare: tuple[str, ...],
    detail: bool,
    strict: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Judge every line of the worked solution in FILE (Markdown or LaTeX; - reads standard input).

    \b
      derive check homework.md
      derive check homework.md --problem softmax/three-scores --format json
    """
    text = read_text(file)
    from derive.bank import Problem, ProblemError, find_problem
    from derive.marking import check
    from derive.reading import DeclarationError, DocumentError

    problem: Problem | None = None
    try:
        if problem_id is not None:
            problem = find_problem(problem_id)
        report = check(text, file, problem, declare)
    except (ProblemError, DeclarationError) as error:
        fail(str(error))
    except DocumentError as error:
        fail(f"{file}: {error}")
    if output_format == "json":
        write_json(report.to_dict(), output)
    else:
        screen = console()
        with screen.capture() as captured:
            for line in _lines(report, detail):
                screen.print(line, soft_wrap=True)
        write(captured.get(), output)
    if strict and any(claim.wrong for claim in report.claims):
        raise click.exceptions.Exit(1)


def _lines(report: Report, detail: bool) -> list[Text | str]:
    shown = [c for c in report.claims if detail or c.verdict != "definition"]
    width = max((len(f"{c.line}:{c.column}") for c in shown), default=0)
    lines: list[Any] = [_claim_line(c, width, detail) for c in shown]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.summary.items())
    lines.append("")
    lines.append(f"{report.source}: {len(report.claims)} claims" + (f": {counts}" if counts else ""))
    if report.first_wrong is not None:
        lines.append(f"first wrong line: {report.first_wrong}")
    elif not report.claims:
        lines.append("no formula was found")
    else:
        open_claims = sum(report.summary.get(verdict, 0) for verdict in ("undecided", "unread"))
        could_not = f"nothing was found to be wrong; {open_claims} claims could not be judged"
        lines.append(could_not if open_claims else "nothing is wrong")
    return lines


def _claim_line(claim: Claim, width: int, detail: bool) -> Text:
    from rich.text import Text

    line = Text(f"{claim.line}:{claim.column}".ljust(width + 2))
    line.append(claim.verdict.ljust(11), COLOURS[claim.verdict])
    line.append(_written(claim))
    note = f" [{claim.note}]" if claim.note else ""
    if claim.message and claim.verdict != "correct":
        line.append(f"  -- {claim.message}{note}", "dim" if claim.verdict != "wrong" else "red")
    if claim.expected is not None:
        line.append(f"\n{' ' * (width + 13)}expected: {claim.expected}", "green")
    if detail and claim.assumed:
        line.append(f"\n{' ' * (width + 13)}assumed: {'; '.join(claim.assumed)}", "dim")
    return line


def _written(claim: Claim) -> str:
    parts = [p for p in (claim.left, claim.relation, claim.right) if p is not None]
    text = " ".join(" ".join(parts).split())
    return text if len(text) <= 110 else text[:107] + "..."
