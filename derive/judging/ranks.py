"""Which names are matrices, vectors and numbers: what the formulas around them show, and the defaults.

A name says little by itself: ``W x`` shows a matrix and a vector, ``softmax(W x + b)`` that b is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from derive.judging.names import (
    GREEK_CAPITALS,
    IDENTITY,
    ONES,
    RATES,
    access,
    function_name,
    is_capital,
    is_lower,
    unlabelled,
)
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)


def _carries_size_label(tree: Tree) -> bool:
    if not isinstance(tree, Indexed):
        return False
    words = [item.text for item in (*tree.lower, *tree.upper) if isinstance(item, (Name,))]
    return any(word in ("in", "out", "k", "v", "q") for word in words)


def matrices(trees: Iterable[Tree], sizes: set[Tree]) -> tuple[set[Tree], set[Tree]]:
    """The names that are matrices and the names that are vectors, by the defaults of the design."""
    found, vectors = _matrices(tuple(trees), frozenset(sizes))
    return set(found), set(vectors)


@lru_cache(maxsize=32)  # one claim asks several times
def _matrices(trees: tuple[Tree, ...], sizes: frozenset[Tree]) -> tuple[set[Tree], set[Tree]]:
    nodes = [node for tree in trees for node in _outside_indices(tree)]
    found: set[Tree] = set()
    functions = {node.function for node in nodes if isinstance(node, Call)}
    vectors: set[Tree] = {ONES} if ONES in nodes and ONES not in functions else set()

    def large(tree: Tree) -> bool:
        return is_capital(tree) and tree not in sizes and not _carries_size_label(tree)

    for node in nodes:
        if isinstance(node, Transpose) or (isinstance(node, Power) and _inverse(node)):
            inside = node.operand if isinstance(node, Transpose) else node.base
            if large(inside):
                found.add(inside)
            elif isinstance(node, Transpose) and is_lower(inside):
                vectors.add(inside)
        elif isinstance(node, Call) and function_name(node.function) in ("det", "tr"):
            inside = node.arguments[0]
            inside = inside.base if isinstance(inside, Power) else inside
            if large(inside) or (isinstance(inside, Name) and inside.text in GREEK_CAPITALS):
                found.add(inside)
        elif isinstance(node, Call) and function_name(node.function) in _OF_VECTORS:
            for argument in node.arguments:
                _as_vector(argument, large, found, vectors)
        elif isinstance(node, Indexed) and not isinstance(node.base, (Name, Indexed)):
            if len(node.lower) == 1:  # (W x + b)_i is an entry of a vector
                _as_vector(node.base, large, found, vectors)
            elif len(node.lower) == 2:
                found.update(_acted_on(node.base, large))
    turned = {node.operand for node in nodes if isinstance(node, Transpose)}
    below = {n for node in nodes if isinstance(node, Divide) for n in _factors(node.denominator)} - turned
    found -= below

    def capital(tree: Tree) -> bool:  # nobody divides by a matrix: the C, H and W of 1/(C H W) are numbers
        return large(tree) and tree not in below

    _inside_norms(nodes, capital, found, vectors)
    _beside_identity(nodes, capital, found)
    products = [node for node in nodes if isinstance(node, Multiply)]
    for product in products:
        for left, right in zip(product.factors, product.factors[1:], strict=False):
            pair = (_letter(left, capital), _letter(right, capital))
            if pair[0] is not None and pair[1] is not None:
                found.update((pair[0], pair[1]))
    for total in (node for node in nodes if isinstance(node, Add)):
        # W_0 + B A: what is added to a product of matrices is one
        letters = [_letter(term, capital) for term in total.terms]
        if any(
            isinstance(t, Multiply) and all(_letter(f, capital) in found for f in t.factors)
            for t in total.terms
        ):
            found.update(letter for letter in letters if letter is not None)
    for product in products:
        # x^T A x, A x: a capital beside a vector is a matrix too, but not N, M, T, ...: those count things.
        for left, right in zip(product.factors, product.factors[1:], strict=False):
            for near, other in ((left, right), (right, left)):
                bare = near.operand if isinstance(near, Transpose) else near
                vector = bare in vectors or (isinstance(bare, Call) and rank_made(bare) == 2)
                letter = _letter(other, capital)
                if vector and letter is not None and not _counts(letter):
                    found.add(letter)
        for row, between, column in zip(
            product.factors, product.factors[1:], product.factors[2:], strict=False
        ):
            # u^T M v: what stands between a row and a column is a matrix by any name
            if (
                isinstance(row, Transpose)
                and row.operand in vectors
                and is_lower(column)
                and capital(between)
            ):
                found.add(between)
    for product in products:
        for near, other in pairwise(product.factors):  # v^T sigma(W x + b)
            if isinstance(near, Transpose) and near.operand in vectors and not is_lower(other):
                _as_vector(other, capital, found, vectors)
    for product in products:
        # W^T (delta * s), diag(s) delta: what is beside a matrix, entry by entry or not, is a vector
        for near, other in pairwise((*product.factors, *reversed(product.factors))):
            if (_is_matrix(near, found, vectors) or _is_diagonal(near)) and _entrywise(other):
                _as_vectors(other, vectors)
            elif _is_diagonal(near) and is_lower(other):
                vectors.add(other)
    for product in products:
        if _entrywise(product) and vectors & set(product.factors):
            _as_vectors(product, vectors)
    for product in products:
        factors = product.factors
        for k, factor in enumerate(factors):
            if (
                is_lower(factor)
                and factor not in sizes
                and not (isinstance(factor, Name) and factor.text in RATES)
            ):
                beside = [factors[m] for m in (k - 1, k + 1) if 0 <= m < len(factors)]
                if any(_is_matrix(b, found, vectors) for b in beside):
                    vectors.add(factor)
    return found, vectors


def _is_diagonal(tree: Tree) -> bool:
    return isinstance(tree, Call) and function_name(tree.function) == "diag"


def _entrywise(tree: Tree) -> bool:
    return isinstance(tree, Multiply) and "odot" in tree.signs


def _as_vectors(product: Tree, vectors: set[Tree]) -> None:
    if isinstance(product, Multiply):
        for sign, *pair in zip(product.signs, product.factors, product.factors[1:], strict=False):
            vectors.update(factor for factor in pair if sign == "odot" and is_lower(factor))


def _as_vector(tree: Tree, large: Callable[[Tree], bool], found: set[Tree], vectors: set[Tree]) -> None:
    r"""What is used as a vector says what its parts are: ``softmax(W \tanh(V x + b))``."""
    match tree:
        case Add():
            for term in tree.terms:
                if not (isinstance(term, Name) and term.text in RATES):  # z + c may be a vector and a number
                    _as_vector(term, large, found, vectors)
        case Negative():
            _as_vector(tree.operand, large, found, vectors)
        case Power():
            _as_vector(tree.base, large, found, vectors)
        case Call() if (argument := _entry_by_entry(tree)) is not None:
            _as_vector(argument, large, found, vectors)
        case Multiply() if set(tree.signs) <= {"", "cdot"}:
            *before, last = tree.factors
            capitals = [factor for factor in before if _letter(factor, large) is not None]
            if capitals and capitals[-1] is before[-1]:
                found.update(letter for one in capitals if (letter := _letter(one, large)) is not None)
                _as_vector(last, large, found, vectors)
        case Indexed() if all(isinstance(index, Number) for index in access(tree)[1]) and not is_capital(
            tree
        ):
            vectors.add(tree)  # b_1, b_2: names of their own, unless b is spoken of
        case _ if is_lower(tree):
            vectors.add(tree)


def _acted_on(tree: Tree, large: Callable[[Tree], bool]) -> Iterator[Tree]:
    """The matrix in ``softmax(S)_ij``."""
    if isinstance(tree, Call) and len(tree.arguments) == 1:
        yield from _acted_on(tree.arguments[0], large)
    elif isinstance(tree, (Add, Negative)):
        for part in tree.children():
            yield from _acted_on(part, large)
    elif large(tree):
        yield tree


_OF_VECTORS = ("softmax", "norm", "logsumexp", "diag")
_OF_WHOLES = ("norm", "det", "tr", "max", "min", "sum", "mean", "logsumexp", "softmax", "diag", "abs")


def _entry_by_entry(call: Call) -> Tree | None:
    """What a function acts on entry by entry: the argument of ``tanh``, the z of ``max(0, z)``."""
    name, arguments = function_name(unlabelled(call.function)), call.arguments
    if name in ("max", "min") and len(arguments) == 2 and any(isinstance(a, Number) for a in arguments):
        return next((a for a in arguments if not isinstance(a, Number)), None)
    return arguments[0] if len(arguments) == 1 and name not in _OF_WHOLES else None


def acts_on_entries(tree: Tree) -> bool:
    """Whether it is a function of every entry, ``tanh(Z)``: its powers are powers of the entries."""
    return isinstance(tree, Call) and _entry_by_entry(tree) is not None


def rank_made(tree: Tree) -> int | None:
    """The rank that a formula can only have: 1 for a matrix times what is none, 2 for a product of matrices,
    that of what a function acts on; None if it might be a number.

    >>> from derive.reading import read_formula
    >>> formulas = r"W \\tanh(x) + b", r"\\mathrm{softmax}(s)", r"\\frac{Q K^T}{2} V", "w x + b", "x^T W x"
    >>> [rank_made(read_formula(formula)) for formula in formulas]
    [1, 1, 2, None, None]
    """
    match tree:
        case Add():
            return next((rank for term in tree.terms if (rank := rank_made(term))), None)
        case Negative():
            return rank_made(tree.operand)
        case Divide():
            return rank_made(tree.numerator)
        case Call() if function_name(unlabelled(tree.function)) == "softmax" and len(tree.arguments) == 1:
            return _rank_beside(tree.arguments[0])
        case Call():
            argument = _entry_by_entry(tree)
            return None if argument is None else rank_made(argument)
        case Multiply() if "odot" in tree.signs:
            return next((rank for factor in tree.factors if (rank := rank_made(factor))), None)
        case Multiply() if set(tree.signs) <= {"", "cdot"}:
            *before, last = tree.factors
            first = before[0]
            row = isinstance(first, Transpose) and is_lower(first.operand)
            return _rank_beside(last) if _rank_beside(before[-1]) == 2 and not row else None
    return None


def _rank_beside(tree: Tree) -> int | None:
    """The rank of a factor beside a matrix: capitals are matrices, unless they count."""
    bare = tree.operand if isinstance(tree, Transpose) else tree
    if is_capital(bare):
        return None if bare is tree and _counts(bare) else 2  # what is transposed counts nothing
    if is_lower(tree):
        return 1
    argument = _entry_by_entry(tree) if isinstance(tree, Call) else None
    return rank_made(bare) or (None if argument is None else _rank_beside(argument))


def _outside_indices(tree: Tree) -> Iterator[Tree]:
    """Every node but those below an index: the H and W of ``g_{W i + j}`` count."""
    yield tree
    for child in (tree.base,) if isinstance(tree, Indexed) else tree.children():
        yield from _outside_indices(child)


def _factors(tree: Tree) -> Iterator[Tree]:
    """The factors of a product, also of each term of a sum."""
    match tree:
        case Multiply() if any(isinstance(f, Transpose) for f in tree.factors):
            return  # v^T A v is a number, though A is a matrix
        case Multiply():
            for factor in tree.factors:
                yield from _factors(factor)
        case Power() if _inverse(tree):
            return
        case Add():
            for term in tree.terms:
                yield from _factors(term)
        case Negative():
            yield from _factors(tree.operand)
        case Power():
            yield from _factors(tree.base)
        case Name() | Indexed():
            yield tree


def _inside_norms(
    nodes: list[Tree], capital: Callable[[Tree], bool], found: set[Tree], vectors: set[Tree]
) -> None:
    r"""``\|X w - y\|``: a norm is of a vector, so a capital in it is a matrix, and what is added a vector."""
    for node in nodes:
        if not (isinstance(node, Call) and function_name(unlabelled(node.function)) == "norm"):
            continue
        products = [n for a in node.arguments for n in a.walk() if isinstance(n, Multiply)]
        capitals = {f for product in products for f in product.factors if capital(f) and not _counts(f)}
        found.update(capitals)
        for argument in node.arguments if capitals else ():
            for term in argument.terms if isinstance(argument, Add) else ():
                bare = term.operand if isinstance(term, Negative) else term
                if is_lower(bare):
                    vectors.add(bare)


def _beside_identity(nodes: list[Tree], capital: Callable[[Tree], bool], found: set[Tree]) -> None:
    """``A - c I``: what an identity matrix is added to is a matrix."""
    for node in nodes:
        if isinstance(node, Add) and any(_identity(term) for term in node.terms):
            bare = [term.operand if isinstance(term, Negative) else term for term in node.terms]
            found.update(term for term in bare if capital(term))


def _identity(term: Tree) -> bool:
    term = term.operand if isinstance(term, Negative) else term
    return term == IDENTITY or (isinstance(term, Multiply) and IDENTITY in term.factors)


def _counts(letter: Tree) -> bool:
    return isinstance(letter, Name) and letter.text in "NMKTCDLE"


def _letter(factor: Tree, capital: object) -> Tree | None:
    while isinstance(factor, (Transpose, Power)):
        factor = factor.operand if isinstance(factor, Transpose) else factor.base
    return factor if callable(capital) and capital(factor) else None


def _is_matrix(tree: Tree, found: set[Tree], vectors: set[Tree]) -> bool:
    if tree in found:
        return True
    if isinstance(tree, Transpose):
        return True
    if isinstance(tree, (Add, Multiply)):
        parts = tree.terms if isinstance(tree, Add) else tree.factors
        return any(_is_matrix(p, found, vectors) for p in parts)
    if isinstance(tree, (Negative, Power)):
        return _is_matrix(tree.operand if isinstance(tree, Negative) else tree.base, found, vectors)
    return False


def _inverse(node: Power) -> bool:
    exponent = node.exponent
    return (
        isinstance(exponent, Negative)
        and isinstance(exponent.operand, Number)
        and exponent.operand.value == 1
    ) or (isinstance(exponent, Number) and exponent.value == -1)


def size_names(trees: Iterable[Tree]) -> set[Tree]:
    """The letters used as the upper end of a sum over an index, or in it (``K - 1``): they are sizes."""
    return {
        name
        for tree in trees
        if tree.has(Big)
        for node in tree.walk()
        if isinstance(node, Big) and node.upper is not None and node.operator in ("sum", "prod")
        for name in (node.upper.terms if isinstance(node.upper, Add) else (node.upper,))
        if isinstance(name, (Name, Indexed)) and name != Name("infty")
    }
