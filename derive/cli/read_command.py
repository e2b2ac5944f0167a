"""``derive read``: what was understood of a document, statement by statement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from derive.cli.options import console, fail, format_option, output_option, read_text, write, write_json

if TYPE_CHECKING:
    from derive.judging.second_opinion import Opinion
    from derive.reading import Document, Place

COLOURS = {
    "read": "green",
    "ambiguous": "yellow",
    "in part": "magenta",
    "unread": "bold magenta",
    "struck": "dim",
    "caret": "magenta",
    "assumed": "dim",
    "source": "dim",
    "tree": "dim",
    "second agrees": "green",
    "second differs": "yellow",
    "second refused": "dim",
}


@click.command("read")
@click.argument("file", metavar="FILE")
@click.option(
    "--declare", multiple=True, help="A declaration, as in 'W: 3x5' or 'f: function'; may be repeated."
)
@click.option("--tree", "trees", is_flag=True, help="Show the tree of every side.")
@click.option("--second-reader", is_flag=True, help="Show what latex2sympy2 makes of each side.")
@format_option("text", "json")
@output_option()
def command(
    file: str,
    declare: tuple[str, ...],
    trees: bool,
    second_reader: bool,
    output_format: str,
    output: Path | None,
) -> None:
    """Show how FILE is read: each statement as it stands there and as it was understood.

    FILE is Markdown, LaTeX, plain text or a Jupyter notebook; - reads standard input. Nothing is judged.
    A piece that is not read is [?], with a caret under it and the reason.

    \b
      derive read homework.md
      derive read homework.tex --declare 'W: 3x5' --format json
    """
    text = read_text(file)
    from derive.reading import DeclarationError, Declarations, DocumentError, read_document
    from derive.rendering.reading import document_data, document_lines, second_line, summary_line

    try:
        document = read_document(text, file, Declarations.parse(declare))
    except DeclarationError as error:
        fail(str(error))
    except DocumentError as error:
        fail(f"{file}: {error}")
    opinions = _second_opinions(document, declare) if second_reader else None
    if output_format == "json":
        write_json(document_data(document, opinions), output)
        return
    from rich.text import Text

    screen = console()
    with screen.capture() as captured:
        for kind, line in document_lines(document, trees, opinions):
            screen.print(Text(line, COLOURS.get(kind, "")), soft_wrap=True)
        for note in document.notes:
            screen.print(Text(f"assumed: {note}", "dim"), soft_wrap=True)
        screen.print(Text(f"\n{summary_line(document)}"), soft_wrap=True)
        if opinions is not None:
            screen.print(Text(second_line(opinions)), soft_wrap=True)
    write(captured.get(), output)


def _second_opinions(document: Document, declare: tuple[str, ...]) -> dict[Place, Opinion]:
    """What latex2sympy2 makes of every side that is written, in a process of its own."""
    from derive.judging.second_opinion import second_opinion
    from derive.reading.second_reader import Latex2Sympy2, MissingReaderError

    try:
        with Latex2Sympy2() as reader:
            return {
                side.place: second_opinion(side, reader, declare)
                for statement in document.statements
                if not statement.struck
                for side in statement.written
                if side.place.source
            }
    except MissingReaderError as error:
        fail(str(error))
