"""Algebra on sums: distribute, let brackets pick the surviving index, factor.

Every function here returns an expression equal to the one it was given for all sizes, all values of the
free indices and all entries.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import sympy as sp

from derive.tensor.index import Index, coefficient_of, free_indices, within
from derive.tensor.nodes import (
    OPAQUE,
    Access,
    Apply,
    Argmax,
    Bracket,
    D,
    IfPositive,
    Sum,
    Tensor,
    nodes,
    rewrite,
    tensors_in,
)

_LARGEST_EXPANDED_POWER = 4
_MOST_TERMS = 64


def expand_products(expression: sp.Expr) -> sp.Expr:
    """Multiply sums of terms out, without entering functions, sums over indices or denominators."""
    if isinstance(expression, sp.Add):
        return sp.Add(*(expand_products(term) for term in expression.args))
    if isinstance(expression, sp.Pow) and isinstance(expression.base, sp.Add):
        power = expression.exp
        if power.is_Integer and 1 < power <= _LARGEST_EXPANDED_POWER:
            return expand_products(sp.Mul(*[expression.base] * int(power), evaluate=False))
        return expression
    if isinstance(expression, sp.Mul):
        choices = [sp.Add.make_args(expand_products(factor)) for factor in expression.args]
        if math.prod(map(len, choices)) > _MOST_TERMS:
            # Only what has to come apart: a bracket picks an index only as a factor of its own.
            choices = [
                terms if any(term.has(Bracket) for term in terms) else (sp.Add(*terms),) for terms in choices
            ]
        return sp.Add(*(sp.Mul(*choice) for choice in itertools.product(*choices)))
    return expression


def _map_sums(expression: sp.Expr, change: Callable[[sp.Expr, tuple[Index, ...]], sp.Expr]) -> sp.Expr:
    """Rebuild with ``change(body, indices)`` for every sum, the innermost first."""
    if not expression.has(Sum):
        return expression
    if isinstance(expression, Sum):
        body, indices = expression.open()
        return change(_map_sums(body, change), indices)
    if isinstance(expression, (Access, Bracket)):
        return expression
    return expression.func(*(_map_sums(argument, change) for argument in expression.args))


@lru_cache(maxsize=4096)
def distribute(expression: sp.Expr) -> sp.Expr:
    """Split sums over terms, take index-free factors out, sum constants: "sums are linear"."""
    return _map_sums(expression, lambda body, indices: linear_sum(expand_products(body), indices))


def linear_sum(body: sp.Expr, indices: tuple[Index, ...]) -> sp.Expr:
    """``Sum(body, *indices)`` with its terms apart, and in each what does not depend on an index outside."""
    if isinstance(body, sp.Add):
        return sp.Add(*(linear_sum(term, indices) for term in body.args))
    result = sp.S.One
    factors = list(sp.Mul.make_args(body))
    remaining = list(indices)
    while remaining:
        # One connected component of factors that share bound indices becomes one sum.
        group, inside = {remaining.pop()}, []
        grew = True
        while grew:
            grew = False
            for factor in factors[:]:
                touched = free_indices(factor) & set(indices)
                if touched & group:
                    factors.remove(factor)
                    inside.append(factor)
                    group |= touched
                    grew = True
        remaining = [index for index in remaining if index not in group]
        ordered = tuple(index for index in indices if index in group)
        if inside:
            result *= Sum(sp.Mul(*inside), *ordered)
        else:
            result *= sp.Mul(*(index.size for index in ordered))
    return result * sp.Mul(*factors)


def eliminate_brackets(expression: sp.Expr, chosen: list[sp.Expr] | None = None) -> sp.Expr:
    """In every sum let a bracket pick the one index that survives, where that index is sure to be in range.

    ``chosen`` collects what the surviving indices are equal to.
    """
    if not expression.has(Bracket):
        return expression
    values: list[sp.Expr] = [] if chosen is None else chosen

    def pick(body: sp.Expr, indices: tuple[Index, ...]) -> sp.Expr:
        whole, joined = _with_inner_brackets(body, indices)
        before = len(values)
        picked = _pick(whole, joined, values)
        return picked if whole is body or len(values) > before else Sum(body, *indices)

    return _map_sums(expression, pick)


def _with_inner_brackets(body: sp.Expr, indices: tuple[Index, ...]) -> tuple[sp.Expr, tuple[Index, ...]]:
    """``sum_i g_i sum_u [i = 2a + u]`` as one sum over i and u, so that the bracket can pick i."""
    factors, joined = [], indices
    for one in sp.Mul.make_args(body):
        if isinstance(one, Sum) and any(free_indices(two) & set(indices) for two in one.body.atoms(Bracket)):
            one, own = one.open()
            joined += own
        factors.append(one)
    return (body, indices) if joined == indices else (sp.Mul(*factors), joined)


def brackets_out_of_cases(expression: sp.Expr) -> sp.Expr:
    """``[i = k] (a if c > 0 else b)`` for ``([i = k] a if c > 0 else [i = k] b)``, term by term."""
    if not expression.has(IfPositive):
        return expression

    def lift(node: sp.Expr) -> sp.Expr:
        if not isinstance(node, IfPositive):
            return node
        condition, *branches = node.args
        terms: dict[sp.Expr, list[sp.Expr]] = {}
        for side, branch in enumerate(branches):
            for term in sp.Add.make_args(expand_products(branch)):
                factors = sp.Mul.make_args(term)
                brackets = [one for one in factors if isinstance(one, Bracket)]
                pair = terms.setdefault(sp.Mul(*brackets), [sp.S.Zero, sp.S.Zero])
                pair[side] += sp.Mul(*(one for one in factors if one not in brackets))
        if set(terms) == {sp.S.One}:
            return node
        return sp.Add(*(bracket * IfPositive(condition, *pair) for bracket, pair in terms.items()))

    return rewrite(expression, lift)


def out_of_cases(expression: sp.Expr) -> sp.Expr:
    """``-y [c > 0]`` for ``(-y if c > 0 else 0)``; only numbers and entries come out, which are finite."""

    def lift(node: sp.Expr) -> sp.Expr:
        if not isinstance(node, IfPositive) or node.args[2] != 0:
            return node
        factors = sp.Mul.make_args(node.args[1])
        out = [one for one in factors if isinstance(one, (sp.Number, sp.Symbol, Access))]
        inside = sp.Mul(*(one for one in factors if one not in out))
        return sp.Mul(*out, IfPositive(node.args[0], inside, 0))

    return rewrite(expression, lift) if expression.has(IfPositive) else expression


def turn_signs(expression: sp.Expr) -> sp.Expr:
    """``sign(b - a)`` for ``-sign(a - b)``."""

    def turn(node: sp.Expr) -> sp.Expr:
        if not isinstance(node, sp.Mul) or not node.as_coeff_Mul()[0].is_negative:
            return node
        for one in node.args:
            if isinstance(one, sp.sign) and isinstance(one.args[0], sp.Add):
                turned = sp.sign(sp.Add(*(-term for term in one.args[0].args)))
                return sp.Mul(-1, *(turned if other is one else other for other in node.args))
        return node

    return rewrite(expression, turn) if expression.has(sp.sign) else expression


def _pick(body: sp.Expr, indices: tuple[Index, ...], chosen: list[sp.Expr]) -> sp.Expr:
    if not body.has(Bracket):
        return Sum(body, *indices)
    body = expand_products(body)
    if isinstance(body, sp.Add):
        return sp.Add(*(_pick(term, indices, chosen) for term in body.args))
    factors = sp.Mul.make_args(body)
    for bracket in factors:
        if not isinstance(bracket, Bracket):
            continue
        for index in indices:
            coefficient = coefficient_of(bracket.affine, index)
            if coefficient not in (1, -1):
                continue
            value = sp.expand(index - coefficient * bracket.affine)
            others = [factor for factor in factors if factor is not bracket]
            picked = sp.Mul(*others).xreplace({index: value})
            guarded = any(_guards(factor, index) for factor in others)
            if within(value, index.size) or (guarded and _finite_everywhere(picked)):
                left = tuple(one for one in indices if one != index)
                chosen.append(value)
                return _pick(picked, left, chosen)
    return Sum(body, *indices)


def _guards(factor: sp.Expr, index: Index) -> bool:
    """Whether the factor is zero as soon as ``index`` leaves its range: a zero-extended read or a place."""
    if isinstance(factor, sp.Pow) and factor.exp.is_positive:
        factor = factor.base
    if isinstance(factor, Argmax):
        pairs = zip(factor.points, factor.bound, strict=True)
        return any(point == index and one.size == index.size for point, one in pairs)
    if not isinstance(factor, Access):
        return False
    return any(
        position == index and extent == index.size
        for position, extent in zip(factor.indices, factor.tensor.shape, strict=True)
    )


def _finite_everywhere(expression: sp.Expr) -> bool:
    """Whether it has a value wherever its indices point: a guard's 0 times ``1 / p[i - 1]`` would be 0/0."""
    for node in nodes(expression):
        if isinstance(node, sp.log) and not node.args[0].is_positive:
            return False
        if isinstance(node, sp.Pow) and not isinstance(node, sp.exp):
            whole = node.exp.is_Integer and node.exp.is_positive
            if not (whole or node.base.is_positive):
                return False
        if isinstance(node, Apply) and not _finite_everywhere(node.function.body):
            return False
    return True


