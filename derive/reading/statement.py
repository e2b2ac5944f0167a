"""What a document says, one statement at a time: chains of relations, declarations, remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from derive.reading.declarations import Declarations
from derive.reading.tree import Hole, Tree

Sign = Literal[
    "=", "~=", ":=", "<", "<=", ">", ">=", "!=", "->", "in", "propto", "~", "notin", "<->", "subset", "<<",
    ">>", ":"
]  # fmt: skip
Role = Literal["claim", "condition", "given"]


@dataclass(frozen=True)
class Place:
    """Where something stands in the file, 1-based, and the source of that piece."""

    line: int
    column: int
    source: str


@dataclass(frozen=True)
class Side:
    """One side of a chain: a wholly read tree, or a :class:`Hole` as its tree."""

    tree: Tree
    place: Place

    @property
    def unread(self) -> bool:
        """Whether any part of this side could not be read."""
        return any(isinstance(node, Hole) for node in self.tree.walk())


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
    statement before to this whole one.
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


@dataclass(frozen=True)
class Document:
    """A read document: its text and its statements in order of place.

    ``problem`` is the identifier of the problem file that the document says it answers, if it says so.
    ``declared`` is what it says about its own letters ("where W is a 3x5 matrix"), used in reading it.
    """

    text: str
    source: str
    statements: tuple[Statement, ...]
    problem: str | None = None
    notes: tuple[str, ...] = field(default=())
    declared: Declarations = field(default_factory=Declarations)
