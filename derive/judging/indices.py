r"""Which letters of a claim are indices, beyond i, j and k: made so before anything is judged.

``\sum_a W_{ea} x_a``: a is bound by the sum, so in ``W_{ea}`` both subscripts count, and e does wherever it
stands alone below a name. Letters found so carry the font :data:`INDEX`, and a derivative by an entry of a
loss that is not given, ``\partial L/\partial S_{ij}``, becomes a name with those indices that may have any
values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from derive.judging import logic
from derive.judging.ends import with_ends
from derive.judging.names import INDEX, access, function_name, is_delta, is_indicator, is_letter
from derive.judging.ranks import size_names
from derive.judging.sampling import Domain
from derive.judging.trees import rebuild
from derive.reading.symbols import GREEK
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Derivative,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Relation,
    Tree,
)

#: What a stride, a dilation or a padding is drawn from where it counts within an index.
STEP = Domain(1, 2, "integer", "a small natural number")
TRUTH_VALUE = Domain(0, 1, "binary", "a truth value")
OFFSET = Domain(0, 1, "integer", "0 or 1")
_DERIVATIVE = "derivative"  # the font of a name that stands for a derivative


@dataclass(frozen=True)
class Marked:
    """The trees with their indices marked; the domains of names that count within an index."""

    trees: tuple[Tree, ...]
    domains: Mapping[Tree, Domain]


def mark(trees: Iterable[Tree], given: Iterable[Tree] = (), declared: Iterable[Tree] = ()) -> Marked:
    """Mark the index letters of all ``trees`` together; ``given`` names have a formula of their own, and
    ``w_{1,i}`` is an entry of a ``w_1`` that is ``declared``."""
    given, declared = set(given), {name for name in declared if isinstance(name, Indexed)}
    made = [_entries_of(tree, declared) for tree in trees] if declared else list(trees)
    made = with_ends([_apart(logic.with_sets(tree), given) for tree in logic.with_truth(made)])
    values = {n for tree in made for n in _values(tree)}
    ends = size_names(made)
    made = _over_pairs([_products(tree, values, ends) for tree in made])
    bound = {v for tree in made for v in _bound(tree) if _single(v) and not is_letter(v)}
    made = [_in_scope(tree, frozenset()) for tree in made] if bound else made
    free = _spread(made)
    if free:
        made = [_below(tree, free) for tree in made]
    return Marked(tuple(made), dict(_steps(made)))


def _values(tree: Tree) -> Iterator[Tree]:
    """Everything that stands somewhere without an argument behind it."""
    yield tree
    for child in tree.children():
        if not (isinstance(tree, Call) and child is tree.function):
            yield from _values(child)


def _products(tree: Tree, values: set[Tree], ends: set[Tree]) -> Tree:
    """``g_i [a = b]`` has Iverson's bracket behind it; ``f_j (1 - c)`` is a product where f_j is a value
    elsewhere.
    """
    if not tree.has(Call):
        return tree
    tree = rebuild(tree, lambda part: _products(part, values, ends))
    if isinstance(tree, Call) and isinstance(tree.function, Indexed) and len(tree.arguments) == 1:
        argument = tree.arguments[0]
        bracket = isinstance(argument, Relation) and argument.sign in ("=", *_ORDERS)
        known = function_name(tree.function.base) is not None or is_indicator(tree.function.base)
        if not known and (bracket or tree.function in values):
            return Multiply((tree.function, argument), ("",))
    if isinstance(tree, Call) and tree.function in ends and len(tree.arguments) == 1:
        return Multiply((tree.function, tree.arguments[0]), ("",))  # the L of L(k - 1) is where a sum ends
    return tree


def _over_pairs(trees: list[Tree]) -> list[Tree]:
    r"""``\sum_{i < j}`` runs over both letters, unless one of them stands elsewhere on its own."""
    if not any(tree.has(Big) for tree in trees):
        return trees
    outside = {n for tree in trees for n in _outside(tree)}

    def widen(tree: Tree) -> Tree:
        if not tree.has(Big):
            return tree
        tree = rebuild(tree, widen)
        if isinstance(tree, Big) and isinstance(tree.condition, Relation) and tree.condition.sign in _ORDERS:
            ends = (tree.condition.left, tree.condition.right)
            more = tuple(v for v in ends if is_letter(v) and v not in tree.variables and v not in outside)
            if more and len(tree.variables) == 1 and tree.lower is None and tree.upper is None:
                return replace(tree, variables=(*tree.variables, *more))
        return tree

    return [widen(tree) for tree in trees]


_ORDERS = ("<", "<=", ">", ">=", "!=")


def _outside(tree: Tree) -> Iterator[Tree]:
    """The letters that stand outside every sum with a condition."""
    if isinstance(tree, Big) and tree.condition is not None:
        return
    if isinstance(tree, Name):
        yield tree
    for child in tree.children():
        yield from _outside(child)


def _single(item: Tree) -> bool:
    plain = isinstance(item, Name) and not item.marks and not item.font
    return (
        plain
        and isinstance(item, Name)
        and ((len(item.text) == 1 and item.text.islower()) or item.text in GREEK)
    )


def _bound(tree: Tree) -> Iterator[Tree]:
    nodes = tree.walk() if tree.has(Big) else iter(())
    return (v for node in nodes if isinstance(node, Big) for v in node.variables)


def _in_scope(tree: Tree, letters: frozenset[Tree]) -> Tree:
    """The tree with bound letters marked wherever they are meant; the name of a family is another matter."""
    if tree in letters and isinstance(tree, Name):
        return replace(tree, font=INDEX)
    if isinstance(tree, Big) and tree.operator in ("sum", "prod", "max", "min", "argmax", "argmin"):
        letters = letters | {v for v in tree.variables if _single(v) and not is_letter(v)}
    if not letters:
        return rebuild(tree, lambda part: _in_scope(part, letters))
    if isinstance(tree, Indexed):
        base = tree.base if isinstance(tree.base, Name) else _in_scope(tree.base, letters)
        lower, upper = (tuple(_in_scope(i, letters) for i in items) for items in (tree.lower, tree.upper))
        return replace(tree, base=base, lower=lower, upper=upper)
    if isinstance(tree, Call) and isinstance(tree.function, Name):
        return replace(tree, arguments=tuple(_in_scope(a, letters) for a in tree.arguments))
    return rebuild(tree, lambda part: _in_scope(part, letters))


def _spread(trees: list[Tree]) -> frozenset[Tree]:
    """The free letters that stand as subscripts beside a bound one, or where one stands below the same
    name.
    """
    found: set[Tree] = set()
    running = {v for tree in trees for v in _bound(tree)}
    families = {
        n.base
        for tree in trees
        for n in tree.walk()
        if isinstance(n, Indexed) and len(n.lower) == 1 and n.lower[0] in running and not n.upper
    }
    for tree in trees:
        if not tree.has(Indexed):
            continue
        bound = set(_bound(tree))
        for node in tree.walk():  # theta_a beside a sum over theta_b
            if isinstance(node, Indexed) and len(node.lower) == 1 and node.base in families:
                found |= {item for item in node.lower if _single(item) and not is_letter(item)}
        for node in tree.walk():
            if isinstance(node, Indexed) and len(node.lower) > 1:
                letters = {n for item in node.lower for n in item.walk()}
                if letters & bound:
                    found |= {item for item in node.lower if _single(item) and not is_letter(item)}
    return frozenset(found)


def _below(tree: Tree, letters: frozenset[Tree]) -> Tree:
    """The tree with ``letters`` marked where they are subscripts or are compared with a bare letter."""
    if isinstance(tree, Indexed):
        lower = tuple(
            replace(i, font=INDEX) if i in letters and isinstance(i, Name) else i for i in tree.lower
        )
        tree = replace(tree, lower=lower)
    if isinstance(tree, Relation):
        left, right = (
            replace(i, font=INDEX) if i in letters and isinstance(i, Name) else i
            for i in (tree.left, tree.right)
        )
        tree = replace(tree, left=left, right=right)
    return rebuild(tree, lambda part: _below(part, letters))


# -- labels, derivatives of what is not given --------------------------------------------------------------


def _apart(tree: Tree, given: set[Tree]) -> Tree:
    """``W_{K a e}`` of ``[W_K]_{ae}`` as entries of ``W_K``; derivatives of a loss that is not given as
    names.
    """
    if not tree.has(Derivative, Indexed):
        return tree
    if isinstance(tree, Derivative):
        opaque = _as_name(tree, given)
        if opaque is not None:
            return opaque
    tree = rebuild(tree, lambda part: _apart(part, given))
    if isinstance(tree, Indexed) and isinstance(tree.base, Name) and len(tree.lower) > 1:
        first = tree.lower[0]
        label = isinstance(first, Name) and not first.marks and first.text.isalpha() and first.text.isupper()
        if label and all(_single(i) or isinstance(i, (Number, Add)) for i in tree.lower[1:]):
            return replace(tree, base=Indexed(tree.base, (first,)), lower=tree.lower[1:])
    return tree


def _entries_of(tree: Tree, declared: set[Tree]) -> Tree:
    tree = rebuild(tree, lambda part: _entries_of(part, declared))
    if isinstance(tree, Indexed) and len(tree.lower) > 1 and not tree.upper:
        base = Indexed(tree.base, tree.lower[:1])
        return replace(tree, base=base, lower=tree.lower[1:]) if base in declared else tree
    return tree


def _as_name(tree: Derivative, given: set[Tree]) -> Tree | None:
    if not isinstance(tree.of, Name) or tree.of in given or len(tree.wrt) != 1 or tree.at is not None:
        return None
    by = _apart(tree.wrt[0], given)
    if tree.kind not in ("d", "partial") or not isinstance(by, Indexed) or not by.lower:
        return None
    base, indices = by.base, by.lower
    if all(isinstance(i, Number) for i in indices):
        return None
    return Indexed(Name(f"d{tree.of.text}/d{_text(base)}", (), _DERIVATIVE), indices)


def _text(tree: Tree) -> str:
    if isinstance(tree, Name):
        return tree.text + "".join(f"^{mark}" for mark in tree.marks)
    if isinstance(tree, Indexed):
        return _text(tree.base) + "_" + "".join(map(_text, (*tree.lower, *tree.upper)))
    return tree.digits if isinstance(tree, Number) else repr(tree)


def derivatives(tree: Tree) -> set[str]:
    """The derivatives of a loss that is not given, which stand for any values."""
    return {n.text for n in tree.walk() if isinstance(n, Name) and n.font == _DERIVATIVE}


# -- strides and paddings ----------------------------------------------------------------------------------


def _steps(trees: Iterable[Tree]) -> Iterator[tuple[Tree, Domain]]:
    """Names that are multiplied or added within an index: ``s``, ``d`` and ``p`` of ``x_{s i + d u - p}``."""
    for tree in trees:
        yield from ((name, TRUTH_VALUE) for name in logic.names(tree))
        for node in tree.walk() if tree.has(Indexed, Relation) else ():
            if isinstance(node, Indexed) and not is_delta(node):
                for item in node.lower:
                    if isinstance(item, Add):
                        yield from _counting(item, 1)
            elif isinstance(node, Relation) and node.sign in ("=", "!=") and any(map(is_letter, node.walk())):
                yield from _counting(node.left, 1)
                yield from _counting(node.right, 1)


def _index(tree: Tree) -> bool:
    return isinstance(tree, Name) and (tree.font == INDEX or "#" in tree.text)


def _counting(tree: Tree, sign: int) -> Iterator[tuple[Tree, Domain]]:
    match tree:
        case Add():
            for term in tree.terms:
                yield from _counting(term, sign)
        case Negative():
            yield from _counting(tree.operand, -sign)
        case Multiply():
            for factor in tree.factors:
                yield from _counting(factor, sign)
        case List():
            for item in tree.items:
                yield from _counting(item, sign)
        case Ambiguous():
            for reading in tree.readings:
                yield from _counting(reading, sign)
        case Name() if not _index(tree):
            yield tree, STEP if sign > 0 else OFFSET
        case Indexed():
            yield access(tree)[0], STEP if sign > 0 else OFFSET
