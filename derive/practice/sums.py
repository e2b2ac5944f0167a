"""Written sums and products term by term: ``\\sum_{i=1}^{3} w_i x_i`` is ``w_1 x_1 + w_2 x_2 + w_3 x_3``."""

from __future__ import annotations

from math import prod

from derive.judging.trees import rebuild, substitute
from derive.reading.tree import Add, Big, Indexed, Multiply, Name, Negative, Number, ProductSign, Tree

MOST_TERMS = 64  # more is no exercise for paper

_DOT: ProductSign = "cdot"


def written_out(tree: Tree) -> Tree:
    """The tree with every sum and product over whole-number bounds written out, from the outside in.

    Indices that have become sums of numbers are added up (``x_{1+1}`` is ``x_2``). What has other bounds,
    more than :data:`MOST_TERMS` terms or a condition is left as it is.

    >>> x = Indexed(Name("x"), (Add((Name("i"), Number("1"))),))
    >>> written_out(Big("sum", (Name("i"),), Number("1"), Number("2"), x)) == Add(
    ...     (Indexed(Name("x"), (Number("2"),)), Indexed(Name("x"), (Number("3"),)))
    ... )
    True
    """
    match tree:
        case Big("sum" | "prod", (Name() as letter,), lower, upper, body, None, None):
            low = None if lower is None else whole(lower)
            high = None if upper is None else whole(upper)
            if low is not None and high is not None and 0 <= high - low < MOST_TERMS:
                steps = (Number(str(k)) for k in range(low, high + 1))
                terms = tuple(written_out(substitute(body, {letter: step})) for step in steps)
                if len(terms) == 1:
                    return terms[0]
                if tree.operator == "sum":
                    return Add(terms)
                return Multiply(terms, tuple(_DOT for _ in terms[1:]))
        case Indexed(base, lower, upper):
            indices = (whole(index) for index in lower)
            added = tuple(i if n is None else Number(str(n)) for i, n in zip(lower, indices, strict=True))
            return Indexed(base, added, upper, span=tree.span)
    return rebuild(tree, written_out)


def whole(tree: Tree) -> int | None:
    """The value of a whole number or a sum or product of such; None for anything else.

    >>> whole(Add((Number("3"), Negative(Number("1"))))), whole(Name("n"))
    (2, None)
    """
    match tree:
        case Number(digits, "") if digits.isdigit() and len(digits) < 10:
            return int(digits)
        case Negative(operand):
            value = whole(operand)
            return None if value is None else -value
        case Add(terms):
            values = [whole(term) for term in terms]
            return None if None in values else sum(value for value in values if value is not None)
        case Multiply(factors):
            values = [whole(factor) for factor in factors]
            return None if None in values else prod(value for value in values if value is not None)
    return None
