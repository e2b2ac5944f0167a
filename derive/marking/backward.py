r"""Backward passes node by node: gradients of a loss that is not written out, from gradients further on.

``\frac{\partial L}{\partial \gamma} = \sum_i \frac{\partial L}{\partial y_i} \hat x_i`` is a claim about
how y depends on gamma, whatever the loss is: with a number g_i for each gradient by y_i, the right side has
to be the derivative of ``\sum_i g_i y_i`` by gamma. Where gradients by several quantities stand on the right,
each is differentiated with the others held fixed, so that the paths add up as they do in a program. ``dy`` is
the same gradient in another notation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from derive.judging.claim import Claim
from derive.judging.compare import free_names, judge
from derive.judging.layout import Shape
from derive.judging.limits import Refusal
from derive.judging.names import RATES, access, is_capital, is_letter
from derive.judging.setting import setting_for
from derive.judging.trees import substitute
from derive.judging.values import plain_name
from derive.marking.expanding import numbers_steps
from derive.marking.generally import all_square, names_left
from derive.marking.recurrences import direction
from derive.marking.scope import Expansion, Scope
from derive.reading import Declarations
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Indexed,
    Multiply,
    Name,
    Number,
    Power,
    Transpose,
    Tree,
)

_GRADIENT = "d"  # the mark of dz, the gradient by z
_NUMBER = "given"  # the mark of the number that stands for a gradient, whatever was said of dz


@dataclass(frozen=True)
class Gradient:
    """The gradient of a loss (None where only ``dz`` is written) by one quantity, as it is written."""

    loss: Tree | None
    by: Tree

    @property
    def base(self) -> Tree:
        """The quantity without the letters that number its entries; ``c_0``, ``h_t`` are quantities."""
        return access(self.by)[0] if self.indices and isinstance(self.by, Indexed) else self.by

    @property
    def indices(self) -> tuple[Tree, ...]:
        """The letters that number entries."""
        indices = access(self.by)[1] if isinstance(self.by, Indexed) else ()
        alone = all(isinstance(index, Number) or numbers_steps(index) for index in indices)
        return () if alone else indices

    def name(self) -> Tree:
        """A name that stands for it, as large or small as that of the quantity."""
        return _indexed(_marked(self.base), self.indices)


def _indexed(base: Tree, indices: tuple[Tree, ...]) -> Tree:
    return Indexed(base, indices) if indices else base


def _marked(tree: Tree) -> Tree:
    if isinstance(tree, Name):
        return replace(tree, marks=(*tree.marks, _NUMBER))
    if isinstance(tree, Indexed):
        return replace(tree, base=_marked(tree.base))
    assert isinstance(tree, Power)
    return _squared(_marked(tree.base))


def _squared(tree: Tree) -> Tree:
    """A name for a square that is a quantity of its own, such as a variance."""
    if isinstance(tree, Indexed):
        return replace(tree, base=_squared(tree.base))
    assert isinstance(tree, Name)
    return replace(tree, marks=(*tree.marks, "squared"))


def _quantity(tree: Tree) -> bool:
    if isinstance(tree, Power):
        return (
            isinstance(tree.base, (Name, Indexed)) and tree.exponent == Number("2") and _quantity(tree.base)
        )
    return isinstance(tree, Name) or (isinstance(tree, Indexed) and isinstance(tree.base, (Name, Indexed)))


def gradient(tree: Tree) -> Gradient | None:
    r"""What a tree is the gradient by: ``\frac{\partial L}{\partial z_i}``, ``dz_i``.

    >>> from derive.reading import read_formula
    >>> gradient(read_formula(r"\frac{\partial L}{\partial z}")).by.text, gradient(read_formula("z"))
    ('z', None)
    """
    if isinstance(tree, Derivative):
        of, wrt = tree.of, tree.wrt
        if (
            len(wrt) == 1
            and isinstance(of, Name)
            and tree.at is None
            and tree.kind != "dot"
            and _quantity(wrt[0])
        ):
            return Gradient(of, wrt[0])
    elif isinstance(tree, Indexed):
        inner = gradient(tree.base)
        return (
            None if inner is None or inner.loss is not None else Gradient(None, replace(tree, base=inner.by))
        )
    elif isinstance(tree, Name) and _GRADIENT in tree.marks:
        return Gradient(None, replace(tree, marks=tuple(mark for mark in tree.marks if mark != _GRADIENT)))
    return None


_ONE_WAY = re.compile(r"\b(?:via|through|branch|path|skip|direct|contribut|part|first|second)", re.IGNORECASE)


def judge_backward(
    left: Tree, right: Tree, scope: Scope, declared: Declarations, lead: str = "", line: int = 0
) -> Claim | None:
    """The verdict on ``gradient = right``; None if it is no such step, or nothing can be said. ``lead`` is
    what stands before it on its ``line``."""
    left, right = _named(left, scope), _named(right, scope)
    wanted = gradient(left)
    ends = {one: tree for tree in _gradients(right) if (one := gradient(tree)) is not None}
    spoken = dict(scope.spoken)
    for one in ends:
        scope.spoken.setdefault(one, line)
    losses = {one.loss for one in (*ends, *([wanted] if wanted else ()))}
    if wanted is None and ends:
        return _as_names(left, right, scope, declared)
    if wanted is None or not ends or len(losses) != 1 or wanted in ends:
        return None
    (loss,) = losses
    indices = [index for one in (wanted, *ends) for index in one.indices]
    if (loss is not None and scope.knows(loss)) or not all(
        any(map(is_letter, index.walk())) for index in indices
    ):
        return None
    bases = {one.base for one in ends}
    if wanted.base in bases:
        return None
    try:
        claim = _judged(wanted, ends, right, bases, scope, declared)
        if claim.verdict == "correct" and (left_out := _left_out(wanted, bases, set(spoken), scope)):
            claim = _judged(
                wanted, {**ends, **left_out}, right, bases | {*map(_base, left_out)}, scope, declared
            )
            stated = [scope.formulas[base].line for base in bases if base in scope.formulas]
            later = max(stated, default=0) >= min(spoken[one] for one in left_out)  # another network, perhaps
            if claim.wrong and (later or _ONE_WAY.search(lead)):
                said = ", ".join(plain_name(one.base) for one in left_out)
                return Claim(
                    "undecided", message=f"right only if the loss does not depend on {said} otherwise"
                )
    except Refusal:
        return None
    if not claim.wrong:
        if claim.verdict == "correct" and loss is None and gradient(right) is None:
            scope.backward = True  # what is written is no differential
        return claim if claim.verdict == "correct" else None
    differentials = loss is None and not is_capital(wanted.base) and not scope.backward  # du = 2 dx
    terms = right.terms if isinstance(right, Add) else (right,)
    penalised = not all(any(True for _ in _gradients(term)) for term in terms)  # + lambda w
    return None if claim.note == "shape" or differentials or penalised else claim


def _base(one: Gradient) -> Tree:
    return one.base


def _left_out(
    wanted: Gradient, bases: set[Tree], spoken: set[Gradient], scope: Scope
) -> dict[Gradient, Tree]:
    """Gradients spoken of before, by quantities that depend on the wanted one by a way around those that it
    is claimed to come from, none of which depends on them: a way to the loss of their own."""
    found: dict[Gradient, Tree] = {}
    made_of = {name for base in bases for name in _ingredients(base, scope)}
    if any(direction(base, scope.formulas) for base in (wanted.base, *bases)):
        return found
    for one in sorted(spoken, key=repr):
        own = one.base not in {*bases, *made_of, wanted.base} and one.loss == wanted.loss
        if own and wanted.base in _ingredients(one.base, scope, bases):
            found[one] = one.by
    return found


def _ingredients(name: Tree, scope: Scope, without: set[Tree] | None = None) -> set[Tree]:
    """Everything that a quantity is computed from, as far as that does not go through some quantities."""
    found: set[Tree] = set()
    todo = [name]
    while todo:
        meaning = scope.formulas.get(todo.pop())
        new = _bases(free_names(meaning.tree)) - found - (without or set()) if meaning is not None else set()
        found |= new
        todo += new
    return found


def _as_names(left: Tree, right: Tree, scope: Scope, declared: Declarations) -> Claim | None:
    """A link that holds whatever the gradients in it are; that it does not hold for any is no refutation."""
    sides = []
    for side in (left, right):
        table = {tree: one.name() for tree in _gradients(side) if (one := gradient(tree)) is not None}
        sides.append(scope.expand(substitute(side, table), "general"))
    a, b = sides
    setting = setting_for((a.tree, b.tree), declared, scope.convention)
    try:
        claim = judge(a.tree, b.tree, "=", replace(setting, lets={**a.lets, **b.lets}))
    except Refusal:
        return None
    return claim if claim.verdict == "correct" else None


def _gradients(tree: Tree) -> Iterator[Tree]:
    """The outermost gradients in a tree."""
    if gradient(tree) is not None:
        yield tree
        return
    for child in tree.children():
        yield from _gradients(child)


def _named(tree: Tree, scope: Scope) -> Tree:
    """Names that were said to be a gradient (``\\delta = \\partial L/\\partial z``) written as that."""
    table: dict[Tree, Tree] = {}
    for name in free_names(tree):
        base, indices = access(name) if isinstance(name, Indexed) else (name, ())
        for key, given in ((name, ()), (base, indices)):
            meaning = scope.formulas.get(key)
            if meaning is None or len(meaning.parameters) != len(given) or isinstance(key, Derivative):
                continue
            if gradient(meaning.tree) is not None:
                table[name] = substitute(meaning.tree, dict(zip(meaning.parameters, given, strict=True)))
    return substitute(tree, table) if table else tree


def _judged(
    wanted: Gradient,
    ends: dict[Gradient, Tree],
    right: Tree,
    bases: set[Tree],
    scope: Scope,
    declared: Declarations,
) -> Claim:
    lets: dict[Tree, Tree] = {}
    paths = []
    stale: list[int] = []
    one_step = any(
        numbers_steps(i) for one in (wanted, *ends) if isinstance(one.by, Indexed) for i in access(one.by)[1]
    )
    for base in sorted(bases, key=repr):
        path = Derivative(_weighted(base, ends), (wanted.by,), "partial")
        found = scope.expand(path, "general", fixed=frozenset(bases - {base}), one_step=one_step)
        paths.append(found.tree)
        lets.update(found.lets)
        stale += found.stale(scope.section)
    left = paths[0] if len(paths) == 1 else Add(tuple(paths))
    claimed = scope.expand(
        substitute(right, {tree: one.name() for one, tree in ends.items()}), "general", one_step=one_step
    )
    lets.update(claimed.lets)
    stale += claimed.stale(scope.section)
    if isinstance(wanted.by, Power):  # a variance is differentiated by like any other quantity
        table: dict[Tree, Tree] = {wanted.by: _squared(wanted.by.base)}
        lets = {table.get(name, name): tree for name, tree in lets.items()}
        left, claimed.tree = substitute(left, table), substitute(claimed.tree, table)
    setting = replace(setting_for((left, claimed.tree), declared, scope.convention), lets=lets)
    claim = judge(left, claimed.tree, "=", replace(setting, any_function=False))
    if rows := _rows([left, claimed.tree, *lets.values()]):
        as_rows: dict[Tree, Shape] = dict.fromkeys(rows, (1, 3))
        plain = [one.name() for one in ends if not is_capital(one.base) and not one.indices]
        for more in ([], plain):  # the gradients, too
            sizes: dict[Tree, Shape] = {name: (1, ("size", name)) for name in more}
            shapes = {**as_rows, **sizes, **setting.shapes}
            row = judge(left, claimed.tree, "=", replace(setting, any_function=False, shapes=shapes))
            if row.verdict == "correct":
                break
        if row.verdict != "correct" and claim.verdict == "correct":
            return replace(row, verdict="undecided", message="how its vectors are laid out is not said")
        claim = row if row.verdict == "correct" else claim
    if claim.wrong and claim.note == "shape":
        sides = Expansion(left, lets), Expansion(claimed.tree, lets)
        large = [one.name() for one in ends if is_capital(one.base) and not one.indices]
        square = replace(setting, shapes={**setting.shapes, **dict.fromkeys(large, (3, 3))})
        claim = all_square(*sides, square) or replace(claim, note="shape")
    if claim.verdict == "undecided":
        whatever = judge(left, claimed.tree, "=", setting)
        claim = whatever if whatever.verdict == "correct" else claim
    ours, theirs = (_bases(names_left(Expansion(side, lets), lets)) for side in (left, claimed.tree))
    if claim.wrong and stale:
        lines = ", ".join(map(str, sorted(set(stale))[:4]))
        return Claim("undecided", message=f"names of line {lines} may no longer mean the same")
    if claim.wrong and not theirs <= ours:
        return Claim("undecided", message="a quantity that the gradient does not depend on")
    through = ", ".join(sorted(plain_name(base) for base in bases))
    return replace(
        claim, assumed=(*claim.assumed, f"the loss depends on {plain_name(wanted.base)} through {through}")
    )


def _rows(trees: list[Tree]) -> set[Tree]:
    """Vectors that stand before a matrix, as in ``h W + b``: rows."""
    pairs = [pair for t in trees for n in t.walk() if isinstance(n, Multiply) for pair in pairwise(n.factors)]
    before = {a for a, b in pairs if isinstance(a, (Name, Indexed)) and is_capital(_letter(b))}
    behind = {b for a, b in pairs if is_capital(_letter(a))}
    return {name for name in before - behind if not is_capital(name) and _stem(name) not in RATES}


def _stem(tree: Tree) -> str:
    base = tree.base if isinstance(tree, Indexed) else tree
    return base.text if isinstance(base, Name) else ""


def _letter(tree: Tree) -> Tree:
    return tree.operand if isinstance(tree, Transpose) else tree


def _bases(names: set[Tree]) -> set[Tree]:
    return {access(name)[0] if isinstance(name, Indexed) else name for name in names}


def _weighted(base: Tree, ends: dict[Gradient, Tree]) -> Tree:
    """``\\sum_i g_i y_i``: a loss that has just these gradients by the entries of one quantity."""
    ranks = {len(one.indices) for one in ends if one.base == base}
    if ranks != {0}:
        letters: tuple[Tree, ...] = tuple(Name(letter) for letter in "ijklmn"[: max(ranks)])
        body = Multiply((_indexed(_marked(base), letters), _indexed(base, letters)), ("cdot",))
        return Big("sum", letters, None, None, body)
    return Call(Name("sum"), (Multiply((_marked(base), base), ("odot",)),))
