"""Working on the reader's trees: rebuild, rename bound letters, substitute, compare structure.

Trees compare by content, so a tree is its own key: ``Name("x")`` stands for x in every table of this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from fractions import Fraction
from itertools import count
from operator import is_
from typing import Any

from derive.judging.limits import MAX_DIGITS, MAX_NODES, TooLarge
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)
from derive.reading.units import MEASURES

EULER = Name("e")


def rebuild(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The same node with ``change`` applied to each direct sub-tree."""
    children = tree.children()
    changed = [change(child) for child in children]
    if all(map(is_, children, changed)):
        return tree
    new = iter(changed)  # in the order in which the fields have them
    names = (name for name in tree.__dataclass_fields__ if name != "span")
    return replace(tree, **{name: _with(getattr(tree, name), new) for name in names})


def _with(part: Any, new: Iterator[Tree]) -> Any:
    """A field with the next sub-trees in the places of its own."""
    if isinstance(part, Tree):
        return next(new)
    return tuple(_with(item, new) for item in part) if isinstance(part, tuple) else part


def substitute(tree: Tree, table: Mapping[Tree, Tree]) -> Tree:
    """Replace every sub-tree that is a key of ``table``; what is put in is not searched again.

    >>> substitute(Add((Name("x"), Name("y"))), {Name("x"): Number("2")})
    Add(terms=(Number(digits='2', unit=''), Name(text='y', marks=(), font='')))
    """
    if tree in table:
        return table[tree]
    if table.keys().isdisjoint(tree.walk()):
        return tree
    return rebuild(tree, lambda part: substitute(part, table))


def size_of(tree: Tree) -> int:
    """The number of nodes; raises :class:`TooLarge` above the ceiling."""
    total = 0
    for total, _ in enumerate(tree.walk(), 1):
        if total > MAX_NODES:
            raise TooLarge("the formula is too long once its definitions are put in")
    return total


def check_numbers(tree: Tree) -> None:
    """Raise :class:`TooLarge` if a written number is too long to be made a value."""
    for node in tree.walk():
        if isinstance(node, Number):
            exponent = node.digits.partition("e")[2]
            if len(node.digits) > MAX_DIGITS or len(exponent) > 4 or (exponent and abs(int(exponent)) > 300):
                raise TooLarge(f"a number with more than {MAX_DIGITS} digits")


def depends_on(tree: Tree, names: set[Tree]) -> bool:
    """Whether any of ``names`` occurs."""
    return any(node in names for node in tree.walk())


_numbers = count()


def rename_bound(tree: Tree) -> Tree:
    """Give every letter bound by a sum, product, maximum, ... a name of its own, so that none is captured."""
    if not tree.has(Big):
        return tree
    if isinstance(tree, Big):
        bound = [v for v in tree.variables if isinstance(v, Name)]
        table: dict[Tree, Tree] = {
            v: replace(v, text=f"{v.text.split('#')[0]}#{next(_numbers)}") for v in bound
        }
        body = rename_bound(substitute(tree.body, table))
        condition = None if tree.condition is None else rename_bound(substitute(tree.condition, table))
        return replace(
            tree,
            variables=tuple(table.get(v, v) for v in tree.variables),
            lower=None if tree.lower is None else rename_bound(tree.lower),
            upper=None if tree.upper is None else rename_bound(tree.upper),
            body=body,
            condition=condition,
        )
    return rebuild(tree, rename_bound)


def letters_bound(tree: Tree) -> Iterator[Name]:
    """The letters bound anywhere inside."""
    for node in tree.walk():
        if isinstance(node, Big):
            yield from (v for v in node.variables if isinstance(v, Name))


def is_number(tree: Tree, value: int) -> bool:
    """Whether ``tree`` is this integer, written plainly."""
    if isinstance(tree, Negative):
        return is_number(tree.operand, -value)
    return isinstance(tree, Number) and not tree.unit and tree.value == value


def may_be_tensor(tree: Tree) -> bool:
    """Whether a factor might not commute: a capital letter, a matrix, a transpose, anything bold."""
    for node in tree.walk():
        if isinstance(node, Name) and (node.font == "bold" or (len(node.text) == 1 and node.text.isupper())):
            return True
        if isinstance(node, (Matrix, List, Transpose)):
            return True
    return False


