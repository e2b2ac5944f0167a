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
from derive.judging.limits import MAX_LEVELS, TooLarge, Unknown
from derive.judging.names import CONSTANTS, access, function_name
from derive.judging.scalars import Dual
from derive.reading.tree import Call, Derivative, Indexed, Name, Relation, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator


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
        return _slope(at, of, key, x, np.ones(x.shape, dtype=object))
    if indices:
        return _slope(at, of, key, x, _one_hot(at, x, indices))
    columns = []
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            seed = np.zeros(x.shape, dtype=object)
            seed[:, row, column] = 1
            columns.append(_slope(at, of, key, x, seed))
    if columns[0].ndim == 1:
        return np.stack(columns, axis=1).reshape(x.shape)
    if x.shape[2] != 1 or columns[0].shape[2] != 1:
        raise Unknown("the derivative of a matrix by a matrix")
    jacobian = np.concatenate(columns, axis=2)
    return jacobian.swapaxes(1, 2) if tree.kind == "nabla" else jacobian


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
    seed = np.zeros(x.shape, dtype=object)
    flat = seed.reshape(x.shape[0], -1) if len(indices) == 1 else seed
    where = tuple(at.index(i) - at.layout.origin for i in indices)
    if any((w < 0).any() or (w >= n).any() for w, n in zip(where, flat.shape[1:], strict=False)):
        raise Unknown("an index outside the entries that there are")
    flat[(np.arange(x.shape[0]), *where)] = 1
    return seed


def _slope(at: Evaluator, of: Tree, key: Tree, x: Array, seed: Array) -> Array:
    """The derivative of ``of`` in the direction ``seed`` of the name ``key``."""
    if at.level >= MAX_LEVELS:
        raise TooLarge(f"derivatives nested more than {MAX_LEVELS} deep")
    at.level += 1
    level, outer = at.level, at.overrides.get(key)
    dual = np.empty(x.shape, dtype=object)
    for position, item in np.ndenumerate(x):
        dual[position] = Dual(item, seed[position], level)
    at.overrides[key] = dual
    try:
        y = at.value(of)
    finally:
        at.level -= 1
        if outer is None:
            del at.overrides[key]
        else:
            at.overrides[key] = outer
    return at.tidy(y, level)
