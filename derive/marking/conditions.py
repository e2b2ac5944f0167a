"""The conditions under which a claim is meant: "for x > 0", "if i != j", "where 0 < p < 1".

A claim may stand after its condition or before it, so both neighbours are offered; which of them is meant is
for the judge to try.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.judging.compare import INEQUALITIES, free_names, is_closed
from derive.judging.names import access
from derive.reading.statement import Statement
from derive.reading.tree import Indexed, List, Name, Relation, Tree

#: A condition holds for claims this many lines below it; one that has its line for itself, for more.
REACH, REACH_ALONE = 4, 12
_OTHERWISE = re.compile(r"\b(?:otherwise|else|sonst|andernfalls)\b", re.IGNORECASE)
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def candidates(statements: Sequence[Statement], index: int) -> tuple[tuple[Relation, ...], ...]:
    """The conditions that the statement at ``index`` may be under: those next after, those last before."""
    line = statements[index].place.line
    before: list[Relation] = []
    for place in range(index - 1, -1, -1):
        statement = statements[place]
        near_by = statements[max(0, place - 3) : place + 4]
        alone = all(stated(s) for s in near_by if s.place.line == statement.place.line)
        reach = REACH_ALONE if alone else REACH
        if line - statement.place.line > reach or (before and not stated(statement)):
            break
        before = [*stated(statement), *before]
    if len(before) == 1 and _OTHERWISE.search(statements[index].words) and before[0].sign in _OPPOSITE:
        before = [Relation(_OPPOSITE[before[0].sign], before[0].left, before[0].right)]
    after: list[Relation] = []
    for statement in statements[index + 1 :]:
        near = statement.place.line == line or (
            statement.place.line - line <= 2 and statement.role != "claim"
        )
        if not near or not stated(statement):
            break
        after.extend(stated(statement))
    return tuple(tuple(group) for group in (after, before) if group)


def stated(statement: Statement) -> list[Relation]:
    """The inequalities of a statement that restricts names; nothing if it claims something."""
    if not statement.signs or not set(statement.signs) <= set(INEQUALITIES) or statement.struck:
        return []
    trees = [side.tree for side in statement.sides]
    if any(side.unread for side in statement.sides):
        return []
    pairs = zip(statement.signs, trees, trees[1:], strict=False)
    found = [Relation(s, a, right) for s, left, right in pairs for a in _each(left)]
    return found if statement.role != "claim" or all(_simple(r) for r in found) else []


def _each(tree: Tree) -> tuple[Tree, ...]:
    """``a, b > 0`` says it of both."""
    return tree.items if isinstance(tree, List) and not tree.brackets else (tree,)


def _simple(relation: Relation) -> bool:
    """A name against a number: said of the name, and no claim about something computed."""
    sides = (relation.left, relation.right)
    return any(is_closed(side) for side in sides) and any(isinstance(side, (Name, Indexed)) for side in sides)


def concerning(relations: Sequence[Relation], trees: Sequence[Tree]) -> tuple[Relation, ...]:
    """Those that speak of a name of the trees."""
    ours = _bases(trees)
    return tuple(r for r in relations if _bases([r.left, r.right]) & ours)


def _bases(trees: Sequence[Tree]) -> set[Tree]:
    names = {name for tree in trees for name in free_names(tree)}
    return {access(name)[0] if isinstance(name, Indexed) else name for name in names}
