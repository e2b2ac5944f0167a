"""A Jupyter notebook: the text of its Markdown cells, and where every character of it stands in the file.

The text of the cells is put one below the other with a blank line between; code and output are left out. A
place is the line and column of the ``.ipynb`` file itself, which any editor finds; :meth:`Notebook.cell_at`
gives cell and line as Jupyter shows them (cells are counted from 1, code cells among them).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_CHARACTER = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.")


class DocumentError(ValueError):
    """A file that is not what it is called, or in which there is nothing to read."""


@dataclass(frozen=True)
class _Piece:
    """One string of a cell's source: where its text begins, and where in the file."""

    start: int
    raw_start: int
    raw: str
    cell: int
    line: int  # in the cell, from 1

    @cached_property
    def offsets(self) -> list[int]:
        """Where in the file each of its characters begins."""
        return [self.raw_start + match.start() for match in _CHARACTER.finditer(self.raw)]


@dataclass(frozen=True)
class Notebook:
    r"""The Markdown of a notebook: ``text``, with the places of the file behind it.

    >>> made = read_notebook(r'{"cells": [{"cell_type": "markdown", "source": ["let\n", "$a = 1$"]}]}')
    >>> made.text.splitlines()
    ['let', '$a = 1$']
    >>> made.locate(5), made.cell_at(5)
    ((1, 60), (1, 2))
    """

    text: str
    pieces: tuple[_Piece, ...]
    line_starts: tuple[int, ...] = field(repr=False)

    def locate(self, offset: int) -> tuple[int, int]:
        """Line and column in the file of a character of the text."""
        piece = self._piece(offset)
        within = min(offset - piece.start, len(piece.offsets))
        raw = piece.offsets[within] if within < len(piece.offsets) else piece.raw_start + len(piece.raw)
        line = bisect_right(self.line_starts, raw)
        return line, raw - self.line_starts[line - 1] + 1

    def cell_at(self, offset: int) -> tuple[int, int]:
        """The cell and the line in it of a character of the text."""
        piece = self._piece(offset)
        return piece.cell, piece.line + self.text.count("\n", piece.start, offset)

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.start for piece in self.pieces]

    def _piece(self, offset: int) -> _Piece:
        return self.pieces[max(0, bisect_right(self._starts, offset) - 1)]


def is_notebook(text: str, name: str) -> bool:
    """Whether a file is a notebook, by its name or, read from elsewhere, by how it begins."""
    return name.endswith(".ipynb") or (re.match(r'\s*\{\s*"', text) is not None and '"cell_type"' in text)


def read_notebook(source: str) -> Notebook:
    """The Markdown cells of a notebook in nbformat 3 or 4; :class:`DocumentError` if it is none."""
    try:
        data = json.loads(source)
    except (ValueError, RecursionError) as error:
        where = f": line {error.lineno}, {error.msg}" if isinstance(error, json.JSONDecodeError) else ""
        raise DocumentError(f"is called a notebook but is not JSON{where}") from error
    sheets = data.get("worksheets") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not (isinstance(data.get("cells"), list) or isinstance(sheets, list)):
        raise DocumentError('is called a notebook but has no "cells"')
    text: list[str] = []
    pieces: list[_Piece] = []
    at, last, line = 0, 0, 1
    for cell, kind, raw_start, raw in _sources(source):
        if kind != "markdown":
            continue
        if cell != last:
            gap = "\n\n" if text else ""
            text.append(gap)
            at, last, line = at + len(gap), cell, 1
        value = json.loads(f'"{raw}"', strict=False)
        pieces.append(_Piece(at, raw_start, raw, cell, line))
        text.append(value)
        at, line = at + len(value), line + value.count("\n")
    if not pieces:
        raise DocumentError("has no Markdown cell; only Markdown cells are read")
    starts = (0, *(match.end() for match in re.finditer("\n", source)))
    return Notebook("".join(text), tuple(pieces), starts)


def _sources(source: str) -> list[tuple[int, str, int, str]]:
    """Number and kind of the cell, place and raw text of every string of a cell's source, in order.

    ``json`` gives no places; the text is known to be JSON here, so that keys and depth are enough.
    """
    found: list[tuple[int, int, str]] = []
    kinds: dict[int, str] = {}
    stack: list[str] = []  # the key under which each open bracket stands, "" in a list
    opened: list[str] = []
    key, previous, cell = "", "", 0
    for match in _TOKEN.finditer(source):
        token = match.group()
        if token in "{[":
            name = key if opened and opened[-1] == "{" else ""
            if token == "{" and stack[-1:] == ["cells"]:
                cell += 1
            stack.append(name)
            opened.append(token)
            key = ""
        elif token in "}]":
            stack.pop()
            opened.pop()
            key = ""
        elif token == ":":
            key = json.loads(previous)
        elif token.startswith('"') and _in_cell(stack, opened):
            if key == "cell_type" and opened[-1] == "{":
                kinds[cell] = json.loads(token)
            elif key == "source" or (opened[-1] == "[" and stack[-1] == "source"):
                found.append((cell, match.start() + 1, token[1:-1]))
        if token == "," and opened and opened[-1] == "{":
            key = ""
        previous = token
    return [(cell, kinds.get(cell, ""), start, raw) for cell, start, raw in found]


def _in_cell(stack: list[str], opened: list[str]) -> bool:
    """Whether what follows is in a cell itself, or in the list that is its source."""
    depth = len(stack) - (stack[-1:] == ["source"] and opened[-1] == "[")
    return depth >= 3 and stack[depth - 2] == "cells" and opened[depth - 1] == "{"
