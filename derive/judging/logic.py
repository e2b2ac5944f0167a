"""Truth values, remainders and sets: relations that have a value of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.judging.arrays import Array
from derive.judging.functions import apply
from derive.judging.limits import Unknown
from derive.judging.trees import canonical, rebuild, substitute
from derive.reading.tree import List, Name, Number, Relation, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator

CONNECTIVES = ("neg", "wedge", "vee", "oplus")
TRUTH = {Name("T"): 1, Name("F"): 0}
SETS = ("cup", "cap", "setminus")


def connects(tree: Tree) -> bool:
    """Whether it is made of truth values: ``p \\wedge q``, ``\\neg p``."""
    return isinstance(tree, Relation) and tree.sign in CONNECTIVES


def value(at: Evaluator, tree: Relation) -> Array:
    """The value of ``p and q``, ``not p``, ``x mod n``; truth values are 0 and 1."""
    if tree.sign == "neg":
        return 1 - _truth(at, tree.right)
    if tree.sign == "mod":
        x, n = at.value(tree.left), at.value(tree.right)
        return x - n * apply("floor", x / n)
    p, q = _truth(at, tree.left), _truth(at, tree.right)
    if tree.sign == "wedge":
        return p * q
    return p + q - p * q * (1 if tree.sign == "vee" else 2)


def _truth(at: Evaluator, tree: Tree) -> Array:
    if tree in TRUTH and tree not in at.point.names:
        return at.full(TRUTH[tree])
    x = at.value(tree)
    if x.ndim != 1 or any(item not in (0, 1) for item in x):
        raise Unknown("a connective of what is neither 0 nor 1")
    return x


def with_truth(trees: list[Tree]) -> list[Tree]:
    """T and F as 1 and 0 where a connective shows that they are truth values."""
    if not any(connects(node) for tree in trees if tree.has(Relation) for node in tree.walk()):
        return trees
    table: dict[Tree, Tree] = {name: Number(str(x)) for name, x in TRUTH.items()}
    return [substitute(tree, table) for tree in trees]


def names(tree: Tree) -> set[Tree]:
    """The names that are truth values: whatever a connective joins."""
    found: set[Tree] = set()
    for node in tree.walk() if tree.has(Relation) else ():
        if connects(node) and isinstance(node, Relation):
            found |= {
                side for side in (node.left, node.right) if isinstance(side, Name) and side not in TRUTH
            }
    return found


def with_sets(tree: Tree) -> Tree:
    """Every written set in one order, each element once; unions, intersections and differences carried out.

    >>> from derive.reading import read_formula
    >>> with_sets(read_formula(r"\\{3, 1\\} \\cup \\{1, 2\\}")) == read_formula(r"\\{1, 2, 3\\}")
    True
    """
    if not tree.has(Relation, List):
        return tree
    tree = rebuild(tree, with_sets)
    if isinstance(tree, Relation) and tree.sign in SETS:
        left, right = tree.left, tree.right
        if _is_set(left) and _is_set(right) and isinstance(left, List) and isinstance(right, List):
            ours, theirs = _elements(left), _elements(right)
            if tree.sign == "cup":
                kept = {**ours, **theirs}
            else:
                kept = {key: item for key, item in ours.items() if (key in theirs) == (tree.sign == "cap")}
            return _ordered(kept) if kept else tree
    return _ordered(_elements(tree)) if _is_set(tree) and isinstance(tree, List) else tree


def _is_set(tree: Tree) -> bool:
    # Of letters it is not known which are equal.
    return isinstance(tree, List) and tree.brackets == "{" and all(isinstance(i, Number) for i in tree.items)


def _elements(tree: List) -> dict[object, Tree]:
    return {canonical(item): item for item in tree.items}


def _ordered(elements: dict[object, Tree]) -> Tree:
    items = sorted(elements.values(), key=lambda item: item.value if isinstance(item, Number) else 0)
    return List(tuple(items), "{")
