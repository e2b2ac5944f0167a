"""How many multiplications, additions, ... one evaluation of a definition takes, as formulas in its sizes.

The count is exact and of the definition *as written*, each statement evaluated once for each of its entries
and nothing shared between them: a sum of n terms takes n - 1 additions, a product of n factors n - 1
multiplications. Subtractions count as additions; a change of sign counts as nothing, so that an absolute
value is one comparison. Zeros of padding are multiplied and added like other numbers, as a program without
special cases at the border does; a transposed convolution computes its cropped border too.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import reduce

import sympy as sp

from derive.tensor.index import Index, coefficient_of
from derive.tensor.nodes import (
    Access,
    Apply,
    Argmax,
    Bracket,
    IfPositive,
    Inverse,
    LogDet,
    Maximum,
    Reduction,
    Sum,
    Tensor,
)
from derive.tensor.program import Program, Statement


@dataclass(frozen=True)
class Counts:
    """Operation counts, each a SymPy expression in the symbolic sizes."""

    multiplications: sp.Expr = sp.S.Zero
    additions: sp.Expr = sp.S.Zero
    divisions: sp.Expr = sp.S.Zero
    function_evaluations: sp.Expr = sp.S.Zero
    comparisons: sp.Expr = sp.S.Zero

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def times(self, factor: sp.Expr) -> Counts:
        """The counts of doing this ``factor`` times."""
        return Counts(*(sp.expand(factor * getattr(self, one.name)) for one in fields(self)))

    def named(self) -> dict[str, sp.Expr]:
        """The counts by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def count_program(program: Program) -> Counts:
    """The operations of one evaluation of all statements that the output needs.

    >>> from derive.ops import operation
    >>> count_program(operation("linear").program).named()["multiplications"]
    B*m*n
    """
    return reduce(Counts.__add__, map(count_statement, program.statements), Counts())


def why_not_counted(program: Program) -> str:
    """Why the operations of a program have no count; empty where they have one."""
    if any(one.value.has(Inverse, LogDet) for one in program.statements):
        return "an inverse or a determinant takes as many operations as the algorithm that is chosen"
    return ""


def count_statement(statement: Statement) -> Counts:
    """The operations of evaluating one statement for all its entries."""
    entries = sp.Mul(*statement.tensor.shape)
    total, put = Counts(), sp.S.Zero
    for term in sp.Add.make_args(statement.value):
        one, times = _scattered(term, statement) or (_count(term), entries)
        total, put = total + one.times(times), put + times
    return total + Counts(additions=_not_below_zero(sp.expand(put - entries)))


def _not_below_zero(additions: sp.Expr) -> sp.Expr:
    """What is put into the entries, less the first in each; entries that nothing is put into need none.

    For sizes of which it cannot be said that every entry is reached, the formula holds where all are.
    """
    return sp.S.Zero if additions.is_negative else additions


def _scattered(term: sp.Expr, statement: Statement) -> tuple[Counts, sp.Expr] | None:
    """A sum whose terms each go to one entry, chosen by brackets: what a term takes, and how many there are.

    Every term is computed once and added to its entry, and no entry looks at the terms of others. None if it
    is no such sum.
    """
    if not isinstance(term, Sum):
        return None
    factors = sp.Mul.make_args(term.body)
    brackets = [one for one in factors if isinstance(one, Bracket)]
    chosen: set[Index] = set()
    for bracket in brackets:
        chosen |= {
            index
            for index in statement.target.indices
            if isinstance(index, Index) and coefficient_of(bracket.affine, index) in (1, -1)
        }
    if not chosen or len(chosen) != len(brackets):
        return None
    left = sp.Mul(*(index.size for index in statement.target.indices if index not in chosen))
    terms = left * sp.Mul(*(index.size for index in term.bound))
    return _count(sp.Mul(*(one for one in factors if one not in brackets))), terms


def _total(expressions: tuple[sp.Basic, ...]) -> Counts:
    return reduce(Counts.__add__, (_count(one) for one in expressions), Counts())


def _count(one: sp.Basic) -> Counts:
    if isinstance(one, (Access, Bracket, Tensor)) or (_is_constant(one) and not one.has(IfPositive)):
        return Counts()
    if isinstance(one, Sum):
        terms = sp.Mul(*(index.size for index in one.bound))
        return _count(one.body).times(terms) + Counts(additions=terms - 1)
    if isinstance(one, Maximum):
        places = sp.Mul(*(index.size for index in one.bound))
        return _count(one.body).times(places) + Counts(comparisons=places - 1)
    if isinstance(one, Argmax):
        return _count(Maximum(one.body, *one.bound))
    if isinstance(one, sp.Add):
        return _total(one.args) + Counts(additions=sp.Integer(len(one.args) - 1))
    if isinstance(one, sp.Mul):
        return _count_product(one)
    if isinstance(one, IfPositive):
        # Which of two indices is greater is known before anything is computed.
        return _total(one.args) + Counts(comparisons=sp.S.Zero if _is_constant(one.args[0]) else sp.S.One)
    if isinstance(one, sp.Abs):
        return _total(one.args) + Counts(comparisons=sp.S.One)
    if isinstance(one, Apply):
        return _count(one.argument) + Counts(function_evaluations=sp.S.One)
    if isinstance(one, sp.Pow) and not isinstance(one, sp.exp):
        return _count_power(one)
    return _total(one.args) + Counts(function_evaluations=sp.S.One)


def _is_constant(one: sp.Basic) -> bool:
    """Numbers, sizes and hyper-parameters are combined once, before anything is computed."""
    return not one.has(Access, Reduction)


def _count_product(one: sp.Mul) -> Counts:
    varying = [factor for factor in one.args if not _is_constant(factor)]
    constant = sp.Mul(*(factor for factor in one.args if _is_constant(factor)))
    divisors = [
        factor for factor in varying if isinstance(factor, sp.Pow) and factor.exp.could_extract_minus_sign()
    ]
    divisors = [factor for factor in divisors if not isinstance(factor, sp.exp)]
    inside = _total(tuple(1 / factor if factor in divisors else factor for factor in varying))
    factors = len(varying) - len(divisors) + (0 if constant in (1, -1) else 1)
    # 1 / (a b) is one product and one division; a / b one division
    below = max(len(divisors) - 1, 0)
    division = Counts(divisions=sp.Integer(1 if divisors else 0))
    return inside + division + Counts(multiplications=sp.Integer(max(factors - 1, 0) + below))


def _count_power(one: sp.Pow) -> Counts:
    inside, exponent = _count(one.base), one.exp
    if exponent.is_Integer:
        products = Counts(multiplications=sp.Integer(abs(exponent) - 1))
        return inside + products + Counts(divisions=sp.Integer(1 if exponent.is_negative else 0))
    if abs(exponent) == sp.S.Half:
        return inside + Counts(
            function_evaluations=sp.S.One, divisions=sp.Integer(1 if exponent.is_negative else 0)
        )
    return inside + _count(exponent) + Counts(function_evaluations=sp.S.One)


def parameter_count(tensors: tuple[Tensor, ...]) -> sp.Expr:
    """How many numbers these arrays hold together."""
    return sp.Add(*(sp.Mul(*tensor.shape) for tensor in tensors))
