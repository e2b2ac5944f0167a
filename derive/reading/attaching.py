"""Scripts put on their base: marks, indices, labels, powers and transposes; and what stands behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.reading.scripts import TRANSPOSE, Scripts, read_scripts
from derive.reading.tree import (
    NOTHING,
    Ambiguous,
    Call,
    Derivative,
    Indexed,
    List,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Span,
    Transpose,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def attach(base: Tree, found: Scripts, parser: Parser) -> Tree:
    """The base with its marks, indices and labels; powers are left to :func:`raise_to`."""
    span: Span | None = (base.span[0], found.core or found.end) if base.span else None
    marks = found.marks + ("prime",) * found.primes
    if "degrees" in marks and isinstance(base, Number):
        return replace(base, unit="deg", span=span)
    if marks:
        if isinstance(base, Name):
            base = replace(base, marks=base.marks + marks, span=span)
        elif isinstance(base, Indexed) and isinstance(base.base, Name):
            base = replace(base, base=replace(base.base, marks=base.base.marks + marks), span=span)
        elif marks == ("star",) and isinstance(base, List):  # \\{0, 1\\}^*
            return Indexed(base, found.lower, (*found.upper, Name("*")), span=span)
        elif set(marks) == {"prime"}:
            base = Derivative(base, (), "prime" * 1 if len(marks) == 1 else f"prime{len(marks)}", span=span)
        else:
            raise parser.refuse(f"a {marks[0]} on something that is no letter")
    if found.lower or found.upper:
        family = any(isinstance(index, Relation) and index.sign == "in" for index in found.lower)
        if isinstance(base, Indexed) and family:  # (x_i)_{i \in S}: all of them, no index of x_i
            return Indexed(List((base,), "(", span=base.span), found.lower, found.upper, span=span)
        if isinstance(base, Indexed):
            base = Indexed(base.base, base.lower + found.lower, base.upper + found.upper, span=span)
        else:
            base = Indexed(base, found.lower, found.upper, span=span)
            return _indicated(base) or base
    return base


_ONES = (Number("1"), *(Name(text, (), font) for text in "1I" for font in ("bb", "bold")))


def _indicated(tree: Indexed) -> Tree | None:
    """``\\mathbb{1}_{x > 0}`` and ``1_{[i = j]}``: the condition that an indicator carries below."""
    below = tree.lower[0] if len(tree.lower) == 1 else None
    if isinstance(below, List) and len(below.items) == 1:
        below = below.items[0]
    if tree.base not in _ONES or tree.upper or not isinstance(below, Relation) or below.left == NOTHING:
        return None
    return Call(Name("indicator"), (below,), span=tree.span)


def raise_to(base: Tree, found: Scripts) -> Tree:
    """The base to its powers and transposes; a superscript that may be a label gives both readings."""
    span: Span | None = (base.span[0], max(found.end, base.span[1])) if base.span else None
    for power, end in zip(found.powers, found.ends, strict=True):
        here = (span[0], max(end, base.span[1])) if span and base.span else None
        base = Transpose(base, span=here) if power is TRANSPOSE else Power(base, power, span=here)
    if found.doubtful is not None:
        exponent = found.doubtful
        raised = Power(base, exponent, span=span)
        core = base if isinstance(base, Indexed) else Indexed(base)
        label = Indexed(core.base, core.lower, (*core.upper, exponent), span=span)
        if isinstance(base, (Name, Indexed)):
            return Ambiguous((raised, label), "a superscript: a power or a label", span=span)
        return raised
    return base


def inverse_or_power(call: Call, function: Tree, found: Scripts) -> Tree:
    """``\\tanh^2 x`` is a square; ``f^{-1}(x)`` is the inverse function, not one over ``f(x)``."""
    for power in found.powers:
        if power == Negative(Number("1")):
            call = replace(call, function=Power(function, power, span=function.span))
        elif power is TRANSPOSE:
            return Transpose(call, span=call.span)
        else:
            return Power(call, power, span=call.span)
    if found.doubtful is not None:
        return Power(call, found.doubtful, span=call.span)
    return call


def postfix(parser: Parser, base: Tree) -> Tree:
    """Scripts, a factorial, or an evaluation bar after a finished base."""
    found = read_scripts(parser, base)
    tree = raise_to(attach(base, found, parser), found)
    while parser.next_is("!"):
        end = parser.take().end
        if parser.next_is("!"):
            raise parser.refuse("a double factorial", parser.peek())
        span = (tree.span[0], end) if tree.span else None
        tree = Call(Name("factorial"), (tree,), span=span)
    if parser.next_is("|") and parser.next_is("_", ahead=1):
        parser.at += 1
        where = read_scripts(parser, tree)
        if len(where.lower) != 1 or where.powers:
            raise parser.refuse("an evaluation bar with more than one condition", parser.peek(-1))
        return evaluated(tree, where.lower[0], where.end)
    return tree


def evaluated(tree: Tree, condition: Tree, end: int) -> Tree:
    """``\\left. ... \\right|_{x=0}``."""
    span = (tree.span[0], end) if tree.span else None
    if isinstance(tree, Derivative) and tree.at is None:
        return replace(tree, at=condition, span=span)
    return Call(Name("at"), (tree, condition), span=span)
