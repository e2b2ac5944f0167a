r"""Families whose members are vectors: the ``x_i`` of ``w^T x_i``, ``x_i x_i^T`` and ``\|x_i - \mu_k\|``.

An index below a letter picks an entry by default. Where the formula shows that what it picks is a vector (it
is transposed, stands in a norm or behind a transposed vector or a matrix), the letter is a whole table: its
rows are the members, and ``x_{ij}`` is an entry of ``x_i``. A letter that also stands alone is a vector, and
its ``x_i`` an entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

from derive.judging.names import access, function_name, is_letter, is_lower, unlabelled
from derive.reading.tree import Add, Call, Indexed, Multiply, Name, Negative, Transpose, Tree


def vector_members(
    trees: Iterable[Tree], matrices: set[Tree], vectors: set[Tree]
) -> tuple[set[Tree], set[Tree]]:
    """``(families, names)``: the letters whose members are vectors, and the numbered names that are.

    >>> from derive.reading import read_formula
    >>> families, _ = vector_members([read_formula(r"\\sum_i (w^T x_i - y_i)^2")], set(), set())
    >>> [base.text for base in families]
    ['x']
    """
    trees = tuple(trees)
    if not matrices and not any(tree.has(Transpose) or tree.has(Call) for tree in trees):
        return set(), set()
    families, names = _vector_members(trees, frozenset(matrices), frozenset(vectors))
    return set(families), set(names)


@lru_cache(maxsize=256)
def _vector_members(
    trees: tuple[Tree, ...], matrices: frozenset[Tree], vectors: frozenset[Tree]
) -> tuple[set[Tree], set[Tree]]:
    nodes = [node for tree in trees for node in tree.walk()]
    if not any(map(_may_be, nodes)):
        return set(), set()
    found = {member for node in nodes for member in _shown(node, matrices)}
    while True:  # what is added to a vector is one
        near = {m for node in nodes if isinstance(node, Add) for m in _beside(node, found, vectors)} - found
        if not near:
            break
        found |= near
    alone = {name for tree in trees for name in _alone(tree)}
    lettered = {access(n)[0] for n in nodes if isinstance(n, Indexed) and any(map(is_letter, access(n)[1]))}
    families = {base for base in map(_base, found) if base in lettered and base not in alone}
    names = {member for member in found if _base(member) not in lettered and _base(member) not in alone}
    return families, names


def is_member(tree: Tree, families: set[Tree]) -> bool:
    """Whether a tree is a member, and not an entry, of one of the families."""
    return isinstance(tree, Indexed) and len(access(tree)[1]) == 1 and _base(tree) in families


def _base(tree: Tree) -> Tree:
    return access(tree)[0] if isinstance(tree, Indexed) else tree


def _may_be(tree: Tree) -> bool:
    if not isinstance(tree, Indexed):
        return False
    base, indices = access(tree)
    return len(indices) == 1 and is_lower(base) and function_name(base) is None and not _counts(base)


def _counts(base: Tree) -> bool:
    return isinstance(base, Name) and base.text in ("delta", "n", "m")


def _terms(tree: Tree) -> Iterator[Tree]:
    """The members that are a tree, or are added in it."""
    if isinstance(tree, (Add, Negative)):
        for part in tree.children():
            yield from _terms(part)
    elif _may_be(tree):
        yield tree


def _shown(node: Tree, matrices: frozenset[Tree]) -> Iterator[Tree]:
    if isinstance(node, Transpose):
        yield from _terms(node.operand)
    elif isinstance(node, Call) and function_name(unlabelled(node.function)) == "norm":
        for argument in node.arguments:
            yield from _terms(argument)
    elif isinstance(node, Multiply):
        pairs = list(zip(node.signs, node.factors, node.factors[1:], strict=False))
        for place, (sign, first, second) in enumerate(pairs):
            if sign not in ("", "cdot"):
                continue
            row = isinstance(first, Transpose) and (_may_be(first.operand) or is_lower(first.operand))
            if row or (first.operand if isinstance(first, Transpose) else first) in matrices:
                yield from _terms(second)
            last = place == len(pairs) - 1
            column = isinstance(second, Transpose) and (_may_be(second.operand) or is_lower(second.operand))
            if last and column and not row:
                yield from _terms(first)


def _beside(node: Add, found: Set[Tree], vectors: Set[Tree]) -> Iterator[Tree]:
    """The members that are added to a vector."""
    bare = [term.operand if isinstance(term, Negative) else term for term in node.terms]
    if any(term in found or term in vectors for term in bare):
        yield from filter(_may_be, bare)


def _alone(tree: Tree) -> Iterator[Tree]:
    """The letters that stand without an index."""
    if isinstance(tree, Name):
        yield tree
    for child in tree.children():
        if not (isinstance(tree, Indexed) and child is tree.base):
            yield from _alone(child)
