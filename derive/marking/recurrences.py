"""Recurrences at a step that is a letter: ``h_t = \\tanh(w h_{t-1} + x_t)``, also through several families.

How far such a formula is put in must be the same wherever it stands: the lowest step that a claim speaks of,
and whatever lies before it, are quantities of their own; what comes later is computed from them. Where the
formulas go from the end to the beginning, it is the highest step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.judging.definitions import offset
from derive.judging.names import access
from derive.reading.tree import Add, Indexed, Name, Negative, Number, Tree

if TYPE_CHECKING:
    from derive.marking.scope import Meaning


def step_of(index: Tree) -> tuple[Tree, int] | None:
    """The letter of a step and how far from it: ``t - 1``.

    >>> from derive.reading import read_formula
    >>> letter, offset = step_of(read_formula("t - 1"))
    >>> letter.text, offset
    ('t', -1)
    """
    place = offset(index)
    return None if place is None or place[0] is None else (place[0], place[1])


def one_ahead(tree: Tree) -> tuple[Tree, Tree, Tree] | None:
    """The family, the letter and the step before it of a member one or more steps ahead: ``v_{k+1}``."""
    base, indices = access(tree) if isinstance(tree, Indexed) else (tree, ())
    step = step_of(indices[0]) if len(indices) == 1 and isinstance(base, (Name, Indexed)) else None
    if step is None or step[1] <= 0:
        return None
    letter, offset = step
    return base, letter, Add((letter, Negative(Number(str(offset)))))


def direction(family: Tree, formulas: Mapping[Tree, Meaning]) -> int:
    """-1 if the members of a family are computed from earlier ones, directly or through other families, 1 if
    they are from later ones, such as ``G_t = r_t + \\gamma G_{t+1}``, 0 if from none of its own."""
    seen: set[tuple[Tree, int]] = set()
    todo = [(family, 0)]
    while todo:
        base, way = todo.pop()
        meaning = formulas.get(base)
        if meaning is None or not meaning.parameters:
            continue
        for node in meaning.tree.walk():
            if not isinstance(node, Indexed):
                continue
            other, indices = access(node)
            steps = [step for index in indices if (step := step_of(index)) is not None]
            moved = next((offset for letter, offset in steps if offset and letter in meaning.parameters), 0)
            on = way or (moved > 0) - (moved < 0)
            if other == family and on:
                return on
            if (other, on) not in seen:
                seen.add((other, on))
                todo.append((other, on))
    return 0


@dataclass(frozen=True)
class Given:
    """The members of recurrent families that a claim takes as given: up to ``first``, and from ``last`` on,
    for each letter that steps (None: members by number, of families that go back from the end)."""

    first: Mapping[Tree | None, int]
    last: Mapping[Tree | None, int]

    def concerns(self, family: Tree, indices: tuple[Tree, ...], formulas: Mapping[Tree, Meaning]) -> bool:
        """Whether these bounds say where such a family ends."""
        return bool(self._bounded(family, indices, formulas))

    def holds(self, family: Tree, indices: tuple[Tree, ...], formulas: Mapping[Tree, Meaning]) -> bool:
        """Whether the member is a quantity of its own here."""
        way = direction(family, formulas)
        return any((offset - bound) * way >= 0 for offset, bound in self._bounded(family, indices, formulas))

    def _bounded(
        self, family: Tree, indices: tuple[Tree, ...], formulas: Mapping[Tree, Meaning]
    ) -> list[tuple[int, int]]:
        way = direction(family, formulas)
        bounds = self.last if way > 0 else self.first if way < 0 else {}
        steps = [step for index in indices if (step := offset(index)) is not None]
        return [(offset, bounds[letter]) for letter, offset in steps if letter in bounds]


NOTHING = Given({}, {})


def given_in(trees: tuple[Tree, ...], formulas: Mapping[Tree, Meaning]) -> Given:
    """What a claim takes as given: the end of what it speaks of, or what lies just beyond that if it speaks
    of one step alone."""
    ways: dict[int, dict[Tree | None, set[int]]] = {-1: {}, 1: {}}
    for tree in trees:
        for node in tree.walk():
            if not isinstance(node, Indexed) or not isinstance(node.base, (Name, Indexed)):
                continue
            base, indices = access(node)
            way = direction(base, formulas) if base in formulas else 0
            for index in indices if way else ():
                step = offset(index)
                if step is not None:
                    ways[way].setdefault(step[0], set()).add(step[1])
    first: dict[Tree | None, int] = {
        letter: min(found) - (len(found) == 1) for letter, found in ways[-1].items() if letter is not None
    }
    last = {
        letter: max(found) + (len(found) == 1)
        for letter, found in ways[1].items()
        if letter is not None or len(found) > 1
    }
    return Given(first, last)
