"""Numbers put in for names that were never given: ``w x + b = 0.5 * 2 + 0.1`` tells what w, x and b are.

Exercise sheets give the numbers and the writer does not copy them. Where a formula and the arithmetic beside
it have the same structure, the values can be read off; later lines are then held to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derive.judging.digits import literal as number_of
from derive.judging.names import CONSTANTS, function_name
from derive.judging.trees import rational
from derive.reading.tree import Add, Call, Divide, Indexed, Multiply, Name, Negative, Power, Transpose, Tree


def values_put_in(formula: Tree, numbers: Tree, value_of: Callable[[Tree], Tree | None]) -> dict[Tree, Tree]:
    """The values that unknown names must have had, if ``numbers`` is ``formula`` with numbers put in.

    ``value_of`` gives what is already known of a name; a known name must agree. Empty if they do not match.

    >>> from derive.reading.tree import Number
    >>> formula, numbers = Add((Name("a"), Name("b"))), Add((Number("2"), Number("3")))
    >>> [(k.text, v.digits) for k, v in values_put_in(formula, numbers, lambda name: None).items()]
    [('a', '2'), ('b', '3')]
    """
    found: dict[Tree, Tree] = {}
    return found if _match(formula, numbers, value_of, found) else {}


def _match(
    formula: Tree, numbers: Tree, value_of: Callable[[Tree], Tree | None], found: dict[Tree, Tree]
) -> bool:
    if isinstance(formula, (Name, Indexed)) and formula not in CONSTANTS:
        if number_of(numbers) is None:
            return False
        known = found.get(formula) or value_of(formula)
        if known is None:
            found[formula] = numbers
            return True
        return rational(known) is not None and rational(known) == rational(numbers)
    if rational(formula) is not None:
        return rational(formula) == rational(numbers)
    if formula in CONSTANTS:
        return formula == numbers
    if isinstance(formula, Transpose):  # w^T x of numbers
        return _match(formula.operand, numbers, value_of, found)
    if isinstance(formula, Multiply) and isinstance(numbers, Negative):  # -2 x is (-2) x
        inner = numbers.operand
        if isinstance(inner, Multiply):
            numbers = replace(inner, factors=(Negative(inner.factors[0]), *inner.factors[1:]))
    if isinstance(formula, Negative) and isinstance(numbers, Negative):
        return _match(formula.operand, numbers.operand, value_of, found)
    if type(formula) is not type(numbers) or not isinstance(formula, (Add, Multiply, Divide, Power, Call)):
        return False
    signs = [getattr(side, "signs", ()) for side in (formula, numbers)]
    if ("odot" in signs[0]) != ("odot" in signs[1]):
        return False
    if isinstance(formula, Call) and isinstance(numbers, Call):
        if formula.function != numbers.function or function_name(formula.function) is None:
            return False
        ours, theirs = formula.arguments, numbers.arguments
    else:
        ours, theirs = tuple(formula.children()), tuple(numbers.children())
    return len(ours) == len(theirs) and all(
        _match(a, b, value_of, found) for a, b in zip(ours, theirs, strict=True)
    )
