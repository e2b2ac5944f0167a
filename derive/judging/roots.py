r"""Roots of matrices: ``\Sigma^{1/2}``, ``D^{-1/2} A D^{-1/2}``.

Only a matrix without negative eigenvalues has one, so a name of which nothing is said is taken to be
positive definite where its root is taken, and a D or a Lambda, which is a diagonal matrix in the field, also
diagonal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from derive.judging.layout import Layout
from derive.judging.sampling import POSITIVE, Domain
from derive.reading.tree import Divide, Indexed, Name, Negative, Number, Power, Tree

DIAGONAL = replace(POSITIVE, text="diagonal with positive entries", form="diagonal")
DEFINITE = Domain(text="positive definite", form="positive definite")
_DIAGONAL_LETTERS = frozenset(["D", "Lambda"])


def rooted(trees: Iterable[Tree], layout: Layout) -> list[Tree]:
    """The matrices of which a root is taken."""
    tables = (*layout.dims.items(), *layout.families.items())
    square = {name for name, dims in tables if len(dims) == 2 and 1 not in dims}
    powers = [n for tree in trees for n in tree.walk() if isinstance(n, Power) and n.base in square]
    return [n.base for n in powers if (e := _fraction(n.exponent)) is not None and e.denominator == 2]


def _fraction(tree: Tree) -> Fraction | None:
    match tree:
        case Number():
            return tree.value
        case Negative():
            inner = _fraction(tree.operand)
            return None if inner is None else -inner
        case Divide():
            top, bottom = _fraction(tree.numerator), _fraction(tree.denominator)
            return top / bottom if top is not None and bottom else None
    return None


def domains_of_roots(names: Iterable[Tree], domains: Mapping[Tree, Domain]) -> dict[Tree, Domain]:
    """What the matrices are of which a root is taken, as far as nothing else is declared."""
    found: dict[Tree, Domain] = {}
    for name in names:
        declared = domains.get(name)
        if declared is None:
            base = name.base if isinstance(name, Indexed) else name
            letter = base.text if isinstance(base, Name) else ""
            found[name] = DIAGONAL if letter in _DIAGONAL_LETTERS else DEFINITE
        elif declared.form == "diagonal" and declared.low < 0:
            found[name] = DIAGONAL
    return found
