r"""The last entry of a family: beside ``\sum_{t=1}^{T} r_t`` the T of ``r_T`` is the number at which it ends.

Letters such as n are indices anyway; a capital, or another name, is one only below what a sum to it runs
over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from derive.judging.names import END, is_letter
from derive.judging.trees import rebuild, substitute
from derive.reading.tree import Add, Big, Indexed, Name, Negative, Number, Tree

Places = Mapping[tuple[Tree, int, int], set[Tree]]


def with_ends(trees: Sequence[Tree]) -> list[Tree]:
    """The trees with such subscripts marked."""
    places: dict[tuple[Tree, int, int], set[Tree]] = defaultdict(set)
    for big in (n for tree in trees for n in tree.walk() if isinstance(n, Big) and n.upper is not None):
        assert big.upper is not None
        ends = {n for n in big.upper.walk() if isinstance(n, Name) and not is_letter(n) and n.text != "infty"}
        for node in big.body.walk() if ends else ():
            if isinstance(node, Indexed) and not node.upper:
                for place, item in enumerate(node.lower):
                    if any(variable in item.walk() for variable in big.variables):
                        places[node.base, len(node.lower), place] |= ends
    return [_marked(tree, places) for tree in trees] if places else list(trees)


def _marked(tree: Tree, places: Places) -> Tree:
    tree = rebuild(tree, lambda part: _marked(part, places))
    if not isinstance(tree, Indexed) or tree.upper:
        return tree
    lower = list(tree.lower)
    for place, item in enumerate(lower):
        ends = places.get((tree.base, len(lower), place), set())
        counts = all(isinstance(n, (Name, Number, Add, Negative)) for n in item.walk())
        if counts and ends & set(item.walk()):
            table: dict[Tree, Tree] = {n: replace(n, font=END) for n in ends if isinstance(n, Name)}
            lower[place] = substitute(item, table)
    return replace(tree, lower=tuple(lower))
