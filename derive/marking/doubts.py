"""Reasons not to call a difference wrong: layout, arrows, sizes written as products, annotations, labels."""

from __future__ import annotations

import re
from dataclasses import replace

from derive.judging.claim import Claim
from derive.judging.compare import is_closed
from derive.judging.digits import literal as number_of
from derive.judging.limits import Refusal
from derive.judging.names import CONSTANTS, function_name, is_capital, is_letter, unlabelled
from derive.judging.trees import arithmetic, rational, rebuild
from derive.marking.link import FAR, Link
from derive.marking.scope import Scope
from derive.reading.tree import (
    Big,
    Call,
    Cases,
    Derivative,
    Indexed,
    List,
    Multiply,
    Name,
    Number,
    Power,
    Relation,
    Tree,
)


def tempered(claim: Claim, link: Link, scope: Scope) -> Claim:
    """Reasons not to call a difference wrong: layout, arrows, shapes written as products, cases."""
    both = (link.left, link.right)
    if claim.note == "shape" and any(isinstance(side, List) for side in both):
        return Claim("undecided", message=f"a list beside something else ({claim.message})")
    if any(isinstance(n, Derivative) for side in both for n in side.walk()) and _turned(claim):
        return Claim("undecided", message="a row or a column: how a derivative is laid out is not said")
    if any(n == Name("infty") for side in both for n in side.walk()):
        return Claim("undecided", message="no value is known for infty")
    if _bound_and_free(link):
        message = "a letter runs over all entries on one side and stands for one entry on the other"
        return Claim("undecided", message=message)
    if link.joined and (number_of(link.left) is not None or link.arrow):
        return Claim("undecided", message="what stands in different lines need not be meant as equal")
    if link.arrow and all(_counts_out(side) for side in both):
        return Claim("definition", message="sizes, one after the other")
    if link.arrow and not (number_of(link.right) is not None and is_closed(link.left)):
        message = f"the two sides of the arrow differ ({claim.message}); an arrow need not mean equality"
        return Claim("undecided", message=message)
    if link.arrow and number_of(link.left) is not None:
        return Claim("undecided", message="an arrow between two numbers need not mean equality")
    if all(_like_a_size(side) for side in both):
        return Claim("undecided", message="n x m may be a size or a product")
    if _other_values(link, scope):
        return Claim("undecided", message="other values than those given long before may be put in here")
    if any(_explained(side, scope) for side in both):
        return Claim("undecided", message="a number beside a name in brackets may explain the number")
    return claim


def _turned(claim: Claim) -> bool:
    """Whether the sides differ in nothing but being a row and a column."""
    if claim.note != "shape" or claim.witness is None:
        return False
    ours, theirs = (str(claim.witness[side]).split("x") for side in ("left", "right"))
    return len(ours) == 2 and "1" in ours and ours == theirs[::-1]


def _bound_and_free(link: Link) -> bool:
    """A derivative by ``x_i`` inside a sum over i, where i stands free on the other side."""
    for ours, theirs in ((link.left, link.right), (link.right, link.left)):
        for big in (n for n in ours.walk() if isinstance(n, Big)):
            inside = [n for n in big.body.walk() if isinstance(n, Derivative)]
            by = {part for d in inside for v in d.wrt for part in v.walk()}
            if by & set(big.variables) & set(theirs.walk()):
                return True
    return False


def _counts_out(tree: Tree) -> bool:
    """``28 x 28 x 6``: whole numbers with times signs."""
    return (
        isinstance(tree, Multiply)
        and set(tree.signs) == {"times"}
        and all(isinstance(f, Number) and f.digits.isdigit() for f in tree.factors)
    )


def _like_a_size(tree: Tree) -> bool:
    """``2 x 3``, ``n-f+1 x n-f+1``, ``(2 x 3) x (3 x 1)``: integers and names, and times signs between
    pairs."""
    if any(isinstance(n, Number) and n.places > 0 for n in tree.walk()):
        return False
    products = [n for n in tree.walk() if isinstance(n, Multiply) and "times" in n.signs]
    return bool(products) and all(len(n.factors) == 2 for n in products)


def _other_values(link: Link, scope: Scope) -> bool:
    """A formula applied anew: numbers are put in that nobody gave, and what was given stands far above."""
    if (
        not link.first
        or is_closed(link.left)
        or number_of(link.right) is not None
        or not arithmetic(link.right)
    ):
        return False
    try:
        used = scope.expand(link.left, "truth").values
    except Refusal:
        return False
    given = {rational(m.tree) for m in used} | {rational(n) for n in link.left.walk()}
    new = {rational(n) for n in link.right.walk() if isinstance(n, Number)} - given
    return bool(new) and bool(used) and min(link.line - m.line for m in used) > FAR


def _explained(tree: Tree, scope: Scope) -> bool:
    """``1.36 (f_7)``: a number, and in brackets the name that has this value."""
    for node in tree.walk():
        if isinstance(node, Multiply):
            for number, name, sign in zip(node.factors, node.factors[1:], node.signs, strict=False):
                meaning = scope.values.get(name)
                # Only a number with decimals: in 2x with x = 2 nothing is explained.
                if sign != "" or meaning is None or not (isinstance(number, Number) and number.places > 1):
                    continue
                if rational(number) == rational(meaning.tree):
                    return True
    return False


_GROUPED = re.compile(r"[1-9]\d{0,2}\.\d{3}")


def may_group(number: Number) -> bool:
    """Whether the point of a number may separate thousands: ``392.100``, but not ``0.125`` or ``1.5``."""
    return _GROUPED.fullmatch(number.digits) is not None


def grouped(tree: Tree) -> Tree:
    """The tree with thousands for every point that may separate them."""
    if isinstance(tree, Number) and may_group(tree):
        return replace(tree, digits=tree.digits.replace(".", ""))
    return rebuild(tree, grouped)


def by_entries(tree: Tree) -> Tree:
    """The tree with products of vectors by name taken entry by entry, as in ``\\gamma \\hat{x} + \\beta``."""
    tree = rebuild(tree, by_entries)
    if not isinstance(tree, Multiply) or not all(isinstance(f, (Name, Indexed)) for f in tree.factors):
        return tree
    if any(map(is_capital, tree.factors)):  # of matrices that is a slip
        return tree
    return replace(tree, signs=tuple("odot" if sign in ("", "cdot") else sign for sign in tree.signs))


def covers_all_cases(tree: Tree) -> bool:
    """A delta or an indicator covers every case."""
    return any(isinstance(n, (Relation, Cases)) or n == Name("delta") for n in tree.walk())


def counted_powers(link: Link) -> bool:
    """``v^n`` may be the n-th v: no power at all."""
    return any(
        isinstance(n, Power)
        and isinstance(n.base, (Name, Indexed))
        and n.base not in CONSTANTS
        and any(is_letter(part) for part in n.exponent.walk())
        for side in (link.left, link.right)
        for n in side.walk()
    )


def about_a_function(head: Tree) -> bool:
    return isinstance(head, Call) and function_name(_function(head)) is not None


def _function(call: Call) -> Tree:
    return unlabelled(call.function)
