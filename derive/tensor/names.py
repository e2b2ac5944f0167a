"""Writing a result in the definition's own names: ``e^{x_i} = s_i Z``, and what follows from it.

A statement ``T = f(K)`` is solved for a kernel ``K`` in it (an exponential, a sum, an entry, the base of a
power), and ``K`` is replaced wherever it occurs. The change is kept only if the result is cheaper to
read, and only if it divides by nothing that was not divided by before, unless that is known to be positive:
a fold that divides by something that may be zero is wrong there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from derive.tensor.index import Index, free_indices, within
from derive.tensor.nodes import (
    Access,
    Apply,
    Bracket,
    IfPositive,
    Inverse,
    LogDet,
    Maximum,
    Reduction,
    Sum,
    nodes,
    rewrite,
)
from derive.tensor.program import Fact, Program, Statement
from derive.tensor.simplify import cancel, cancel_within, cost, distribute, factor
from derive.tensor.words import Words

_U = sp.Dummy("u")


@dataclass(frozen=True)
class Fold:
    """``kernel = solution`` follows from ``statement``; both with the statement's own indices free.

    For an exponential kernel ``e^v`` the solution is for ``e^{stride v}``, so that ``tanh``, which holds only
    even powers of ``e^x``, can be used as well.
    """

    statement: Statement
    kernel: sp.Expr
    solution: sp.Expr
    stride: int = 1

    def apply(self, expression: sp.Expr) -> sp.Expr | None:
        """The expression with the kernel replaced, or None where it does not occur or cannot be."""
        if self.stride > 1:
            return self._apply_powers(expression)
        changed = False

        def replace(node: sp.Expr) -> sp.Expr:
            nonlocal changed
            for pattern, power in _variants(self.kernel, node):
                match = unify(pattern, node, self.statement.target.indices)
                if match is not None:
                    changed = True
                    return self.solution.xreplace(match) ** power
            return node

        result = rewrite(expression, replace)
        return result if changed else None

    def _apply_powers(self, expression: sp.Expr) -> sp.Expr | None:
        exponent = self.kernel.args[0]
        unit = sp.Dummy("E", positive=True)
        found = {
            node: _ratio(node.args[0], exponent) for node in nodes(expression) if isinstance(node, sp.exp)
        }
        if not found or any(ratio is None for ratio in found.values()):
            return None
        together = cancel(expression.xreplace({node: unit**ratio for node, ratio in found.items()}))
        shifts = []
        parts = []
        for part in sp.fraction(sp.together(together)):
            terms = sp.Poly(part, unit).terms() if part.has(unit) else [((0,), part)]
            powers = [monomial[0] for monomial, _ in terms]
            shifts.append(min(powers) % self.stride)
            if any((power - min(powers)) % self.stride for power in powers):
                return None
            parts.append(
                sp.Add(*(c * self.solution ** ((m[0] - shifts[-1]) // self.stride) for m, c in terms))
            )
        return cancel(parts[0] / parts[1]) if shifts[0] == shifts[1] else None


def _variants(kernel: sp.Expr, node: sp.Expr) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """The kernel as it may stand in ``node``: itself, or a whole power of an exponential kernel."""
    if node.func is not kernel.func:
        return
    yield kernel, sp.S.One
    if isinstance(kernel, sp.exp):
        own, _ = kernel.args[0].as_coeff_Mul()
        theirs, _ = node.args[0].as_coeff_Mul()
        power = theirs / own
        if power != 1 and power.is_Integer:
            yield sp.exp(power * kernel.args[0]), power


def _ratio(one: sp.Expr, other: sp.Expr) -> sp.Integer | None:
    ratio = one / other
    return ratio if ratio.is_Integer else None


def unify(pattern: sp.Expr, node: sp.Expr, indices: tuple[sp.Expr, ...]) -> dict[sp.Expr, sp.Expr] | None:
    """What to put for ``indices`` so that the pattern becomes the node, or None."""
    if not indices:
        return {} if pattern == node else None
    proposals: list[set[sp.Expr]] = []
    for index in indices:
        places = [
            (access.tensor, position)
            for access in pattern.atoms(Access, Inverse)
            for position, value in enumerate(access.indices)
            if value == index
        ]
        if not places:
            return None
        tensor, position = places[0]
        proposals.append(
            {access.indices[position] for access in node.atoms(Access, Inverse) if access.tensor == tensor}
        )
    for choice in itertools.islice(itertools.product(*proposals), 64):
        match = dict(zip(indices, choice, strict=True))
        if all(_fits(value, index) for index, value in match.items()) and pattern.xreplace(match) == node:
            return match
    return None


def _fits(value: sp.Expr, index: sp.Expr) -> bool:
    """A statement holds only for indices inside its tensor: a window does not name back."""
    return isinstance(index, Index) and within(value, index.size)


def folds(program: Program) -> tuple[Fold, ...]:
    """Every way in which a statement of the program can be solved for something in it."""
    return tuple(fold for one in program.everything if one.fold for fold in _folds_of(one))


def _folds_of(statement: Statement) -> Iterator[Fold]:
    value, wanted = statement.value, frozenset(statement.target.indices)
    if (
        isinstance(value, (Sum, Maximum, Inverse, LogDet, sp.Function, sp.exp, IfPositive, Apply))
        and free_indices(value) == wanted
    ):
        yield Fold(statement, value, statement.target)
    several = list(_exponential_folds(statement))
    yield from several
    for kernel in dict.fromkeys(_kernels(value)):
        if kernel == value or free_indices(kernel) != wanted or (several and isinstance(kernel, sp.exp)):
            continue
        solution = _solve(value.xreplace({kernel: _U}), statement.target)
        if solution is None or (isinstance(kernel, Access) and not may_divide(solution, value)):
            # What an entry would be divided by does not cancel later; of an exponential's it may (tanh).
            continue
        yield Fold(statement, kernel, solution)


def _kernels(value: sp.Expr) -> Iterator[sp.Expr]:
    for node in _outer(value):
        if isinstance(node, (Sum, Access, sp.Function)) and not isinstance(node, sp.exp):
            yield node
        elif isinstance(node, sp.Pow) and not node.exp.is_Integer and isinstance(node.base, sp.Add):
            yield node.base
        elif isinstance(node, sp.exp):
            yield node


def _outer(value: sp.Expr) -> Iterator[sp.Expr]:
    """Nodes that algebra can reach: not inside sums, accesses, brackets or cases."""
    yield value
    if not isinstance(value, (Reduction, Access, Bracket, IfPositive, Apply, sp.Function)) or isinstance(
        value, sp.exp
    ):
        for argument in value.args:
            yield from _outer(argument)


def _solve(value: sp.Expr, target: Access) -> sp.Expr | None:
    """Solve ``target = value(u)`` for u where that is unique: linear over linear, or a power of u."""
    if isinstance(value, sp.Pow) and value.base == _U:
        # r = sqrt(u) may be 0 where u is; r = 1/sqrt(u) may not.
        one_to_one = target.tensor.positive or (value.exp.is_positive and target.tensor.nonnegative)
        return target ** (1 / value.exp) if one_to_one else None
    above, below = sp.fraction(sp.together(value))
    if not (above.is_polynomial(_U) and below.is_polynomial(_U)):
        return None
    top, bottom = sp.Poly(above, _U), sp.Poly(below, _U)
    if max(top.degree(), bottom.degree()) != 1:
        return None
    a, b = top.coeff_monomial(_U), top.coeff_monomial(1)
    c, d = bottom.coeff_monomial(_U), bottom.coeff_monomial(1)
    divisor = c * target - a
    return None if divisor == 0 else sp.together((b - d * target) / divisor)


def _exponential_folds(statement: Statement) -> Iterator[Fold]:
    """Solve for a power of ``e^v`` where the value holds several: ``tanh``."""
    found = [node for node in _outer(statement.value) if isinstance(node, sp.exp)]
    if len(set(found)) < 2:
        return
    exponent = min((node.args[0] for node in found), key=cost)
    ratios = {node: _ratio(node.args[0], exponent) for node in found}
    if any(ratio is None for ratio in ratios.values()) or free_indices(exponent) != frozenset(
        statement.target.indices
    ):
        return
    unit = sp.Dummy("E", positive=True)
    above, below = sp.fraction(
        sp.cancel(
            sp.together(statement.value.xreplace({node: unit**ratio for node, ratio in ratios.items()}))
        )
    )
    if not (above.is_polynomial(unit) and below.is_polynomial(unit)):
        return
    powers = [m[0] for part in (above, below) for m, _ in sp.Poly(part, unit).terms()]
    stride = math.gcd(*powers)
    if stride < 2 or any(power not in (0, stride) for power in powers):
        return
    solution = _solve((above / below).xreplace({unit**stride: _U}), statement.target)
    if solution is not None:
        yield Fold(statement, sp.exp(exponent), solution, stride)


def divisors(expression: sp.Expr) -> set[sp.Expr]:
    """Everything the expression divides by."""
    found = set()
    for node in nodes(expression):
        if isinstance(node, sp.Pow) and not isinstance(node, sp.exp) and bool(node.exp.is_negative):
            found |= set(sp.Mul.make_args(node.base))
        if isinstance(node, sp.log):
            found.add(node.args[0])
    return found


def may_divide(new: sp.Expr, old: sp.Expr) -> bool:
    """Whether all that ``new`` divides by is known to be positive, or was divided by in ``old``."""
    before = {base.as_base_exp()[0] for base in divisors(old)}
    return all(one.is_positive or one.as_base_exp()[0] in before for one in divisors(new))


def apply_facts(expression: sp.Expr, facts: tuple[Fact, ...]) -> tuple[sp.Expr, list[Fact]]:
    """Replace the left side of each fact by its right side; also says which facts were used."""
    used: dict[Fact, None] = {}

    def known(node: sp.Expr) -> sp.Expr | None:
        for fact in facts:
            names = tuple(sorted(free_indices(fact.left), key=str))
            match = unify(fact.left, node, names)
            if match is not None:
                used.setdefault(fact)
                return fact.right.xreplace(match)
        return None

    def replace(node: sp.Expr) -> sp.Expr:
        if not isinstance(node, Sum):
            return node
        found = known(node)
        if found is not None or len(node.bound) == 1:
            return node if found is None else found
        body, indices = node.open()
        for index in indices:  # a sum of which only one index is added up by the fact
            factors = sp.Mul.make_args(body)
            inside = [one for one in factors if index in free_indices(one)]
            outside = [one for one in factors if index not in free_indices(one)]
            found = known(Sum(sp.Mul(*inside), index))
            if found is not None:
                return Sum(sp.Mul(*outside) * found, *(one for one in indices if one != index))
        return node

    return rewrite(expression, replace), list(used)


def sum_lemmas(program: Program) -> tuple[Fact, ...]:
    """What the entries of a defined tensor add up to, where that is something simple, proved here."""
    # What is left of a total without a sum has lost it to a kernel that is one.
    known = [fold for fold in folds(program) if fold.kernel.has(Sum)]
    found: list[Fact] = []
    for statement in program.everything:
        for index in statement.target.indices:
            left = Sum(statement.target, index)
            total, used = apply_facts(distribute(Sum(statement.value, index)), program.facts)
            total = cancel(total)
            for fold in known:
                changed = fold.apply(total)
                if changed is not None and fold.statement is not statement and not changed.has(Sum):
                    total = cancel(distribute(changed))
            if not total.has(Sum) and cost(total) <= 2 and left != total:
                words = Words.of("{} sums to {} over {}", statement.tensor, total, index)
                reasons = Words.join((words, *(fact.words for fact in used)))
                found.append(Fact(left, total, reasons))
    return tuple(found)


def fold_once(expression: sp.Expr, known: tuple[Fold, ...]) -> tuple[sp.Expr, Fold] | None:
    """The cheapest single fold that is allowed and makes the expression cheaper, or None."""
    best: tuple[tuple[int, int], sp.Expr, Fold] | None = None
    limit = (cost(factor(expression, thorough=False)), 0)
    for fold in known:
        raw = fold.apply(expression)
        if raw is None:
            continue
        apart = distribute(cancel_within(raw, fold.statement.tensor))
        for form in dict.fromkeys((distribute(raw), apart, cancel(raw))):
            reached = (cost(factor(form, thorough=False)), cost(form))
            if reached < (best[0] if best else limit) and may_divide(form, expression):
                best = (reached, form, fold)
    return (best[1], best[2]) if best else None
