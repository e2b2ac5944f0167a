r"""Kronecker's delta in normal forms: beside :math:`\delta_{ij}` the letter j may be called i.

``delta_ij f(i, j) = delta_ij f(i, i)``, and a sum over j of ``delta_ij`` alone is 1 if i runs where j does.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from derive.judging.normal import ONE, Mono, Ratio, frozen
from derive.judging.trees import substitute
from derive.reading.tree import Indexed, Name, Tree

if TYPE_CHECKING:
    from derive.judging.proof import Normaliser

RULE = "beside a delta its letters are one"
_SMOOTH = ("sin", "cos", "arctan")


def with_deltas(made: Normaliser, x: Ratio) -> Ratio:
    """The same formula with one name for both letters of a delta in every term that has it as a factor."""
    a = made.algebra
    if not any(_letters(made, atom) for mono in x.top for atom, _ in mono):
        return x
    total = a.number(0)
    for mono, c in x.top.items():
        total = a.add(total, a.multiply(a.number(c), _term(made, mono)))
    return a.multiply(total, Ratio({ONE: Fraction(1)}, x.bottom)) if x.bottom != {ONE: Fraction(1)} else total


def _letters(made: Normaliser, atom: int) -> tuple[Tree, Tree] | None:
    """The letters of a delta: the one that goes, and the one that stays."""
    tree = made.trees.get(atom)
    if made.algebra.atoms[atom].kind != "delta" or not isinstance(tree, Indexed):
        return None
    first, second = tree.lower
    if not isinstance(first, Name) or not isinstance(second, Name):
        return None
    # a bound letter goes, so that the sum over it may be taken; else the later in the alphabet
    stays, goes = sorted((first, second), key=lambda n: (n.text.startswith("#"), n.text))
    return goes, stays


def _term(made: Normaliser, mono: Mono) -> Ratio:
    a = made.algebra
    for atom, _ in mono:
        letters = _letters(made, atom)
        if letters is None or letters[0] == letters[1]:
            continue
        goes, stays = letters
        made.rule(RULE, made.trees[atom], r"\delta_{ij} f(j) = \delta_{ij} f(i)")
        result = a.of(atom)
        for other, e in mono:
            if other != atom:
                result = a.multiply(result, _renamed(made, other, e, {goes: stays}))
        single = result.single
        if single is not None and single[1] == 1 and single[0] != mono and len(single[0]) <= len(mono):
            return _term(made, single[0])
        return result
    return Ratio({mono: Fraction(1)}, {ONE: Fraction(1)})


def _renamed(made: Normaliser, atom: int, e: Fraction, table: Mapping[Tree, Tree]) -> Ratio:
    """A power of an atom with one letter for another, as far as it can be seen into."""
    a = made.algebra
    row, tree = a.atoms[atom], made.trees.get(atom)
    as_it_is = a.of(atom, e)
    if tree is not None:
        new = substitute(tree, table)
        if new == tree:
            return as_it_is
        x = made.ratio(new)
        return a.power(x, int(e)) if e.denominator == 1 else a.root(x, e)
    if row.inside is None:
        return as_it_is
    inside = _inside(made, row.inside, table)
    if inside == row.inside:
        return as_it_is
    if row.kind == "exp":
        return a.exp(a.multiply(a.number(e), inside))
    if row.kind == "root":
        return a.root(inside, e)
    if e.denominator != 1:
        return as_it_is
    if row.kind == "log":
        return a.power(a.log(inside), int(e))
    if row.kind == "abs":
        return a.power(a.absolute(inside), int(e))
    if row.kind in _SMOOTH:
        return a.power(a.of(a.atom(row.kind, frozen(inside), inside, row.sign)), int(e))
    return as_it_is


def _inside(made: Normaliser, x: Ratio, table: Mapping[Tree, Tree]) -> Ratio:
    a = made.algebra
    parts = []
    for poly in (x.top, x.bottom):
        total = a.number(0)
        for mono, c in poly.items():
            term = a.number(c)
            for atom, e in mono:
                term = a.multiply(term, _renamed(made, atom, e, table))
            total = a.add(total, term)
        parts.append(total)
    return a.divide(*parts)
