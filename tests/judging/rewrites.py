"""Equivalent rewritings and broken copies of formulas, over the reader's trees; knows nothing of the
judge.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)

ONE, TWO = Number("1"), Number("2")
MINUS_ONE = Negative(ONE)
INDICES = "ijklmn"


def parts(tree: Tree, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Tree]]:
    """Every sub-tree that may be replaced, with the way to it (not below derivatives' variables and
    subscripts).
    """
    yield way, tree
    for spec in fields(tree):
        value = getattr(tree, spec.name)
        if isinstance(tree, Indexed) and spec.name == "base":
            continue
        if spec.name in (
            "span",
            "wrt",
            "variables",
            "lower",
            "upper",
            "function",
            "at",
            "condition",
            "domain",
        ):
            continue
        if isinstance(value, Tree):
            yield from parts(value, (*way, spec.name))
        elif isinstance(value, tuple):
            for k, item in enumerate(value):
                if isinstance(item, Tree):
                    yield from parts(item, (*way, (spec.name, k)))


def put(tree: Tree, way: tuple[Any, ...], new: Tree) -> Tree:
    """The tree with what stands at ``way`` replaced."""
    if not way:
        return new
    step, rest = way[0], way[1:]
    if isinstance(step, str):
        return replace(tree, **{step: put(getattr(tree, step), rest, new)})
    name, k = step
    items = list(getattr(tree, name))
    items[k] = put(items[k], rest, new)
    return replace(tree, **{name: tuple(items)})


def _names(tree: Tree) -> set[str]:
    return {n.text for n in tree.walk() if isinstance(n, Name)}


def _renamed(tree: Tree, old: Tree, new: Tree) -> Tree:
    if tree == old:
        return new
    changes: dict[str, Any] = {}
    for spec in fields(tree):
        value = getattr(tree, spec.name)
        if spec.name != "span" and isinstance(value, Tree):
            changes[spec.name] = _renamed(value, old, new)
        elif spec.name != "span" and isinstance(value, tuple):
            changes[spec.name] = tuple(
                _renamed(v, old, new) if isinstance(v, Tree) else _row(v, old, new) for v in value
            )
    return replace(tree, **changes)


def _row(value: Any, old: Tree, new: Tree) -> Any:
    if not isinstance(value, tuple):
        return value
    return tuple(_renamed(v, old, new) if isinstance(v, Tree) else v for v in value)


def _product(factors: tuple[Tree, ...]) -> Tree:
    return factors[0] if len(factors) == 1 else Multiply(factors, ("cdot",) * (len(factors) - 1))


def _sum(terms: tuple[Tree, ...]) -> Tree:
    return terms[0] if len(terms) == 1 else Add(terms)


def _plain(tree: Multiply) -> bool:
    return not {"odot", "otimes", "*"} & set(tree.signs)


# -- equivalent --------------------------------------------------------------------------------------------


def commute_terms(tree: Tree, rng: random.Random) -> Tree | None:
    if not isinstance(tree, Add):
        return None
    terms = list(tree.terms)
    rng.shuffle(terms)
    return Add(tuple(terms))


def commute_factors(tree: Tree, rng: random.Random) -> Tree | None:
    if not isinstance(tree, Multiply) or not _plain(tree):
        return None
    factors = list(tree.factors)
    rng.shuffle(factors)
    return _product(tuple(factors))


def commute_hadamard(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Multiply) and set(tree.signs) == {"odot"}:
        return Multiply(tree.factors[::-1], tree.signs)
    return None


def expand(tree: Tree, rng: random.Random) -> Tree | None:
    """``a (b + c) d = a b d + a c d``."""
    if not isinstance(tree, Multiply) or not _plain(tree):
        return None
    sums = [k for k, f in enumerate(tree.factors) if isinstance(f, Add)]
    if not sums:
        return None
    k = rng.choice(sums)
    chosen = tree.factors[k]
    assert isinstance(chosen, Add)
    terms: list[Tree] = []
    for term in chosen.terms:
        inner = term.operand if isinstance(term, Negative) else term
        product = replace(tree, factors=(*tree.factors[:k], inner, *tree.factors[k + 1 :]))
        terms.append(Negative(product) if isinstance(term, Negative) else product)
    return Add(tuple(terms))


def factor(tree: Tree, rng: random.Random) -> Tree | None:
    """``a b + a c = a (b + c)`` for numbers."""
    if not isinstance(tree, Add):
        return None
    bare = [t.operand if isinstance(t, Negative) else t for t in tree.terms]
    lists = [list(t.factors) if isinstance(t, Multiply) and _plain(t) else [t] for t in bare]
    common = [f for f in lists[0] if all(f in other for other in lists[1:])]
    if not common:
        return None
    taken = rng.choice(common)
    terms: list[Tree] = []
    for term, factors in zip(tree.terms, lists, strict=True):
        factors.remove(taken)
        rest = _product(tuple(factors)) if factors else ONE
        terms.append(Negative(rest) if isinstance(term, Negative) else rest)
    return Multiply((taken, Add(tuple(terms))), ("cdot",))


def rename(tree: Tree, rng: random.Random) -> Tree | None:
    if not isinstance(tree, Big) or len(tree.variables) != 1 or tree.operator not in ("sum", "prod", "max"):
        return None
    used = _names(tree)
    free = [c for c in INDICES if c not in used]
    if not free:
        return None
    return _renamed(tree, tree.variables[0], Name(rng.choice(free)))


def negate_twice(tree: Tree, rng: random.Random) -> Tree | None:
    """``a - b = -(b - a)``."""
    if not isinstance(tree, Add):
        return None
    return Negative(Add(tuple(t.operand if isinstance(t, Negative) else Negative(t) for t in tree.terms)))


def quotient(tree: Tree, rng: random.Random) -> Tree | None:
    """``a/b = (1/b) a``, ``a b^{-1}``."""
    if not isinstance(tree, Divide):
        return None
    if rng.random() < 0.5:
        return Multiply((Divide(ONE, tree.denominator), tree.numerator), ("cdot",))
    return Multiply((tree.numerator, Power(tree.denominator, MINUS_ONE)), ("cdot",))


def split_quotient(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Divide) and isinstance(tree.numerator, Add):
        return Add(tuple(Negative(Divide(t.operand, tree.denominator)) if isinstance(t, Negative)
                         else Divide(t, tree.denominator) for t in tree.numerator.terms))  # fmt: skip
    return None


def split_sum(tree: Tree, rng: random.Random) -> Tree | None:
    """The sum of a sum is a sum of sums."""
    if isinstance(tree, Big) and tree.operator == "sum" and isinstance(tree.body, Add):
        # An unbounded sum has its range from the entries in it: each part must speak of the letter.
        variables = set(tree.variables)
        if tree.upper is None and not all(variables & set(t.walk()) for t in tree.body.terms):
            return None
        return Add(tuple(
            Negative(replace(tree, body=t.operand)) if isinstance(t, Negative) else replace(tree, body=t)
            for t in tree.body.terms
        ))  # fmt: skip
    return None


def pull_out(tree: Tree, rng: random.Random) -> Tree | None:
    """``sum_i a b_i = a sum_i b_i``."""
    if (
        not isinstance(tree, Big)
        or tree.operator != "sum"
        or not isinstance(tree.body, Multiply)
        or not _plain(tree.body)
    ):
        return None
    letters = set(tree.variables)
    fixed = tuple(f for f in tree.body.factors if not letters & set(f.walk()))
    moving = tuple(f for f in tree.body.factors if letters & set(f.walk()))
    if not fixed or not moving:
        return None
    return Multiply((*fixed, replace(tree, body=_product(moving))), ("cdot",) * len(fixed))


def exponential(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Power) and tree.base == Name("e"):
        return Call(Name("exp"), (tree.exponent,))
    if isinstance(tree, Call) and tree.function == Name("exp") and len(tree.arguments) == 1:
        return Power(Name("e"), tree.arguments[0])
    return None


def square(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Power) and tree.exponent == TWO and not isinstance(tree.base, Call):
        return Multiply((tree.base, tree.base), ("cdot",))
    return None


def root(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Call) and tree.function == Name("sqrt") and len(tree.arguments) == 1:
        return Power(tree.arguments[0], Divide(ONE, TWO))
    return None


def logistic(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Call) and tree.function == Name("sigma") and len(tree.arguments) == 1:
        x = tree.arguments[0]
        return rng.choice([
            Divide(ONE, Add((ONE, Power(Name("e"), Negative(x))))),
            Add((ONE, Negative(Call(Name("sigma"), (Negative(x),))))),
        ])  # fmt: skip
    if isinstance(tree, Call) and tree.function == Name("tanh") and len(tree.arguments) == 1:
        x = tree.arguments[0]
        up, down = Power(Name("e"), x), Power(Name("e"), Negative(x))
        return Divide(Add((up, Negative(down))), Add((up, down)))
    return None


def delta(tree: Tree, rng: random.Random) -> Tree | None:
    if isinstance(tree, Indexed) and tree.base == Name("delta") and len(tree.lower) == 2 and not tree.upper:
        return replace(tree, lower=tree.lower[::-1])
    return None


def add_nothing(tree: Tree, rng: random.Random) -> Tree | None:
    """``x = x + x - x`` for a number or a matrix alike: ``3x - 2x``."""
    if isinstance(tree, (Name, Indexed)):
        return Add((Multiply((Number("3"), tree), ("",)), Negative(Multiply((TWO, tree), ("",)))))
    return None


def transpose_twice(tree: Tree, rng: random.Random) -> Tree | None:
    if (
        isinstance(tree, Multiply)
        and _plain(tree)
        and all(isinstance(f, (Name, Transpose, Indexed)) for f in tree.factors)
    ):
        turned = tuple(
            f.operand if isinstance(f, Transpose) else Transpose(f) for f in reversed(tree.factors)
        )
        if all(isinstance(f, (Transpose, Name, Indexed)) for f in turned):
            return Transpose(_product(turned))
    if isinstance(tree, Transpose) and isinstance(tree.operand, Add):
        return Add(tuple(
            Negative(Transpose(t.operand)) if isinstance(t, Negative) else Transpose(t) for t in
            tree.operand.terms
        ))  # fmt: skip
    return None


Rewrite = Callable[[Tree, random.Random], "Tree | None"]
FOR_ALL: list[Rewrite] = [
    commute_terms, commute_hadamard, expand, rename, negate_twice, exponential, add_nothing,
]  # fmt: skip
FOR_NUMBERS: list[Rewrite] = [
    *FOR_ALL, commute_factors, factor, quotient, split_quotient, split_sum, pull_out, square, root,
    logistic, delta,
]  # fmt: skip
FOR_MATRICES: list[Rewrite] = [*FOR_ALL, transpose_twice]


def rewritten(tree: Tree, rng: random.Random, matrices: bool) -> Tree:
    """One to four equivalent rewritings, each at a random place where it applies."""
    rules = FOR_MATRICES if matrices else FOR_NUMBERS
    for _ in range(rng.randint(1, 4)):
        places = [
            (way, new) for way, node in parts(tree) for rule in rules if (new := rule(node, rng)) is not None
        ]
        places = [(way, new) for way, new in places if not _under_a_derivative(tree, way)]
        if not places:
            break
        way, new = rng.choice(places)
        changed = put(tree, way, new)
        if sum(1 for _ in changed.walk()) < 150:
            tree = changed
    return tree


def _under_a_derivative(tree: Tree, way: tuple[Any, ...]) -> bool:
    # d/dx (3x - 2x) is fine; what a derivative is of must not become a bare sum without brackets.
    node: Tree = tree
    for step in way:
        if isinstance(node, Derivative):
            return True
        node = getattr(node, step) if isinstance(step, str) else getattr(node, step[0])[step[1]]
    return False


# -- broken ------------------------------------------------------------------------------------------------


def mutated(tree: Tree, rng: random.Random, matrices: bool) -> tuple[str, Tree] | None:
    """A copy with one slip in it, and its kind; None if the formula offers none."""
    found: list[tuple[str, tuple[Any, ...], Tree]] = []
    for way, node in parts(tree):
        found += [(kind, way, new) for kind, new in _slips(node, matrices)]
    if not found:
        return None
    kinds = sorted({kind for kind, _, _ in found})
    kind = rng.choice(kinds)
    _, way, new = rng.choice([item for item in found if item[0] == kind])
    result = put(tree, way, new)
    return None if result == tree or not ranges_known(result) else (kind, result)


def ranges_known(tree: Tree) -> bool:
    """Whether every letter that runs is a subscript by itself, so that it is clear how far it runs."""
    subscripts = {i for n in tree.walk() if isinstance(n, Indexed) for i in n.lower}
    unbounded = [n for n in tree.walk() if isinstance(n, Big) and n.upper is None]
    return all(v in subscripts for n in unbounded for v in n.variables)


def _differentiates(tree: Tree) -> bool:
    """Whether a derivative stands in it: nothing is known of a loss that is not given, so it may be worth
    1.
    """
    return any(isinstance(n, Derivative) for n in tree.walk())


def _slips(node: Tree, matrices: bool) -> Iterator[tuple[str, Tree]]:
    match node:
        case Add():
            for k, term in enumerate(node.terms):
                turned = term.operand if isinstance(term, Negative) else Negative(term)
                yield "sign", replace(node, terms=(*node.terms[:k], turned, *node.terms[k + 1 :]))
                if term not in (Number("0"), Negative(Number("0"))) and not _differentiates(term):
                    yield "lost-term", _sum((*node.terms[:k], *node.terms[k + 1 :]))
        case Negative():
            yield "sign", node.operand
        case Multiply() if _plain(node):
            for k, one in enumerate(node.factors):
                if not matrices and one not in (ONE, MINUS_ONE) and not _differentiates(one):
                    yield "lost-factor", _product((*node.factors[:k], *node.factors[k + 1 :]))
        case Multiply() if "odot" in node.signs:
            yield "hadamard", Add(node.factors)
        case Divide() if node.numerator != node.denominator:
            yield "lost-factor", node.numerator
            yield "inverted", Divide(node.denominator, node.numerator)
        case Power() if isinstance(node.exponent, Number):
            yield "constant", Power(node.base, Number(str(int(node.exponent.value) + 1)))
        case Transpose() if not isinstance(node.operand, Number):
            yield "missing-transpose", node.operand
        case Number() if node.digits.isdigit():
            yield "constant", Number(str(int(node.digits) + 1))
        case Name() if matrices and len(node.text) == 1 and node.text.isupper() and node.text != "I":
            yield "extra-transpose", Transpose(node)
        case Call() if isinstance(node.function, Name) and len(node.arguments) == 1:
            other = {"exp": "log", "sigma": "tanh", "tanh": "sigma", "log": "exp", "sqrt": "exp"}.get(
                node.function.text
            )
            if other is not None:
                yield "function", replace(node, function=Name(other))
        case Indexed() if isinstance(node.base, Name) and len(node.lower) == 2 and node.base.text != "delta":
            if node.lower[0] != node.lower[1]:
                yield "index", replace(node, lower=node.lower[::-1])
        case Matrix():
            return


__all__ = ["mutated", "parts", "put", "ranges_known", "rewritten"]
