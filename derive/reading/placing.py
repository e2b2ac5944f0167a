"""Statements put one behind the other: the part and the role each has, and what a line continues."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from derive.reading.numbering import Numbering
from derive.reading.prose import role_of, subject_in
from derive.reading.statement import Role, Side, Statement
from derive.reading.tree import Hole, Name


@dataclass
class State:
    """What is in force while a document is read from top to bottom."""

    label: str = ""
    standing_label: str | None = None  # the label to go back to after this line
    prose_since: int = 0  # lines of prose since the last statement
    gap: int = 0  # lines since the last statement from which nothing was read
    line: int = 0  # where the line that is being read begins
    previous: Statement | None = None
    previous_line: int = -1  # where its line begins: in the file several lines of a notebook may be one
    standing: Statement | None = None  # the last one that is not crossed out
    read: int = 0  # characters of formulas
    full: bool = False
    bulleted: bool = False  # whether the line is an item of a list
    in_table: bool = False  # whether the line is a row of a table
    tail: str = ""  # the words at the end of the last line that had any
    numbering: Numbering = field(default_factory=Numbering)
    statements: list[Statement] = field(default_factory=list)

    def add(
        self,
        statement: Statement,
        words: str = "",
        bare: bool = False,
        near: str | None = None,
        role: Role | None = None,
    ) -> None:
        """Put a statement behind the others; ``role`` is what it is if no words around it tell."""
        beside = self.previous if self.previous_line == self.line else None
        if role is None:
            role = statement.role if statement.role != "claim" else role_of(words, near, statement, beside)
        statement = replace(
            statement,
            role=role,
            label=statement.label or self.label,
            words=" ".join(filter(None, [words, statement.words])),
        )
        first = statement.sides[0].tree
        if isinstance(first, Hole) and first.reason == "continues the line before":
            subject = subject_in((words if bare else near) or "")
            if subject == "" or (bare and subject is not None):  # the answer is = 5
                hole = Hole("", "words stand before the sign")
                statement = replace(statement, sides=(Side(hole, statement.place), *statement.sides[1:]))
            elif subject is not None:  # mean $= 5$: the words name what is computed
                side = Side(Name(subject), replace(statement.place, source=subject))
                statement = replace(statement, sides=(side, *statement.sides[1:]))
            else:
                statement = self._continued(statement, bare)
        self.statements.append(statement)
        self.previous, self.previous_line = statement, self.line
        if not statement.struck and statement.role != "condition":
            self.standing = statement
        self.prose_since = self.gap = 0

    def _continued(self, statement: Statement, bare: bool) -> Statement:
        origin = self.previous if statement.struck else self.standing
        far = self.gap > 0 if bare else self.prose_since > 1
        after_condition = self.previous is not None and self.previous.role == "condition"
        # A cell of a table continues only the expression beside it: | sqrt(8) | = 2.83 |
        beside = origin is not None and origin is self.previous and not origin.signs
        beside = beside and self.previous_line == self.line
        elsewhere = origin is not None and origin.label != statement.label
        elsewhere = elsewhere or (self.in_table and not beside)
        elsewhere = elsewhere or (self.bulleted and statement.signs[0] != "=")
        if origin is None or far or after_condition or elsewhere:
            what = "what stands before it was not read" if far else "no claim stands before it"
            what = "what stands before it is another part" if elsewhere else what
            hole = Hole("", f"the line continues something, but {what}")
            return replace(statement, sides=(Side(hole, statement.place), *statement.sides[1:]))
        carried = origin.sides[-1]
        assumed = statement.assumed
        if self.prose_since:
            assumed = (*assumed, f"continues line {carried.place.line}, though words stand between")
        return replace(
            statement,
            sides=(carried, *statement.sides[1:]),
            continues=True,
            assumed=assumed,
        )
