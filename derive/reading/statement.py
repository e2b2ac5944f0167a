"""What a document says, one statement at a time: chains of relations, declarations, remarks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from derive.reading.declarations import Declarations
from derive.reading.latex import chain_to_latex, to_latex
from derive.reading.notebook import Notebook
from derive.reading.tree import Ambiguous, Hole, Span, Tree, rebuilt

Sign = Literal[
    "=", "~=", ":=", "<", "<=", ">", ">=", "!=", "->", "in", "propto", "~", "notin", "<->", "subset", "<<",
    ">>", ":", "|->", "subseteq", "supset", "supseteq", "perp", "indep", "preceq", "succeq", "prec", "succ",
]  # fmt: skip
Role = Literal["claim", "condition", "given"]
Status = Literal["read", "ambiguous", "in part", "unread", "struck"]

STATUSES: tuple[Status, ...] = ("read", "ambiguous", "in part", "unread", "struck")
UNREAD_SIGN = "[?]"  # stands for a hole in what is shown


@dataclass(frozen=True)
class Place:
    """Where something stands in the file, 1-based, and the source of that piece."""

    line: int
    column: int
    source: str


def _marked(node: Tree) -> Tree:
    return replace(node, source=UNREAD_SIGN) if isinstance(node, Hole) else node


@dataclass(frozen=True)
class Side:
    """One side of a chain: a wholly read tree, or a :class:`Hole` as its tree."""

    tree: Tree
    place: Place

    @property
    def unread(self) -> bool:
        """Whether any part of this side could not be read."""
        return any(isinstance(node, Hole) for node in self.tree.walk())

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The pieces that could not be read."""
        return tuple(node for node in self.tree.walk() if isinstance(node, Hole))

    @property
    def ambiguities(self) -> tuple[Ambiguous, ...]:
        """The pieces of which more than one reading remains."""
        return tuple(node for node in self.tree.walk() if isinstance(node, Ambiguous))

    @property
    def status(self) -> Status:
        """``unread`` if nothing of it was read, ``in part`` if a piece inside it was not."""
        if isinstance(self.tree, Hole):
            return "unread"
        if self.unread:
            return "in part"
        return "ambiguous" if self.ambiguities else "read"

    @property
    def latex(self) -> str:
        """What was understood in canonical LaTeX; ``[?]`` where nothing was."""
        return to_latex(self.shown)

    @property
    def shown(self) -> Tree:
        """The tree with ``[?]`` for its holes."""
        return rebuilt(self.tree, _marked) if self.unread else self.tree


@dataclass(frozen=True)
class Statement:
    """A chain ``side sign side sign side ...``; with one side and no sign, an expression that stands alone.

    ``continues`` is true if the first side was taken over from the statement before (the line began with a
    relation sign). ``struck`` statements were crossed out: kept, never judged. ``label`` is the heading or
    part label in force (``"(a)"``, ``"2"``), ``words`` the prose around it that may declare or condition it.

    ``role`` is ``condition`` for what follows "if", "when", "for", and ``given`` for what follows "let",
    "given",
    "where": neither is a claim to be judged. ``connective`` is ``"->"`` or ``"<->"`` if an arrow leads
    from the
    statement before to this whole one. ``span`` is where it stands in the document's text.
    """

    sides: tuple[Side, ...]
    signs: tuple[Sign, ...]
    place: Place
    continues: bool = False
    struck: bool = False
    label: str = ""
    words: str = ""
    assumed: tuple[str, ...] = ()
    role: Role = "claim"
    connective: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def written(self) -> tuple[Side, ...]:
        """The sides that stand at this place: without the one a continuation takes over."""
        return self.sides[1:] if self.continues else self.sides

    @property
    def status(self) -> Status:
        """``read``, ``ambiguous``, ``in part`` (some is a hole), ``unread`` (all is), or ``struck``."""
        if self.struck:
            return "struck"
        states = [side.status for side in self.written]
        if all(state == "unread" for state in states):
            return "unread"
        if "unread" in states or "in part" in states:
            return "in part"
        return "ambiguous" if "ambiguous" in states else "read"

    @property
    def latex(self) -> str:
        """The whole chain in canonical LaTeX; ``[?]`` for a side that was not read."""
        return chain_to_latex([side.shown for side in self.sides], self.signs)


@dataclass(frozen=True)
class Table:
    """A table as data: its cells row by row, each a number, a formula or words (a :class:`Text`).

    ``header`` says that the first row names the columns, as it does in Markdown.
    """

    rows: tuple[tuple[Side, ...], ...]
    header: bool
    place: Place


@dataclass(frozen=True)
class Document:
    """A read document: its text and its statements in order of place.

    For a ``notebook`` the text is that of its Markdown cells, and places are still those of the file.

    ``problem`` is the identifier of the problem file that the document says it answers, if it says so.
    ``declared`` is what it says about its own letters ("where W is a 3x5 matrix"), used in reading it.
    """

    text: str
    source: str
    statements: tuple[Statement, ...]
    problem: str | None = None
    notes: tuple[str, ...] = field(default=())
    declared: Declarations = field(default_factory=Declarations)
    tables: tuple[Table, ...] = ()
    notebook: Notebook | None = field(default=None, compare=False, repr=False)

    @cached_property
    def locate(self) -> Callable[[int], tuple[int, int]]:
        """From a place in the text to the line and column of the file."""
        return self.notebook.locate if self.notebook is not None else locator(self.text)

    def cell_at(self, offset: int) -> tuple[int, int] | None:
        """The cell of a notebook and the line in it, or None for any other document."""
        return self.notebook.cell_at(offset) if self.notebook is not None else None


def locator(text: str) -> Callable[[int], tuple[int, int]]:
    """A function from offsets to 1-based line and column."""
    starts = [0] + [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]

    def locate(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return locate