def merge_brackets(expression: sp.Expr) -> sp.Expr:
    """Beside ``[i = k]`` write the index that comes first: ``x_i [i = k]`` for ``x_k [i = k]``."""
    if isinstance(expression, sp.Add):
        return sp.Add(*(merge_brackets(term) for term in expression.args))
    if not isinstance(expression, sp.Mul):
        return expression
    factors = list(expression.args)
    for bracket in [one for one in factors if isinstance(one, Bracket)]:
        pair = sorted(free_indices(bracket), key=lambda one: one.name)
        if len(pair) == 2 and pair[0].size == pair[1].size and bracket == Bracket(pair[0] - pair[1]):
            factors = [one if one == bracket else one.xreplace({pair[1]: pair[0]}) for one in factors]
    return sp.Mul(*factors)


def join_sums(expression: sp.Expr) -> sp.Expr:
    """``sum_i (a_i + b_i)`` for ``sum_i a_i + sum_i b_i`` where the two then share a factor."""
    if not isinstance(expression, (sp.Add, sp.Mul)) or not expression.has(Sum):
        return expression
    expression = expression.func(*map(join_sums, expression.args))
    terms = list(sp.Add.make_args(expression))
    if not 2 <= len(terms) <= _MOST_TERMS_TO_JOIN:
        return expression
    while True:
        best: tuple[int, sp.Expr, sp.Expr, sp.Expr] | None = None
        for one, other in itertools.combinations(terms, 2):
            joined = _joined(one, other)
            if joined is not None:
                saved = cost(one) + cost(other) - cost(joined)
                # A sum's own sign costs 3: one that saves no more has only been written together.
                if saved > max(3, best[0] if best else 0):
                    best = (saved, one, other, joined)
        if best is None:
            return sp.Add(*terms)
        terms = [term for term in terms if term not in best[1:3]] + [best[3]]


