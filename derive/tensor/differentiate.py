"""Derivatives in general dimension, one named rule at a time.

A derivative that is still to be taken is a node (:class:`~derive.tensor.nodes.D`); each rule replaces such
nodes by what one textbook rule makes of them. :func:`differentiate` applies rules until none is left and
hands every intermediate expression to its caller, so that the way is the computation and not a story
told about it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from derive.tensor.index import Index, fresh
from derive.tensor.nodes import (
    Access,
    Apply,
    Argmax,
    Bracket,
    D,
    IfPositive,
    Inverse,
    LogDet,
    Maximum,
    Sum,
    tensors_in,
)
from derive.tensor.program import Program
from derive.tensor.words import Words


@dataclass(frozen=True)
class Step:
    """``before == after``, by one named rule. Trivial steps are folded away unless detail is asked for."""

    rule: str
    before: sp.Expr
    after: sp.Expr
    trivial: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule of differentiation: ``apply`` returns what it makes of a derivative, or None."""

    name: str
    apply: Callable[[D, Program], sp.Expr | None]
    trivial: bool = False


def varies(expression: sp.Expr, derivative: D, program: Program) -> bool:
    """Whether an expression changes when the derivative's entry does."""
    moving = derivative.entry.tensor
    tensors = tensors_in(expression)
    if derivative.mode == D.LINK:
        return True
    if derivative.mode == D.DIRECT:
        return moving in tensors
    return any(program.depends(one, moving) for one in tensors)


def _constant(one: D, program: Program) -> sp.Expr | None:
    return None if varies(one.body, one, program) else sp.S.Zero


def _open_link(one: D, program: Program) -> sp.Expr | None:
    if one.mode != D.LINK:
        return None
    return D(program.defined[one.body.tensor].at(one.body.indices), one.entry, D.DIRECT)


def _own_entry(one: D, program: Program) -> sp.Expr | None:
    body = one.body
    if not isinstance(body, Access) or body.tensor != one.entry.tensor:
        return None
    return sp.Mul(*(Bracket(a - b) for a, b in zip(body.indices, one.entry.indices, strict=True)))


def _linear(one: D, program: Program) -> sp.Expr | None:
    if isinstance(one.body, sp.Add):
        return sp.Add(*(one.of(term) for term in one.body.args))
    return None


def _constant_factor(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, sp.Mul):
        return None
    fixed = [factor for factor in one.body.args if not varies(factor, one, program)]
    if not fixed:
        return None
    moving = [factor for factor in one.body.args if factor not in fixed]
    return sp.Mul(*fixed, one.of(sp.Mul(*moving)))


def _is_divisor(factor: sp.Expr) -> bool:
    return isinstance(factor, sp.Pow) and factor.exp.is_number and bool(factor.exp.is_negative)


def _quotient(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, sp.Mul):
        return None
    divisors = [factor for factor in one.body.args if _is_divisor(factor)]
    if not divisors or len(divisors) == len(one.body.args):
        return None
    above = sp.Mul(*(factor for factor in one.body.args if factor not in divisors))
    below = sp.Mul(*(1 / factor for factor in divisors))
    return (below * one.of(above) - above * one.of(below)) / below**2


def _product(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, sp.Mul):
        return None
    factors = one.body.args
    return sp.Add(
        *(sp.Mul(*factors[:k], one.of(factor), *factors[k + 1 :]) for k, factor in enumerate(factors))
    )


def _power(one: D, program: Program) -> sp.Expr | None:
    body = one.body
    if not isinstance(body, sp.Pow) or isinstance(body, sp.exp) or varies(body.exp, one, program):
        return None
    return body.exp * body.base ** (body.exp - 1) * one.of(body.base)


def _exponential(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, sp.exp):
        return None
    return one.body * one.of(one.body.args[0])


def _general_power(one: D, program: Program) -> sp.Expr | None:
    body = one.body
    if not isinstance(body, sp.Pow) or isinstance(body, sp.exp):
        return None
    return body * one.of(body.exp * sp.log(body.base))


def _chain(one: D, program: Program) -> sp.Expr | None:
    body = one.body
    if isinstance(body, Apply):
        outer = Apply(body.function, body.order + 1, body.argument)
        return outer * one.of(body.argument)
    if isinstance(body, (sp.sign, sp.floor, Argmax)):
        return sp.S.Zero  # constant on either side of 0, where the convention is the same
    if isinstance(body, sp.Function) and len(body.args) == 1:
        return body.fdiff() * one.of(body.args[0])
    return None


