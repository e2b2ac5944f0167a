"""``derive compare``: whether two formulas are equal, with a witness if not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from derive.cli.options import (
    FORMULAS,
    console,
    fail,
    format_option,
    output_option,
    read_text,
    write,
    write_json,
)

if TYPE_CHECKING:
    from derive.judging import Claim

CONVENTIONS = {"log": "a base, as in log=10", "angle": "angle=radians or angle=degrees"}


@click.command("compare", context_settings=FORMULAS)
@click.argument("left", required=False)
@click.argument("right", required=False)
@click.option("--declare", multiple=True, help="A declaration, as in 'W: 3x5' or 'x > 0'; may be repeated.")
@click.option(
    "--convention", multiple=True, help="A convention, as in log=10 or angle=degrees; may be repeated."
)
@click.option(
    "--batch", metavar="FILE", help='JSON lines {"id", "left", "right", "declare": [...]}; - reads stdin.'
)
@click.option("--strict", is_flag=True, help="Exit with 1 if they are not equal.")
@format_option("text", "json")
@output_option()
def command(
    left: str | None,
    right: str | None,
    declare: tuple[str, ...],
    convention: tuple[str, ...],
    batch: str | None,
    strict: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Say whether LEFT and RIGHT (LaTeX) are equal for all values of their names.

    \b
      derive compare '\\tanh x' '2\\sigma(2x) - 1'
      derive compare 'AB' 'BA' --declare 'A: 3x3' --declare 'B: 3x3'
    """
    from derive.judging import compare
    from derive.reading import DeclarationError

    conventions = _conventions(convention)
    try:
        if batch is not None:
            if left is not None:
                fail("give either LEFT and RIGHT or --batch FILE")
            records = list(_batch(batch, declare, conventions))
            write("\n".join(json.dumps(r, ensure_ascii=False) for r in records), output)
            wrong = any(r["verdict"] == "wrong" for r in records)
        else:
            if left is None or right is None:
                fail("two formulas are needed: derive compare LEFT RIGHT")
            claim = compare(left, right, declare, conventions)
            if output_format == "json":
                write_json(claim.to_dict(), output)
            else:
                write(_text(claim), output)
            wrong = claim.wrong
    except DeclarationError as error:
        fail(str(error))
    if strict and wrong:
        raise click.exceptions.Exit(1)


def _conventions(given: tuple[str, ...]) -> dict[str, str]:
    result = {}
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or name not in CONVENTIONS:
            fail(f"unknown convention {item!r}; what would work: {'; '.join(CONVENTIONS.values())}")
        if name == "log" and value not in ("e", "natural") and not (value.isdigit() and int(value) > 1):
            fail(f"the base of the logarithm has to be e or an integer above 1, here is {value!r}")
        if name == "angle" and value not in ("radians", "degrees"):
            fail(f"angles are in radians or degrees, here is {value!r}")
        result[name] = value
    return result


def _batch(path: str, declare: tuple[str, ...], conventions: dict[str, str]) -> Iterator[dict[str, Any]]:
    from derive.judging import compare

    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            left, right = record["left"], record["right"]
            lines = (*declare, *record.get("declare", ()))
            if not all(isinstance(text, str) for text in (left, right, *lines)):
                raise TypeError("'left', 'right' and the declarations have to be strings")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fail(f'{path}, line {number}: expected {{"id", "left", "right"}} as JSON ({error})')
        yield {"id": record.get("id"), **compare(left, right, lines, conventions).to_dict()}


def _text(claim: Claim) -> str:
    from rich.text import Text

    from derive.cli.check_command import COLOURS

    screen = console()
    with screen.capture() as captured:
        head = Text(claim.verdict, COLOURS[claim.verdict])
        head.append(f": {claim.message}" if claim.message else "")
        head.append(f" [{claim.note}]" if claim.note else "")
        screen.print(head, soft_wrap=True)
        if claim.assumed:
            screen.print(f"assumed: {'; '.join(claim.assumed)}", soft_wrap=True)
    return captured.get()