_MOST_TERMS_TO_JOIN = 10


def _joined(one: sp.Expr, other: sp.Expr) -> sp.Expr | None:
    """Two multiples of sums over the same sizes as one, factored; None where they are not that."""
    split = []
    for term in (one, other):
        sums = [factor for factor in sp.Mul.make_args(term) if isinstance(factor, Sum)]
        if len(sums) != 1:
            return None
        number, rest = (term / sums[0]).as_coeff_Mul()
        split.append((number, rest, sums[0]))
    (first, outside, left), (second, outside_too, right) = split
    if outside != outside_too or [i.size for i in left.bound] != [i.size for i in right.bound]:
        return None
    body, indices = left.open()
    added = right.body.xreplace(dict(zip(right.bound, indices, strict=True)))
    return outside * Sum(factor(first * body + second * added), *indices)


@lru_cache(maxsize=16384)
def cost(expression: sp.Expr) -> int:
    """How much there is to read: leaves, and the signs around them."""
    if isinstance(expression, (Access, Bracket, Index, sp.Symbol)):
        return 2
    if isinstance(expression, sp.Number):
        return 1 if expression != -1 else 0
    if isinstance(expression, Sum):
        return 3 + cost(expression.body)
    if isinstance(expression, sp.Pow):
        if expression.exp == -1:
            return 1 + cost(expression.base)
        return 1 + cost(expression.base) + cost(expression.exp)
    if isinstance(expression, sp.Mul) and expression.args[0] == -1:
        return cost(-expression)
    if isinstance(expression, (sp.Add, sp.Mul)):
        return len(expression.args) // 2 + sum(cost(argument) for argument in expression.args)
    if isinstance(expression, D):
        return 10 + cost(expression.body)
    return 2 + sum(cost(argument) for argument in expression.args)


