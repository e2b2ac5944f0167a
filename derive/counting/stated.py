"""What a description states of its own results, held against what its layers come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from derive.counting.conventions import OPERATIONS, PARAMETERS
from derive.counting.explain import target_of
from derive.counting.formulas import Size, product
from derive.counting.layers import Conventions, Placed, Shape, place, show
from derive.graphs.network import NetworkError, Node, Stated

if TYPE_CHECKING:
    from derive.counting.network import NetworkCount


def agrees(sizes: tuple[int, ...], shape: Shape) -> bool:
    """Whether stated sizes are those of a shape (without the batch), in either order of the axes.

    >>> agrees((28, 28, 6), (6, 28, 28)), agrees((28, 28), (6, 28, 28)), agrees((400,), (16, 5, 5))
    (True, True, True)
    """
    own = tuple(shape)
    if sizes in (own, (*own[1:], *own[:1])):
        return True
    bare = tuple(one for one in own if one != 1)
    if bare == tuple(one for one in sizes if one != 1):
        return True
    if len(sizes) == len(own) - 1 and sizes == own[1:]:
        return True
    return len(sizes) == 1 and (sizes[0] == product(own) or set(own[1:]) == set(sizes))


def settled(
    node: Node, stated: tuple[int, ...], read: tuple[Shape, ...], conventions: Conventions
) -> tuple[Node, Placed] | None:
    """The layer with the padding that gives what is stated, where the description leaves the padding open."""
    if "padding" in node.keywords or ("Conv" not in node.layer and "Pool" not in node.layer):
        return None
    for keywords in _paddings(node):
        other = replace(node, keywords={**node.keywords, **keywords})
        try:
            placed = place(other, read, conventions)
        except NetworkError:
            continue
        if agrees(stated, placed.shape[1:]):
            return other, placed
    return None


def _paddings(node: Node) -> Iterator[Mapping[str, Any]]:
    yield {"padding": "same"}
    yield from ({"padding": p} for p in (1, 2, 3, 5))
    if "Pool" in node.layer:
        yield {"ceil_mode": True}


def differences(count: NetworkCount) -> tuple[str, ...]:
    """One sentence for every stated result that does not come out."""
    rows = {row.number: row for row in count.rows}
    found = []
    for one in count.network.stated:
        counts = count.totals if one.node < 0 else rows[one.node].counts if one.node in rows else {}
        if one.quantity == "output":
            shape = count.shapes[one.node][1:]
            if all(isinstance(size, int) for size in shape) and not agrees(one.value, shape):
                found.append(f"{one.where} says {'x'.join(map(str, one.value))}; it is {show(shape)}")
        elif counts and not _reached(one, counts):
            choices = PARAMETERS if one.quantity == "parameters" else OPERATIONS
            values = {name: choice.value(counts) for name, choice in choices.items()}
            default = values["all" if one.quantity == "parameters" else "mac"]
            shown = f"{default:,}" if isinstance(default, int) else str(default)
            found.append(f"{one.where} says {one.value} {one.quantity}; it is {shown}")
    return tuple(found)


def _reached(one: Stated, counts: Mapping[str, Size]) -> bool:
    """Whether a stated count is what comes out under any convention."""
    try:
        target = target_of(one.value)
    except NetworkError:
        return False
    choices = PARAMETERS if one.quantity == "parameters" else OPERATIONS
    values = [choice.value(counts) for choice in choices.values()]
    thousands = (1000, 1024) if target.power else (1000,)
    return any(
        not isinstance(value, int) or any(target.reading(value, thousand) for thousand in thousands)
        for value in values
    )