def canonical(tree: Tree, depth: int = 0) -> object:
    """A key that is equal for trees that differ only in order where order does not matter, and in bound
    letters.

    Terms commute; factors commute if none may be a matrix; ``e^x`` and ``exp(x)`` are the same; ``0.5`` and
    ``0.50`` have the same value.

    >>> canonical(Add((Name("x"), Name("y")))) == canonical(Add((Name("y"), Name("x"))))
    True
    """
    match tree:
        case Number():
            return ("number", tree.value, tree.unit)
        case Add():
            return ("add", *sorted((canonical(t, depth) for t in _terms(tree)), key=repr))
        case Negative():
            inner = canonical(tree.operand, depth)
            return inner[1] if isinstance(inner, tuple) and inner[0] == "minus" else ("minus", inner)
        case Multiply():
            return _canonical_product(tree, depth)
        case Power(base=base, exponent=exponent) if base == EULER:
            return ("call", ("name", "exp", (), ""), canonical(exponent, depth))
        case Name():
            return ("name", tree.text, tree.marks, tree.font)
        case Call():
            return ("call", canonical(tree.function, depth), *(canonical(a, depth) for a in tree.arguments))
        case Derivative():
            kind = "partial" if tree.kind in ("d", "partial") else tree.kind
            parts = [None if p is None else canonical(p, depth) for p in (tree.of, tree.at)]
            return ("derivative", kind, *parts, *(canonical(v, depth) for v in tree.wrt))
        case Big():
            table: dict[Tree, Tree] = {v: Name(f"{depth}.{k}") for k, v in enumerate(tree.variables)}
            parts = [
                None if p is None else canonical(substitute(p, table), depth + 1)
                for p in (tree.lower, tree.upper, tree.body, tree.domain, tree.condition)
            ]
            return ("big", tree.operator, len(tree.variables), *parts)
        case _:
            values = tuple(
                _canonical_part(getattr(tree, spec.name), depth)
                for spec in fields(tree)
                if spec.name != "span"
            )
            return (type(tree).__name__, *values)


def _canonical_part(part: object, depth: int) -> object:
    if isinstance(part, Tree):
        return canonical(part, depth)
    return tuple(_canonical_part(p, depth) for p in part) if isinstance(part, tuple) else part


def _terms(tree: Tree) -> Iterator[Tree]:
    for term in tree.terms if isinstance(tree, Add) else (tree,):
        if isinstance(term, Add):
            yield from _terms(term)
        elif isinstance(term, Negative) and isinstance(term.operand, Add):
            yield from (Negative(t) for t in _terms(term.operand))
        else:
            yield term


def _canonical_product(tree: Multiply, depth: int) -> object:
    negative, factors = False, []
    for factor in tree.factors:
        while isinstance(factor, Negative):
            negative, factor = not negative, factor.operand
        factors.append(factor)
    parts = [canonical(f, depth) for f in factors]
    if not any(may_be_tensor(f) for f in factors) and "odot" not in tree.signs:
        product: object = ("product", *sorted(parts, key=repr))
    else:
        signs = tuple("" if s in ("cdot", "times", "*") else s for s in tree.signs)
        product = ("ordered", signs, *parts)
    return ("minus", product) if negative else product


def with_ones(tree: Tree, declared: bool = False) -> Tree:
    """``1^T v``: a number is never transposed, so this 1 is the vector of ones.

    Where 1 is ``declared`` to be a vector, it is one in a norm and as a factor, too.
    """
    one, ones = Number("1"), Name("1", font="bold")
    if not declared:
        return substitute(tree, {Transpose(one): Transpose(ones)})
    tree = rebuild(tree, lambda part: with_ones(part, True))
    norm = isinstance(tree, Call) and tree.function == Name("norm")
    if norm or isinstance(tree, (Multiply, Transpose)):
        return rebuild(tree, lambda part: ones if part == one else part)
    return tree