@lru_cache(maxsize=4096)
def factor(expression: sp.Expr, thorough: bool = True) -> sp.Expr:
    """Take common factors out of sums of terms, as far as that makes the whole cheaper to read.

    ``thorough`` also tries SymPy's factorisation of polynomials, which finds products of sums.
    """
    if isinstance(expression, Sum):
        body, indices = expression.open()
        return Sum(factor(body, thorough), *indices)
    if isinstance(expression, (Access, Bracket)) or not expression.args:
        return expression
    expression = expression.func(*(factor(argument, thorough) for argument in expression.args))
    if not isinstance(expression, sp.Add):
        return _tidy(expression)
    candidates = [_factor_greedily(expression)]
    if thorough:
        candidates.append(_factor_scalars(expression))
    return min((*map(_tidy, candidates), expression), key=cost)


def _tidy(expression: sp.Expr) -> sp.Expr:
    """In a product: numbers of its sums in front, ``(1 - y)`` for ``(y - 1)``, no sign where that goes."""
    if not isinstance(expression, sp.Mul):
        return expression
    coefficient, rest = expression.as_coeff_Mul()
    others, sums = [], []
    for one in sp.Mul.make_args(rest):
        base, exponent = one.as_base_exp()
        if not isinstance(base, sp.Add) or not exponent.is_Integer:
            others.append(one)
            continue
        content, base = base.primitive()
        if _leads_with_minus(base):
            content, base = -content, sp.Add(*(-term for term in base.args))
        coefficient *= content**exponent
        sums.append((base, exponent))
    if coefficient.is_negative:
        for position, (base, exponent) in enumerate(sums):
            if exponent % 2 and not base.as_coeff_Add()[0] and _has_minus(base):
                sums[position] = (sp.Add(*(-term for term in base.args)), exponent)
                coefficient = -coefficient
                break
    return sp.Mul(coefficient, *others, *(base**exponent for base, exponent in sums))


def _has_minus(total: sp.Expr) -> bool:
    return any(term.could_extract_minus_sign() for term in sp.Add.make_args(total))


def _leads_with_minus(total: sp.Expr) -> bool:
    """Whether a sum would start better with all its signs turned: ``y - 1``, ``-a - b``."""
    number = total.as_coeff_Add()[0]
    if number != 0:
        return bool(number.is_negative) and not all(
            term.could_extract_minus_sign() for term in sp.Add.make_args(total)
        )
    return all(term.could_extract_minus_sign() for term in sp.Add.make_args(total))