def _under_the_sum(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, Sum):
        return None
    inner, indices = one.body.open()
    return Sum(one.of(inner), *indices)


def _maximum(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, Maximum):
        return None
    inner, indices = one.body.open()
    return Sum(Argmax(one.body.body, *one.body.bound, *indices) * one.of(inner), *indices)


def _inverse(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, Inverse):
        return None
    matrix, (row, column) = one.body.tensor, one.body.indices
    a, b = (fresh(Index("a", extent)) for extent in matrix.shape)
    return -Sum(Inverse(matrix, row, a) * one.of(matrix[a, b]) * Inverse(matrix, b, column), a, b)


def _log_determinant(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, LogDet):
        return None
    matrix = one.body.tensor
    a, b = (fresh(Index("a", extent)) for extent in matrix.shape)
    return Sum(Inverse(matrix, b, a) * one.of(matrix[a, b]), a, b)


def _cases(one: D, program: Program) -> sp.Expr | None:
    if not isinstance(one.body, IfPositive):
        return None
    condition, then, otherwise = one.body.args
    return IfPositive(condition, one.of(then), one.of(otherwise))


def _definition(one: D, program: Program) -> sp.Expr | None:
    body = one.body
    if one.mode != D.TOTAL or not isinstance(body, Access) or body.tensor not in program.defined:
        return None
    if not body.in_range:
        raise ValueError(
            f"{body} may lie outside {body.tensor.name}, which a statement defines: its definition holds "
            "only inside; use the chain rule (vjp), which needs no definition there"
        )
    return one.of(program.defined[body.tensor].at(body.indices))


RULES = (
    Rule("definition", _open_link),
    Rule("a constant has derivative 0", _constant, trivial=True),
    Rule("an entry depends only on itself", _own_entry, trivial=True),
    Rule("sum rule", _linear, trivial=True),
    Rule("constant factor", _constant_factor, trivial=True),
    Rule("quotient rule", _quotient),
    Rule("product rule", _product),
    Rule("power rule", _power),
    Rule("derivative of the exponential", _exponential),
    Rule("chain rule", _chain),
    Rule("derivative of a general power", _general_power),
    Rule("differentiate under the sum", _under_the_sum, trivial=True),
    Rule("a maximum changes with its greatest entry", _maximum),
    Rule("derivative of the inverse", _inverse),
    Rule("derivative of the log-determinant", _log_determinant),
    Rule("each case by itself", _cases),
    Rule("definition", _definition),
)


def rewrite_derivatives(expression: sp.Expr, rule: Callable[[D], sp.Expr]) -> sp.Expr:
    """Replace every derivative still to be taken; sums around it are opened and closed again."""
    if isinstance(expression, D):
        return rule(expression)
    if not expression.has(D):
        return expression
    if isinstance(expression, Sum):
        body, indices = expression.open()
        return Sum(rewrite_derivatives(body, rule), *indices)
    return expression.func(*(rewrite_derivatives(argument, rule) for argument in expression.args))


def _name(rule: Rule, used: list[D]) -> str:
    """The rule's name; for a definition also whose it is."""
    if rule.name != "definition":
        return rule.name
    opened = list(dict.fromkeys(one.body.tensor for one in used))
    return Words.of("definition of " + ", ".join("{}" for _ in opened), *opened)


def differentiate(expression: sp.Expr, program: Program) -> tuple[sp.Expr, list[Step]]:
    """Take every derivative in the expression; the steps say by which rules.

    Raises :class:`NotImplementedError` for a function SymPy cannot differentiate.
    """
    steps: list[Step] = []
    while waiting := sorted(expression.atoms(D), key=str):
        # Which rule applies is asked before any sum is opened: opening is what costs.
        for rule in RULES:
            used = [one for one in waiting if rule.apply(one, program) is not None]
            if used:
                break
        else:
            raise NotImplementedError(f"no rule differentiates {waiting[0].body}")

        def use(one: D, rule: Rule = rule) -> sp.Expr:
            result = rule.apply(one, program)
            return one if result is None else result

        after = rewrite_derivatives(expression, use)
        steps.append(Step(_name(rule, used), expression, after, rule.trivial))
        expression = after
    return expression, steps
