"""``derive compare``: whether two formulas are equal, with a witness if not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from derive.cli.options import FORMULAS, console, fail, format_option, output_option, write, write_json

if TYPE_CHECKING:
    from derive.judging import Claim

LONGEST_LINE = 1_000_000  # bytes of one line of a batch
WANTED = 'expected {"id": ..., "left": "...", "right": "...", "declare": ["..."]}'


@click.command("compare", context_settings=FORMULAS)
@click.argument("left", required=False)
@click.argument("right", required=False)
@click.option("--declare", multiple=True, help="A declaration, as in 'W: 3x5' or 'x > 0'; may be repeated.")
@click.option(
    "--convention", multiple=True, help="A convention, as in log=10 or angle=degrees; may be repeated."
)
@click.option("--relation", default="=", show_default=True, help="What is claimed: = ~= < <= > >= !=")
@click.option("--explain", is_flag=True, help="Show how the verdict was reached.")
@click.option("--seed", type=click.IntRange(0, 10**6), default=0, show_default=True, help="Of random points.")
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
    relation: str,
    explain: bool,
    seed: int,
    batch: str | None,
    strict: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Say whether LEFT and RIGHT (LaTeX) are equal for all values of their names.

    A batch is read and written line by line: one claim for each line, with its id. A line that cannot be used
    gets {"id", "error"}, the others go on, and the exit code is 2.

    \b
      derive compare '\\tanh x' '2\\sigma(2x) - 1'
      derive compare 'AB' 'BA' --declare 'A: 3x3' --declare 'B: 3x3'
      derive compare --batch pairs.jsonl > claims.jsonl
    """
    given = {"declare": declare, "convention": _conventions(convention), "relation": relation, "seed": seed}
    if batch is not None:
        if left is not None:
            fail("give either LEFT and RIGHT or --batch FILE")
        wrong = _run_batch(batch, given, output)
    elif left is None or right is None:
        fail("two formulas are needed: derive compare LEFT RIGHT")
    else:
        claim = _compare(left, right, given)
        wrong = claim.wrong
        from derive.rendering.compare import claim_data

        if output_format == "json":
            write_json(claim_data(claim, seed), output)
        else:
            write(_text(claim, seed, explain), output)
    if strict and wrong:
        raise click.exceptions.Exit(1)


def _conventions(given: tuple[str, ...]) -> dict[str, str]:
    result = {}
    for item in given:
        name, sign, value = item.partition("=")
        if not sign:
            fail(f"unknown convention {item!r}; what would work: NAME=VALUE, as in log=10 or angle=degrees")
        result[name.strip()] = value.strip()
    return result


def _compare(left: str, right: str, given: dict[str, Any]) -> Claim:
    from derive.judging import compare

    for text in (left, right, *given["declare"]):
        if any("\ud800" <= character <= "\udfff" for character in text):
            fail(f"not UTF-8 text: {text.encode(errors='replace').decode()!r}")
    try:
        return compare(left, right, **given)
    except ValueError as error:  # a declaration, a convention or a relation that there is not
        fail(str(error))


def _text(claim: Claim, seed: int, explain: bool) -> str:
    from rich.text import Text

    from derive.cli.check_command import COLOURS
    from derive.rendering.compare import claim_lines

    screen = console()
    with screen.capture() as captured:
        for kind, line in claim_lines(claim, seed, explain):
            said = Text(line, "dim" if kind == "how" else "")
            if kind == "verdict":
                said.stylize(COLOURS[claim.verdict], 0, len(claim.verdict))
            screen.print(said, soft_wrap=True)
    return captured.get()


def _run_batch(path: str, given: dict[str, Any], output: Path | None) -> bool:
    """Judge the lines of a file one by one; whether any claim is wrong."""
    from derive.rendering.compare import claim_data, json_line

    wrong, bad, first = False, 0, ""
    with _opened(path) as source, _target(output) as target, _progress(path) as done:
        for number, line in _lines(source):
            place = f"{path}, line {number}"
            record = _judged(line, place, given)
            if isinstance(record, dict):
                bad, first = bad + 1, first or record["error"]
                said = record
            else:
                identity, claim, seed = record
                wrong = wrong or claim.wrong
                said = {"id": identity, **claim_data(claim, seed)}
            target.write((json_line(said) + "\n").encode())
            target.flush()
            done(place)
    if bad:
        fail(f"{bad} line{'s' * (bad > 1)} could not be used; the first: {first}")
    return wrong


def _judged(line: bytes, place: str, given: dict[str, Any]) -> dict[str, Any] | tuple[Any, Claim, int]:
    """The id, the claim and the seed for a line of a batch; what is wrong with it if it cannot be used."""
    from derive.judging import compare

    record: Any = None
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(f"longer than {LONGEST_LINE:,} bytes")
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number)
        own = _own(record, given)
        return record.get("id"), compare(record["left"], record["right"], **own), own["seed"]
    except RecursionError:
        why = f"nested too deeply; {WANTED}"
    except json.JSONDecodeError as error:
        why = f"not JSON ({error}); {WANTED}"
    except ValueError as error:
        why = str(error)
    except Exception as error:  # a defect of the program: it costs this line, not the others
        why = (
            f"derive met something unforeseen ({type(error).__name__}: {' '.join(str(error).split())[:300]})"
        )
    identity = record.get("id") if isinstance(record, dict) else None
    return {"id": identity, "error": f"{place}: {why}"}


def _own(record: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What a line says, added to what the call says. Raises :class:`ValueError` with what was expected."""
    if not isinstance(record, dict):
        raise ValueError(WANTED)
    declared, convention = record.get("declare") or [], record.get("convention") or {}
    if isinstance(declared, str):
        declared = [declared]
    if not all(isinstance(record.get(side), str) for side in ("left", "right")):
        raise ValueError(f"'left' and 'right' have to be strings; {WANTED}")
    if not isinstance(declared, list) or not all(isinstance(text, str) for text in declared):
        raise ValueError(f"'declare' has to be a list of strings; {WANTED}")
    if not isinstance(convention, dict) or not all(isinstance(v, str) for v in convention.values()):
        raise ValueError('\'convention\' has to be like {"log": "10"}')
    relation, seed = record.get("relation", given["relation"]), record.get("seed", given["seed"])
    if not isinstance(relation, str) or type(seed) is not int or not 0 <= seed <= 10**6:
        raise ValueError("'relation' has to be a string and 'seed' a number from 0 to 1000000")
    return {
        "declare": (*given["declare"], *declared),
        "convention": {**given["convention"], **convention},
        "relation": relation,
        "seed": seed,
    }


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers; of one that is too long only its beginning."""
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        end = line
        while not end.endswith(b"\n") and (end := source.readline(LONGEST_LINE)):
            pass
        if line.strip():
            yield number, line


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield sys.stdin.buffer
        return
    with _file(path, "rb", "read") as stream:
        yield stream


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    with _file(str(output), "wb", "written") as stream:
        yield stream


def _file(path: str, mode: str, said: str) -> IO[bytes]:
    try:
        return Path(path).open(mode)
    except FileNotFoundError:
        fail(f"{path}: there is no such file")
    except OSError as error:
        fail(f"{path}: cannot be {said} ({error.strerror or error})")


@contextmanager
def _progress(path: str) -> Iterator[Any]:
    """Counts claims on the error stream if that is a terminal and the claims go elsewhere."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda name: None
        return
    from derive.rendering.progress import counted

    total = None
    if path != "-":
        with _opened(path) as source:
            total = sum(1 for _ in _lines(source))
    with counted("claims", total) as done:
        yield done