def _powers(term: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    return {
        base: exponent
        for base, exponent in (one.as_base_exp() for one in sp.Mul.make_args(term))
        if not base.is_Number and exponent.is_Rational
    }


@lru_cache(maxsize=4096)
def _factor_greedily(expression: sp.Expr) -> sp.Expr:
    """Take out the factor that most terms share, then go on inside and with the rest."""
    terms = sp.Add.make_args(expression)
    if len(terms) < 2:
        return expression
    powers = [_powers(term) for term in terms]
    shared = Counter(
        (base, bool(exponent > 0)) for term in powers for base, exponent in term.items() if exponent != 0
    )
    if not shared or max(shared.values()) < 2:
        return expression
    most = max(shared.values())
    candidates = sorted((key for key, count in shared.items() if count == most), key=lambda key: str(key[0]))
    best = expression
    # Two candidates a level: four took 300 ms on the second derivative of the tanh form of GELU.
    for base, positive in candidates[: 2 if len(terms) <= 5 else 1]:
        members = [k for k, term in enumerate(powers) if base in term and bool(term[base] > 0) is positive]
        pick = min if positive else max
        common = base ** pick(powers[k][base] for k in members)
        inside = sp.Add(*(terms[k] / common for k in members))
        rest = sp.Add(*(term for k, term in enumerate(terms) if k not in members))
        content, inside = _factor_greedily(inside).primitive()
        whole = _tidy(common * content * inside) + (_factor_greedily(rest) if rest != 0 else 0)
        best = min((whole, best), key=cost)
    return best


def _factor_scalars(expression: sp.Expr) -> sp.Expr:
    """SymPy's polynomial factorisation with every access, sum and function as one unknown."""
    atoms = _unknowns(expression)
    if not 1 <= len(atoms) <= 5 or len(expression.args) > 8:
        return expression
    names = {atom: sp.Dummy(f"u{k}", positive=atom.is_positive) for k, atom in enumerate(atoms)}
    back = {name: atom for atom, name in names.items()}
    try:
        return sp.factor(expression.xreplace(names)).xreplace(back)
    except sp.PolynomialError:
        return expression


def _unknowns(expression: sp.Expr) -> list[sp.Expr]:
    """The outermost nodes that algebra must treat as unknowns, in order of appearance."""
    found: dict[sp.Expr, None] = {}

    def visit(node: sp.Expr) -> None:
        if isinstance(node, (*OPAQUE, sp.Function, Index)):
            found.setdefault(node)
        else:
            for argument in node.args:
                visit(argument)

    visit(expression)
    return list(found)


_MOST_UNKNOWNS = 12
"""Beyond that many, polynomial algebra takes seconds and its result is not shorter."""


def cancel(expression: sp.Expr) -> sp.Expr:
    """Put over one denominator and cancel, inside sums too; every access, sum and function is one unknown."""
    return _cancel_outside(_map_sums(expression, lambda body, own: Sum(_cancel_outside(body), *own)))


def _cancel_outside(expression: sp.Expr) -> sp.Expr:
    if not any(one.exp.is_negative for one in expression.atoms(sp.Pow)):
        return expression
    atoms = _unknowns(expression)
    if len(atoms) > _MOST_UNKNOWNS:
        return expression
    names = {atom: sp.Dummy(f"u{k}", positive=atom.is_positive) for k, atom in enumerate(atoms)}
    back = {name: atom for atom, name in names.items()}
    try:
        return sp.cancel(sp.together(expression.xreplace(names))).xreplace(back)
    except sp.PolynomialError:
        return expression


def cancel_within(expression: sp.Expr, tensor: Tensor) -> sp.Expr:
    """Cancel in each product and each short sum by itself what is made of this tensor and little else."""

    def tidy(node: sp.Expr) -> sp.Expr:
        if isinstance(node, sp.Add) and tensor in tensors_in(node) and len(_unknowns(node)) <= 3:
            shorter = _cancel_outside(node)
            return shorter if cost(shorter) < cost(node) else node
        if not isinstance(node, (sp.Mul, sp.Pow)) or tensor not in tensors_in(node):
            return node
        factors = sp.Mul.make_args(node)
        own = [one for one in factors if tensor in tensors_in(one) and len(_unknowns(one)) <= 2]
        return sp.Mul(*(one for one in factors if one not in own), _cancel_outside(sp.Mul(*own)))

    return rewrite(expression, tidy)
