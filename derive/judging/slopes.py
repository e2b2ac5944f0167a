"""Derivatives by forward-mode dual numbers: by a scalar, an entry, a vector or a matrix, up to third order.

A gradient has the shape of the variable. The derivative of a vector by a vector has a row for each output
(numerator layout); written with a nabla it has a row for each input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from derive.judging.arrays import Array
from derive.judging.duals import numbers, seeded, slopes
from derive.judging.limits import MAX_LEVELS, Outside, TooLarge, Unknown
from derive.judging.members import is_member
from derive.judging.names import CONSTANTS, access, function_name
from derive.reading.tree import Call, Derivative, Indexed, Name, Relation, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator

#: A derivative by a tensor is taken by so many entries at once, ...
TOGETHER = 64
#: ... but by fewer where the values and slopes of the tensor are more numbers than this.
NUMBERS = 50_000


def derivative(at: Evaluator, tree: Derivative) -> Array:
    """The value of a derivative. Raises :class:`Refusal` where the form is not one of those above."""
    if isinstance(tree.at, Relation) and tree.at.sign == "=" and isinstance(tree.at.left, (Name, Indexed)):
        return _at_a_point(at, tree, tree.at)
    if tree.of is None or tree.kind == "dot" or tree.at is not None:
        raise Unknown("this form of derivative")
    if len(tree.wrt) > 3:
        raise TooLarge("a derivative of more than third order")
    if len(tree.wrt) > 1:
        inner = Derivative(tree.of, tree.wrt[1:], tree.kind)
        return derivative(at, Derivative(inner, tree.wrt[:1], tree.kind))
    if not tree.wrt:
        raise Unknown("a derivative that does not say by what")
    variable, of = tree.wrt[0], tree.of
    key: Tree = variable
    indices: tuple[Tree, ...] = ()
    if isinstance(variable, Indexed) and variable not in at.point.names and variable not in at.lets:
        key, indices = access(variable)
    elif not isinstance(variable, Name | Indexed):
        raise Unknown("a derivative by an expression")
    if opaque(of, key, at.lets):
        # That the variable does not occur in a name does not make the slope zero.
        raise Unknown("how what is differentiated depends on the variable is not stated")
    x = at.name(key)
    if x.ndim == 1:
        if indices:
            raise Unknown("an index below a number")
        return _slopes(at, of, key, x, at.seeds((1, *x.shape)) + 1)[0]
    if indices and is_member(variable, at.layout.members):
        return _laid_out(_by_member(at, of, key, x, indices[0]), (len(x), x.shape[2], 1), tree.kind)
    if indices:
        return _slopes(at, of, key, x, _one_hot(at, x, indices))[0]
    size, together = x.shape[1] * x.shape[2], max(1, min(TOGETHER, NUMBERS // numbers(x)))
    parts = []
    for first in range(0, size, together):
        seed = at.seeds((min(together, size - first), x.shape[0], size))
        for k in range(len(seed)):
            seed[k, :, first + k] = 1
        parts.append(_slopes(at, of, key, x, seed.reshape(*seed.shape[:2], *x.shape[1:])))
    rows = [part[k] for part in parts for k in range(part.shape[0])]  # one for each entry of the variable
    return _laid_out(rows, x.shape, tree.kind)


def _laid_out(rows: list[Array], shape: tuple[int, ...], kind: str) -> Array:
    """The slopes by every entry of a variable, in its shape; those of a vector by a vector as a matrix."""
    if rows[0].ndim == 1:
        return np.stack(rows, axis=1).reshape(*shape)
    if shape[2] != 1 or rows[0].shape[2] != 1:
        raise Unknown("the derivative of a matrix by a matrix")
    gradient = np.stack([row[:, :, 0] for row in rows], axis=1)
    return gradient if kind == "nabla" else gradient.swapaxes(1, 2)


def _by_member(at: Evaluator, of: Tree, key: Tree, table: Array, index: Tree) -> list[Array]:
    """The slopes by every entry of one row of a table."""
    batch, rows, width = table.shape
    row = at.index(index) - at.layout.origin
    if (row < 0).any() or (row >= rows).any():
        raise Outside("an index outside the entries that there are")
    seed = at.seeds((width, batch, rows, width))
    for k in range(width):
        seed[k, np.arange(batch), row, k] = 1
    slopes_of_all = _slopes(at, of, key, table, seed)
    return [slopes_of_all[k] for k in range(width)]


def opaque(of: Tree, key: Tree, lets: Mapping[Tree, Tree]) -> bool:
    """Whether it is not said how ``of`` depends on ``key``: it is made of names, and none leads there."""
    if of in lets:
        return False
    waiting, known, names = [of], set[Tree](), False
    while waiting:
        for node in _values(waiting.pop()):
            if node == key or (isinstance(node, Indexed) and access(node)[0] == key):
                return False
            if node in lets and node not in known:
                known.add(node)
                waiting.append(lets[node])
            names = names or (isinstance(node, Name) and node not in CONSTANTS)
    return names


def _values(tree: Tree) -> Iterator[Tree]:
    """Every node but the names of functions that are known."""
    yield tree
    known = isinstance(tree, Call) and function_name(tree.function) is not None
    for child in tree.arguments if known and isinstance(tree, Call) else tree.children():
        yield from _values(child)


def opaque_derivative(trees: Iterable[Tree], lets: Mapping[Tree, Tree]) -> bool:
    """Whether something is differentiated by what it is not said to depend on."""
    return any(
        opaque(node.of, access(v)[0] if isinstance(v, Indexed) and v not in lets else v, lets)
        for tree in trees
        for node in tree.walk()
        if isinstance(node, Derivative) and node.of is not None
        for v in node.wrt
    )


def _at_a_point(at: Evaluator, tree: Derivative, where: Relation) -> Array:
    """The derivative where its variable has a value: ``d/dx x^2 |_{x = 3}``."""
    outer = at.overrides.get(where.left)
    at.overrides[where.left] = at.value(where.right)
    try:
        return derivative(at, replace(tree, at=None))
    finally:
        if outer is None:
            del at.overrides[where.left]
        else:
            at.overrides[where.left] = outer


def _one_hot(at: Evaluator, x: Array, indices: tuple[Tree, ...]) -> Array:
    """1 at the entry that the indices name, which may differ from point to point."""
    flat = at.seeds((x.shape[0], x.shape[1] * x.shape[2])) if len(indices) == 1 else at.seeds(x.shape)
    where = tuple(at.index(i) - at.layout.origin for i in indices)
    if any((w < 0).any() or (w >= n).any() for w, n in zip(where, flat.shape[1:], strict=False)):
        raise Outside("an index outside the entries that there are")
    flat[(np.arange(x.shape[0]), *where)] = 1
    return flat.reshape(1, *x.shape)


def _slopes(at: Evaluator, of: Tree, key: Tree, x: Array, seed: Array) -> Array:
    """The derivatives of ``of`` in the directions ``seed`` of the name ``key``: ``(directions, *shape)``."""
    if at.level >= MAX_LEVELS:
        raise TooLarge(f"derivatives nested more than {MAX_LEVELS} deep")
    at.level += 1
    level, outer = at.level, at.overrides.get(key)
    at.overrides[key] = seeded(x, seed, level)
    try:
        y = at.value(of)
    finally:
        at.level -= 1
        if outer is None:
            del at.overrides[key]
        else:
            at.overrides[key] = outer
    return slopes(y, level, len(seed))
