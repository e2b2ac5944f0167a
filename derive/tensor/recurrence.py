"""Statements that are defined by each other from step to step: ``h_t`` by ``h_{t-1}``.

Such statements make a loop over one index. Every read inside the loop is of the same step or of an earlier
one (going forwards), or of a later one (a gradient, going backwards); what lies before the first step or
after the last is 0, as every entry outside of its tensor is. So the loop has a beginning, and the chain rule
needs nothing new for it: the gradient of ``h_t`` has a term for the step after, which reads ``h_t`` as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from derive.tensor.index import Index
from derive.tensor.nodes import Access, Tensor, nodes, tensors_in

if TYPE_CHECKING:
    from derive.tensor.program import Statement


@dataclass(frozen=True)
class Loop:
    """Statements evaluated together for one value of ``index`` after the other."""

    statements: tuple[Statement, ...]
    index: Index
    backwards: bool


def in_loops(statements: Sequence[Statement]) -> list[Statement | Loop]:
    """The statements in order, those that are defined by each other gathered into loops.

    Raises :class:`ValueError` where a statement reads what is defined only after it and no index makes that
    an earlier step.
    """
    found: list[Statement | Loop] = []
    position = {statement.tensor: place for place, statement in enumerate(statements)}
    start = 0
    while start < len(statements):
        stop, place = start, start
        while place <= stop:
            read = tensors_in(statements[place].value)
            stop = max((stop, *(position[one] for one in read if one in position)))
            place += 1
        together = tuple(statements[start : stop + 1])
        alone = len(together) == 1 and together[0].tensor not in tensors_in(together[0].value)
        found.append(together[0] if alone else _loop(together))
        start = stop + 1
    return found


def _loop(together: tuple[Statement, ...]) -> Loop:
    common = [
        index
        for index in together[0].target.indices
        if isinstance(index, Index) and all(index in one.target.indices for one in together)
    ]
    for index in common:
        steps = list(_steps(together, index))
        for backwards in (False, True):
            if all(step is not None and (step if backwards else -step) >= least for step, least in steps):
                return Loop(together, index, backwards)
    first = together[0]
    later = sorted(one.name for one in tensors_in(first.value) & {one.tensor for one in together})
    raise ValueError(f"{first.target} is defined with {', '.join(later)}, not defined before it")


def _steps(together: tuple[Statement, ...], index: Index) -> Iterator[tuple[int | None, int]]:
    """For every read inside: by how many steps it is later, and how far from its own step it must be.

    None where the distance is no fixed number of steps.
    """
    place: dict[Tensor, int] = {one.tensor: number for number, one in enumerate(together)}
    slot = {one.tensor: one.target.indices.index(index) for one in together}
    for number, statement in enumerate(together):
        for node in nodes(statement.value):
            if isinstance(node, Access) and node.tensor in place:
                step = node.indices[slot[node.tensor]] - index
                least = 1 if place[node.tensor] >= number else 0
                yield (int(step) if step.is_Integer else None), least
