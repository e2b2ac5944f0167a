"""Proofs by induction over the step of recurrences, with every step shown.

A *sequence* is given by its first term and by its next term in terms of what is there at step ``k``. A
*claim* is an equation between terms at step ``k``. It is proved in the usual two parts: at the first step the
first terms are put in; from ``k`` to ``k + 1`` the recurrences are put in, then the claims at ``k`` (the
hypothesis), and the two sides are brought to one normal form by SymPy's polynomial algebra. What is not
equal then is tried on numbers: a claim is *proved*, *refuted* by a step at which the sides differ, or
*undecided*, never anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp
from sympy.core.function import AppliedUndef

Verdict = Literal["proved", "refuted", "undecided"]

k = sp.Symbol("k", integer=True, nonnegative=True)
"""The step."""


@dataclass(frozen=True)
class Recurrence:
    """One sequence: its symbol stands for the term at ``k``; ``following`` is the term at ``k + 1``.

    ``latex`` and ``text`` print a term, with ``{}`` where the index goes; by default a subscript. ``summand``
    is what a sum to ``k`` is taken of, and its letter.
    """

    symbol: sp.Symbol
    start: sp.Expr
    following: sp.Expr
    latex: str = ""
    text: str = ""
    summand: tuple[sp.Expr, sp.Symbol] | None = None


@dataclass(frozen=True)
class Claim:
    """``left = right`` at every step."""

    left: sp.Expr
    right: sp.Expr


@dataclass(frozen=True)
class Line:
    """One form of a side of a claim, and why it is that."""

    value: sp.Expr
    rule: str


@dataclass(frozen=True)
class Side:
    """What a side of a claim comes to: ``what`` is printed at ``at``, the lines follow."""

    what: sp.Expr
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Case:
    """One claim at the first step or at ``k + 1``: both sides, and whether they came to the same."""

    claim: Claim
    left: Side
    right: Side
    equal: bool


@dataclass(frozen=True)
class Theorem:
    """What is to be proved, and from what.

    ``driven`` are the symbols that stand for another number at each step (the gradient), the same in all
    sequences; ``first`` is the step at which it begins.
    """

    title: str
    sequences: tuple[Recurrence, ...]
    claims: tuple[Claim, ...]
    driven: tuple[sp.Symbol, ...] = ()
    first: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """A theorem with both parts of its proof; ``witness`` says where a refuted claim fails."""

    theorem: Theorem
    base: tuple[Case, ...]
    step: tuple[Case, ...]
    verdict: Verdict
    witness: str = ""


def prove(theorem: Theorem) -> Proof:
    """Both parts of the proof, as far as they go, and the verdict.

    >>> m, g, beta = sp.symbols("m g beta")
    >>> average = Recurrence(m, sp.S.Zero, beta * m + (1 - beta) * g)
    >>> prove(Theorem("", (average,), (Claim(m, (1 - beta**k) * g),))).verdict
    'proved'
    >>> wrong = prove(Theorem("", (average,), (Claim(m, (1 - beta ** (k + 1)) * g),)))
    >>> wrong.verdict, wrong.witness
    ('refuted', 'at k = 0 with beta = 2, g = 3: left 0, right -3')
    """
    starts = {one.symbol: one.start for one in theorem.sequences}
    base = tuple(_at_start(claim, starts, theorem.first) for claim in theorem.claims)
    hypothesis = _solved(theorem)
    following = {one.symbol: one.following for one in theorem.sequences}
    step = tuple(_at_next(claim, following, hypothesis) for claim in theorem.claims)
    if all(case.equal for case in (*base, *step)):
        return Proof(theorem, base, step, "proved")
    witness = _counterexample(theorem)
    return Proof(theorem, base, step, "refuted" if witness else "undecided", witness)


def normal(expression: sp.Expr) -> sp.Expr:
    """One form for expressions that are equal by the rules of fractions, powers and brackets.

    >>> beta = sp.Symbol("beta")
    >>> normal(beta ** (k + 1) / beta - beta**k)
    0
    """
    spread = sp.expand(sp.powsimp(sp.expand(expression)))
    below = sp.fraction(sp.together(spread))[1]
    return spread if below.is_number else sp.expand(sp.powsimp(sp.expand(sp.cancel(sp.together(spread)))))


def _at_start(claim: Claim, starts: Mapping[sp.Symbol, sp.Expr], first: int) -> Case:
    def side(what: sp.Expr) -> Side:
        put_in = what.subs(k, first).xreplace(dict(starts))
        return Side(
            what, _without_repeats(Line(put_in, "the first terms"), Line(normal(put_in), "simplified"))
        )

    return _case(claim, side(claim.left), side(claim.right))


def _at_next(
    claim: Claim, following: Mapping[sp.Symbol, sp.Expr], hypothesis: Sequence[tuple[sp.Symbol, sp.Expr]]
) -> Case:
    def side(what: sp.Expr) -> Side:
        put_in = what.subs(k, k + 1).xreplace(dict(following))
        supposed = put_in
        for symbol, value in hypothesis:
            supposed = supposed.xreplace({symbol: value})
        lines = (
            Line(put_in, "by the recurrence"),
            Line(supposed, "by the hypothesis"),
            Line(normal(supposed), "simplified"),
        )
        return Side(what, _without_repeats(*lines))

    return _case(claim, side(claim.left), side(claim.right))


def _without_repeats(*lines: Line) -> tuple[Line, ...]:
    kept = [lines[0]]
    kept += [line for line, before in zip(lines[1:], lines, strict=False) if line.value != before.value]
    return tuple(kept)


def _case(claim: Claim, left: Side, right: Side) -> Case:
    difference = left.lines[-1].value - right.lines[-1].value
    return Case(claim, left, right, is_zero(difference))


def is_zero(expression: sp.Expr) -> bool:
    """Whether the algebra shows that it is zero; False says only that it does not."""
    return bool(normal(expression) == 0 or sp.simplify(expression) == 0)


def _solved(theorem: Theorem) -> list[tuple[sp.Symbol, sp.Expr]]:
    """The claims at ``k``, each solved for a term of a sequence that stands in it linearly, in turn."""
    terms = [one.symbol for one in theorem.sequences]
    solved: list[tuple[sp.Symbol, sp.Expr]] = []
    for claim in theorem.claims:
        difference = claim.left - claim.right
        for symbol, value in solved:
            difference = difference.xreplace({symbol: value})
        difference = sp.expand(difference)
        for symbol in sorted(terms, key=lambda one: (one != claim.left, terms.index(one))):
            slope = difference.coeff(symbol)
            rest = difference - slope * symbol
            if slope != 0 and symbol not in (slope.free_symbols | sp.expand(rest).free_symbols):
                value = claim.right if claim.left == symbol else sp.expand(-rest / slope)
                solved = [(one, before.xreplace({symbol: value})) for one, before in solved]
                solved.append((symbol, value))
                terms.remove(symbol)
                break
    return solved


_TRIED = 6  # steps on numbers that a claim has to hold for before it is left undecided


def _counterexample(theorem: Theorem) -> str:
    """The first step at which a claim fails, on small whole numbers for every letter; '' if there is none."""
    sequences = {one.symbol for one in theorem.sequences}
    everything = [e for one in theorem.sequences for e in (one.start, one.following)]
    everything += [side for claim in theorem.claims for side in (claim.left, claim.right)]
    letters = sorted(set().union(*(e.free_symbols for e in everything)) - sequences - {k}, key=str)
    values = {
        letter: sp.Integer(number) for letter, number in zip(letters, sp.primerange(2, 600), strict=False)
    }
    terms = {one.symbol: one.start.xreplace(values) for one in theorem.sequences}
    for number in range(theorem.first, theorem.first + _TRIED):
        if any(not term.is_finite for term in terms.values()):
            return ""
        drive = {symbol: values[symbol] + (number - theorem.first) ** 2 for symbol in theorem.driven}
        here = {**values, **drive, **terms, k: sp.Integer(number)}
        for claim in theorem.claims:
            left, right = (_on_numbers(side.xreplace(here)) for side in (claim.left, claim.right))
            if left.is_number and right.is_number and left.is_finite and sp.simplify(left - right) != 0:
                data = sorted({one.func.__name__ for e in everything for one in e.atoms(AppliedUndef)})
                said = [f"{one} = {here[one]}" for one in letters] + [f"{one}_i = i^2 + 2" for one in data]
                where = ", ".join(said)
                return (
                    f"at k = {number}" + (f" with {where}" if where else "") + f": left {left}, right {right}"
                )
        terms = {one.symbol: _on_numbers(one.following.xreplace(here)) for one in theorem.sequences}
    return ""


def _on_numbers(expression: sp.Expr) -> sp.Expr:
    """Simplified, a function that stands for given data (``g(3)``) having a number at every step."""
    data = expression.atoms(AppliedUndef)
    return sp.simplify(expression.xreplace({one: 2 + one.args[0] ** 2 for one in data}))


def sum_of_terms(symbol: sp.Symbol, summand: sp.Expr, i: sp.Symbol) -> Recurrence:
    """``sum_{i=1}^k summand`` as a sequence: a multiple of the sum before, and one more term.

    Raises :class:`ValueError` where from ``k`` to ``k + 1`` the terms do not all grow by the same factor.

    >>> i, S, beta = sp.symbols("i S beta")
    >>> sum_of_terms(S, beta ** (k - i) * sp.Function("g")(i), i).following
    S*beta + g(k + 1)
    """
    growth = sp.simplify(sp.powsimp(summand.subs(k, k + 1) / summand))
    if i in growth.free_symbols:
        raise ValueError(
            f"the sum of {summand} over {i} cannot be taken apart: from k to k + 1 its terms grow by "
            f"{growth}, which is not the same for all {i}"
        )
    last = sp.simplify(summand.subs(k, k + 1).subs(i, k + 1))
    return Recurrence(symbol, sp.S.Zero, growth * symbol + last, summand=(summand, i))