def arithmetic(tree: Tree) -> bool:
    """Whether it is made of numbers only: + - x / powers, no letter and no function."""
    return all(isinstance(n, (Number, Add, Negative, Multiply, Divide, Power)) for n in tree.walk())


def rational(tree: Tree) -> Fraction | None:
    """The value of a plain (possibly negative) number."""
    if isinstance(tree, Negative):
        inner = rational(tree.operand)
        return None if inner is None else -inner
    if isinstance(tree, Number):
        return tree.value * UNITS[tree.unit] if tree.unit in UNITS else None
    return None


#: What a unit behind a number multiplies it with. K is 1000 unless a declaration says otherwise.
UNITS: dict[str, Fraction] = {
    **{unit: factor for unit, (_, factor) in MEASURES.items()},
    "": Fraction(1),
    "%": Fraction(1, 100),
    "K": Fraction(1000),
    "k": Fraction(1000),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "B": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
}


def tolerance(*trees: Tree) -> float:
    """How far apart two values in high precision may be and yet be equal: an integral has fewer digits."""
    numerically = any(
        isinstance(n, Big) and (n.operator in ("int", "lim") or n.upper == Name("infty"))
        for t in trees
        if t.has(Big)
        for n in t.walk()
    )
    return 1e-9 if numerically else 1e-35


def wider(tree: Tree) -> list[Tree]:
    """The tree, and the tree with every function and sum reaching over all that follows it in its product
    or sum.

    ``\\log a \\exp b`` is read as ``(log a) exp b`` but may be meant as ``log(a exp b)``; a sum sign
    before several
    terms likewise.
    """
    other = _widened(tree)
    return [tree] if other == tree else [tree, other]


def _widened(tree: Tree) -> Tree:
    tree = rebuild(tree, _widened)
    if isinstance(tree, Multiply):
        for k, factor in enumerate(tree.factors[:-1]):
            if isinstance(factor, Call) and len(factor.arguments) == 1 and set(tree.signs[k:]) == {""}:
                inside = Multiply((*factor.arguments, *tree.factors[k + 1 :]), tree.signs[k:])
                widened = replace(factor, arguments=(inside,))
                return widened if k == 0 else Multiply((*tree.factors[:k], widened), tree.signs[:k])
    if isinstance(tree, Add):
        for k, term in enumerate(tree.terms[:-1]):
            inner = term.operand if isinstance(term, Negative) else term
            if isinstance(inner, Big):
                rest = tree.terms[k + 1 :]
                wide: Tree = replace(inner, body=Add((inner.body, *rest)))
                wide = Negative(wide) if isinstance(term, Negative) else wide
                return wide if k == 0 else Add((*tree.terms[:k], wide))
    return tree


#: The letter e where it is a quantity, such as an error.
OWN_E = Name("e", (), "italic")


def with_own_e(tree: Tree) -> Tree:
    """The tree with e as a quantity of the writer's; ``e^{-x}`` keeps Euler's number, ``e^2`` is a square.

    >>> with_own_e(Power(EULER, Number("2"))).base == OWN_E, with_own_e(Power(EULER, Name("x"))).base == EULER
    (True, True)
    """
    if isinstance(tree, Power) and tree.base == EULER:
        square = isinstance(tree.exponent, Number) and tree.exponent.digits in ("2", "3", "4")
        return replace(tree, base=OWN_E if square else EULER, exponent=with_own_e(tree.exponent))
    return OWN_E if tree == EULER else rebuild(tree, with_own_e)


def by_e(tree: Tree) -> bool:
    """Whether something is differentiated by e, which no constant is."""
    return tree.has(Derivative) and any(EULER in n.wrt for n in tree.walk() if isinstance(n, Derivative))


def both_lists(left: Tree, right: Tree) -> bool:
    """Whether both factors are lists, which have no orientation: a row times a column is meant."""
    return all(isinstance(t.operand if isinstance(t, Transpose) else t, List) for t in (left, right))


def family(tree: Tree) -> tuple[Tree, tuple[Tree, ...]] | None:
    """``(base, indices)`` of ``x_i``, ``W_{ij}``; None for anything else."""
    if isinstance(tree, Indexed) and tree.lower and not tree.upper:
        return tree.base, tree.lower
    return None
