"""Recurrences at a step that is a letter: ``h_t = \\tanh(w h_{t-1} + x_t)``, also through several families.

How far such a formula is put in must be the same wherever it stands: the lowest step that a claim speaks of,
and whatever lies before it, are quantities of their own; what comes later is computed from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from derive.judging.names import access, is_letter
from derive.judging.trees import rational
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
    if is_letter(index):
        return index, 0
    if not isinstance(index, Add):
        return None
    letters = [term for term in index.terms if is_letter(term)]
    numbers = [rational(term) for term in index.terms if not is_letter(term)]
    if len(letters) != 1 or any(number is None or number.denominator != 1 for number in numbers):
        return None
    return letters[0], sum(int(number) for number in numbers if number is not None)


def one_ahead(tree: Tree) -> tuple[Tree, Tree, Tree] | None:
    """The family, the letter and the step before it of a member one or more steps ahead: ``v_{k+1}``."""
    base, indices = access(tree) if isinstance(tree, Indexed) else (tree, ())
    step = step_of(indices[0]) if len(indices) == 1 and isinstance(base, (Name, Indexed)) else None
    if step is None or step[1] <= 0:
        return None
    letter, offset = step
    return base, letter, Add((letter, Negative(Number(str(offset)))))


def recurrent(family: Tree, formulas: Mapping[Tree, Meaning]) -> bool:
    """Whether the members of a family are computed from earlier ones, directly or through other families."""
    seen: set[tuple[Tree, bool]] = set()
    todo = [(family, False)]
    while todo:
        base, moved = todo.pop()
        meaning = formulas.get(base)
        if meaning is None or not meaning.parameters:
            continue
        for node in meaning.tree.walk():
            if not isinstance(node, Indexed):
                continue
            other, indices = access(node)
            steps = [step for index in indices if (step := step_of(index)) is not None]
            back = moved or any(offset < 0 and letter in meaning.parameters for letter, offset in steps)
            if other == family and back:
                return True
            if (other, back) not in seen:
                seen.add((other, back))
                todo.append((other, back))
    return False


def lowest_steps(trees: tuple[Tree, ...], formulas: Mapping[Tree, Meaning]) -> dict[Tree, int]:
    """For each letter that steps through recurrences in a claim: the last step that is taken as given."""
    found: dict[Tree, set[int]] = {}
    for letter, offset in _steps(trees, formulas):
        found.setdefault(letter, set()).add(offset)
    return {letter: min(offsets) - (len(offsets) == 1) for letter, offsets in found.items()}


def _steps(trees: tuple[Tree, ...], formulas: Mapping[Tree, Meaning]) -> Iterator[tuple[Tree, int]]:
    for tree in trees:
        for node in tree.walk():
            if isinstance(node, Indexed) and isinstance(node.base, (Name, Indexed)):
                base, indices = access(node)
                if base in formulas and recurrent(base, formulas):
                    yield from (step for index in indices if (step := step_of(index)) is not None)
