"""What the commands share: the ``--format`` option, reading input, writing output, and failing politely.

Nothing heavy is imported here: every command imports what it needs inside its own function.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from derive.suggest import nearest, unknown

__all__ = [
    "FORMULAS",
    "CallError",
    "console",
    "fail",
    "format_option",
    "nearest",
    "numbers_by_name",
    "output_option",
    "read_text",
    "unknown",
    "write",
    "write_json",
]

if TYPE_CHECKING:
    from fractions import Fraction

    from rich.console import Console

LARGEST_FILE = 4_000_000  # characters; a script is some ten thousand
_OCR = "run it through OCR to Markdown with LaTeX first"
#: How files begin that are no text, and what to do with them.
OTHER_FORMATS = {
    b"%PDF": "is a PDF; export or OCR it to Markdown with LaTeX first",
    b"%!PS": f"is PostScript; {_OCR}",
    b"AT&TFORM": f"is a DjVu scan; {_OCR}",
    b"\x89PNG": f"is an image; {_OCR}",
    b"\xff\xd8\xff": f"is an image; {_OCR}",
    b"GIF8": f"is an image; {_OCR}",
    b"RIFF": f"is an image or a recording; {_OCR}",
    b"II*\x00": f"is an image; {_OCR}",
    b"MM\x00*": f"is an image; {_OCR}",
    b"\x00\x00\x00\x18ftyp": f"is an image or a film; {_OCR}",
    b"\x00\x00\x00\x1cftyp": f"is an image or a film; {_OCR}",
    b"\x00\x00\x00 ftyp": f"is an image or a film; {_OCR}",
    b"PK\x03\x04": "is a Word document or another archive; save it as Markdown or LaTeX first",
    b"\xd0\xcf\x11\xe0": "is an old Word document; save it as Markdown or LaTeX first",
    b"{\\rtf": "is an RTF document; save it as Markdown or LaTeX first",
    b"\x1f\x8b": "is compressed; unpack it first",
}


FORMULAS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
"""Context settings for commands whose arguments are formulas, which may begin with a minus sign."""


class CallError(click.ClickException):
    """The call or its input is at fault: one clear line, exit code 2."""

    exit_code = 2


def fail(message: str) -> NoReturn:
    """Ends the command with one clear line and exit code 2."""
    raise CallError(message)


def format_option(*choices: str, default: str = "text") -> Callable[[Any], Any]:
    """The option ``--format``; the parameter is called ``output_format``.

    Parameters
    ----------
    choices: what the command can write, e.g. ``"text", "json", "latex"``.
    default: which of them it writes if nothing is said.
    """
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(choices),
        default=default,
        show_default=True,
        help="What to write.",
    )


def output_option() -> Callable[[Any], Any]:
    """The option ``--output FILE``; the parameter is called ``output`` and is None for the terminal."""
    return click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write to this file, not the terminal.",
    )


def read_text(path: Path | str) -> str:
    """The text of a foreign file (``-`` is standard input), or one clear line saying what is wrong with it.

    Line ends become ``\\n`` and a byte-order mark is dropped; nothing else is changed, so that lines and
    columns stay those of the file.
    """
    name = str(path)
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(path).read_bytes()
    except FileNotFoundError:
        fail(f"{name}: there is no such file")
    except IsADirectoryError:
        fail(f"{name}: is a folder; name one file")
    except OSError as error:
        fail(f"{name}: cannot be read ({error.strerror or error})")
    advice = next((text for start, text in OTHER_FORMATS.items() if data.startswith(start)), None)
    if advice is not None:
        fail(f"{name}: {advice}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # as Windows writes "Unicode"
        data = data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    if b"\x00" in data:
        fail(f"{name}: is a binary file; expected text (Markdown or LaTeX in UTF-8)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fail(f"{name}: is not UTF-8 text: byte 0x{data[error.start]:02x} in line {line}; save it as UTF-8")
    if not text.strip():
        fail(f"{name}: is empty")
    if len(text) > LARGEST_FILE:
        fail(f"{name}: has {len(text):,} characters; at most {LARGEST_FILE:,} are read")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def numbers_by_name(pairs: tuple[str, ...]) -> dict[str, Fraction | int]:
    """``("stride=2", "eps=1e-3")`` as numbers by name; ends the command where one is not of that form."""
    from fractions import Fraction

    found: dict[str, Fraction | int] = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        try:
            if len(number) > 30 or not name.strip():
                raise ValueError
            value = Fraction(number.strip())
        except (ValueError, ZeroDivisionError):
            fail(f"--set {pair}: expected NAME=NUMBER, such as stride=2 or eps=1e-3")
        found[name.strip()] = int(value) if value.denominator == 1 else value
    return found


def write(text: str, output: Path | None = None) -> None:
    """Writes text to a file, or to the terminal if ``output`` is None."""
    if output is None:
        click.echo(text.rstrip("\n"))
        return
    try:
        output.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"{output}: cannot be written ({error.strerror or error})")


def write_json(data: Any, output: Path | None = None) -> None:
    """Writes plain data as JSON that every JSON reader takes (no NaN, no infinity)."""
    write(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False), output)


def console() -> Console:
    """A rich console on standard output; colours only if that is a terminal."""
    from rich.console import Console

    return Console(highlight=False, markup=False)
