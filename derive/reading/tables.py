"""Tables as data: Markdown's pipes and LaTeX's ``tabular``, every cell with its place.

A cell holds a number, a formula or words; a claim written in a cell is a statement of the document as well.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from derive.reading.mathpieces import MathPiece

MAX_CELLS = 5_000  # of one document
_RULE = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_TABULAR = re.compile(r"\\begin\{(tabular[x*]?|longtable|array)\}")
_LINES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead)\b"
    r"|\\(?:cline|cmidrule)\s*(?:\([^()]*\))?\s*\{[^{}]*\}|\\(?:rowcolor|multirow)\{[^{}]*\}(?:\{[^{}]*\})?"
)
_SPEC = re.compile(r"\s*(?:\[[^\]]*\])?\s*(?:\{[^{}]*\}\s*)?\{(?:[^{}]|\{[^{}]*\})*\}")
_BREAK = re.compile(r"(?<!\\)&|\\\\(?:\[[^\]]*\])?|\\tabularnewline\b")
Span = tuple[int, int]
Hidden = Callable[[int], bool]  # whether a place is inside a formula


@dataclass(frozen=True)
class Grid:
    """Where the rows and cells of a table stand; ``header`` says that the first row names the columns."""

    rows: tuple[tuple[Span, ...], ...]
    header: bool
    span: Span


def find_tables(text: str, pieces: Sequence[MathPiece], latex: bool = False) -> list[Grid]:
    r"""The tables of a text, in order.

    >>> text = "| x | $|x|$ |\n|---|---|\n| -2 | 2 |"
    >>> from derive.reading.mathpieces import find_pieces
    >>> (found,) = find_tables(text, find_pieces(text)[0])
    >>> [[text[a:b] for a, b in row] for row in found.rows]
    [['x', '$|x|$'], ['-2', '2']]
    """
    inside = [piece.outer for piece in pieces]
    starts = [low for low, _ in inside]

    def hidden(at: int) -> bool:
        place = bisect_right(starts, at) - 1
        return place >= 0 and inside[place][0] <= at < inside[place][1]

    found: list[Grid] = []
    left = MAX_CELLS
    for grid in sorted(
        [*_tabulars(text, hidden), *(() if latex else _piped(text, hidden))], key=lambda grid: grid.span
    ):
        left -= sum(map(len, grid.rows))
        if left < 0:
            break
        found.append(grid)
    return found


def _piped(text: str, hidden: Hidden) -> Iterator[Grid]:
    lines: list[Span] = []
    at = 0
    for line in text.split("\n"):
        lines.append((at, at + len(line)))
        at += len(line) + 1
    number = 1
    while number < len(lines):
        low, high = lines[number]
        above = text[slice(*lines[number - 1])]
        rule = text[low:high]
        if "|" not in above or "-" not in rule or _RULE.match(rule) is None or "|" not in rule:
            number += 1
            continue
        rows = [_cells(text, lines[number - 1], hidden)]
        last = number
        while last + 1 < len(lines) and "|" in text[slice(*lines[last + 1])]:
            last += 1
            rows.append(_cells(text, lines[last], hidden))
        yield Grid(tuple(rows), True, (lines[number - 1][0], lines[last][1]))
        number = last + 1


def _cells(text: str, line: Span, hidden: Hidden) -> tuple[Span, ...]:
    start, end = _stripped(text, *line, marks=" \t>\r")
    start += text.startswith("|", start)
    end -= text.endswith("|", start, end) and not text.endswith("\\|", start, end)
    edges = [at for at in range(start, end) if text[at] == "|" and text[at - 1] != "\\" and not hidden(at)]
    return tuple(
        _stripped(text, low, high)
        for low, high in zip([start, *(at + 1 for at in edges)], [*edges, end], strict=True)
    )


def _tabulars(text: str, hidden: Hidden) -> Iterator[Grid]:
    at = 0
    while (begun := _TABULAR.search(text, at)) is not None:
        at = begun.end()
        if hidden(begun.start()):
            continue
        closer = f"\\end{{{begun.group(1)}}}"
        close = text.find(closer, at)
        if close < 0:
            return
        at = close + len(closer)
        spec = _SPEC.match(text, begun.end(), close)
        low = spec.end() if spec else begun.end()
        rows: list[tuple[Span, ...]] = []
        row: list[Span] = []
        for match in [*_BREAK.finditer(text, low, close), None]:
            if match is not None and hidden(match.start()):
                continue
            high = match.start() if match is not None else close
            row.append(_unruled(text, low, high))
            low = match.end() if match is not None else close
            if match is None or match.group() != "&":
                if any(text[slice(*cell)].strip() for cell in row):
                    rows.append(tuple(row))
                row = []
        if rows:
            yield Grid(tuple(rows), False, (begun.start(), at))


def _unruled(text: str, low: int, high: int) -> Span:
    """The cell without the rules that LaTeX draws before it."""
    low, high = _stripped(text, low, high)
    while (rule := _LINES.match(text, low, high)) is not None:
        low, high = _stripped(text, rule.end(), high)
    return low, high


def _stripped(text: str, low: int, high: int, marks: str = " \t\r\n") -> Span:
    while low < high and text[low] in marks:
        low += 1
    while low < high and text[high - 1] in marks:
        high -= 1
    return low, high
