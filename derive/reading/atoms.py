"""The smallest wholes of a formula, and the brackets around larger ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.reading import functions, symbols
from derive.reading.attaching import evaluated, postfix, raise_to
from derive.reading.commands import command, plain_root
from derive.reading.groups import Group
from derive.reading.items import OPERATORS, describe, ellipsis
from derive.reading.lexer import Token
from derive.reading.matrices import environment, sequence
from derive.reading.names import element_index, letter, word
from derive.reading.numerals import number
from derive.reading.scripts import read_scripts
from derive.reading.tree import (
    Add,
    Ambiguous,
    Call,
    Derivative,
    Ellipsis,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Relation,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser

_BRACKET_CALLS = {"lfloor": "floor", "lceil": "ceil", "langle": "inner"}


def read_factor(parser: Parser) -> Tree:
    """One factor: an atom, its scripts, and its arguments if it is a function."""
    item = parser.take()
    if isinstance(item, Group):
        return group(parser, item)
    if isinstance(item, Token) and item.text in ("*", ":", "cdot") and _stands_alone(parser):
        span = (item.start, item.end)
        return Ellipsis("cdot", span=span) if item.text == "cdot" else Name(item.text, span=span)
    points = ellipsis(item)
    if points is not None:
        return points
    if item.kind == "number":
        return number(parser, item)
    if item.kind == "letter":
        return letter(parser, item)
    if item.kind in ("word", "text") and item.text.strip() == "sqrt":
        return plain_root(parser, item)
    if item.kind in ("word", "text"):
        return word(parser, item)
    if item.kind == "command" and item.text == "Vert":
        return bars(parser, item, "Vert", "norm")
    if item.kind == "command":
        return command(parser, item)
    if item.kind == "sign" and item.text == "|":
        return bars(parser, item, "|", "abs")
    if item.kind == "sign" and item.text in ("+", "*", "/", "=", "<", ">"):
        raise parser.refuse(f"nothing stands before {item.text!r}", item)
    raise parser.refuse(describe(item), item)


def _stands_alone(parser: Parser) -> bool:
    """Whether only commas stand beside the sign just taken: ``(*, C)``, ``X_{:,j}``, ``f(\\cdot)``."""
    before = parser.items[parser.at - 2] if parser.at >= 2 else None
    return all(item is None or item.text in (",", ";", "|", "mid") for item in (before, parser.peek()))


def bars(parser: Parser, token: Token, sign: str, function: str) -> Tree:
    """``|x|`` and ``\\|x\\|``, as far as the next bar."""
    double = sign == "|" and parser.next_is("|")
    if double and (stop := _closing_bar(parser)) is not None:  # ||x| - |y||
        body = parser.stretch(parser.at, stop)
        parser.at = stop + 1
        return _norm(parser, function, (body,), (token.start, parser.items[stop].end))
    if double:
        parser.at += 1
        function = "norm"
    for place in range(parser.at + 1, len(parser.items)):
        here = parser.items[place]
        if not (isinstance(here, Token) and here.text == sign and here.kind in ("sign", "command")):
            continue
        if double and not (
            place + 1 < len(parser.items) and getattr(parser.items[place + 1], "text", "") == "|"
        ):
            continue
        body = parser.stretch(parser.at, place)
        parser.at = place + (2 if double else 1)
        return _norm(parser, function, (body,), (token.start, parser.items[parser.at - 1].end))
    raise parser.refuse("an unbalanced bar", token)


def _closing_bar(parser: Parser) -> int | None:
    """Where the first of two bars closes, if the second closes before a sign and opens a value of its own."""
    opened, outer = 2, None
    for place in range(parser.at + 1, len(parser.items)):
        item, before = parser.items[place], parser.items[place - 1]
        if not (isinstance(item, Token) and item.kind == "sign" and item.text == "|"):
            continue
        opens = isinstance(before, Token) and (before.text in OPERATORS | {"+", "-", "*", "/", ","})
        opened += 1 if opens else -1
        if opened == 1 and outer is None:
            after = parser.items[place + 1] if place + 1 < len(parser.items) else None
            if not isinstance(after, Token) or after.text not in OPERATORS | {"+", "-", "*", "/"}:
                return None
            outer = place
        if opened == 0:
            return place
    return None


def _norm(parser: Parser, function: str, body: tuple[Tree, ...], span: tuple[int, int]) -> Tree:
    name: Tree = Name(function)
    start = parser.at
    if parser.next_is("_", "^") and function == "norm":
        found = read_scripts(parser, Number("0", span=span))
        if found.lower:
            call = Call(Indexed(name, found.lower), body, span=(span[0], found.end))
            return raise_to(call, found)
        parser.at = start
    return postfix(parser, Call(name, body, span=span))


def _derived(parser: Parser, tree: Tree, start: int) -> Tree:
    """``(f g)'(x)``: the derivative of what stands in brackets, at x."""
    following = functions.next_group(parser, "(")
    primed = isinstance(tree, Derivative) and tree.kind.startswith("prime")
    if not primed or following is None or not following.items:
        return tree
    parser.at += 1
    return postfix(parser, Call(tree, functions.arguments(following, parser), span=(start, following.end)))


def _composed(tree: Tree, item: Group, parser: Parser) -> Tree | None:
    """``(f * g)(t)`` and ``(I * K)(i, j)``: functions joined and then applied, or a product of brackets."""
    following = functions.next_group(parser, "(")
    if following is None or item.open != "(" or not following.items:
        return _sample(tree, item, parser)
    if isinstance(tree, Ambiguous) and isinstance(tree.readings[-1], Multiply):  # f after g
        tree = tree.readings[-1]
    parts = tree.factors if isinstance(tree, Multiply) else tree.terms if isinstance(tree, Add) else ()
    bare = [part.operand if isinstance(part, Negative) else part for part in parts]
    named = bool(parts) and all(
        isinstance(part, Name) and part.text in symbols.JOINED_LETTERS for part in bare
    )
    joined_by_sign = isinstance(tree, Multiply) and set(tree.signs) <= {"*", "odot"}
    letters = all(isinstance(part, (Name, Indexed)) for part in parts)
    if not named and not (joined_by_sign and letters):
        return None
    start = parser.at
    parser.at += 1
    inside = functions.arguments(following, parser)
    span = (item.start, following.end)
    composed = any(inner.text == "circ" for inner in item.items)
    joined = tree
    if composed and isinstance(tree, Multiply) and len(tree.factors) == 2:
        joined = Relation("circ", *tree.factors, span=tree.span)
    call = Call(joined, inside, span=span)
    if len(inside) > 1:
        return postfix(parser, call)
    if not isinstance(inside[0], (Name, Indexed)) or parser.next_is("^", "_", "'"):
        parser.at = start
        return None
    product = Multiply((replace(tree, span=(item.start, item.end)), inside[0]), ("",), span=span)
    return Ambiguous((call, product), "brackets after joined functions: an argument or a factor", span=span)


def _sample(tree: Tree, item: Group, parser: Parser) -> Tree | None:
    """``(x * h)[n]``: an element of what stands in brackets, or a factor behind it."""
    following = functions.next_group(parser, "[")
    if following is None or following.spaced or item.open != "(" or not isinstance(tree, (Add, Multiply)):
        return None
    index = element_index(following, parser)
    if index is None:
        return None
    parser.at += 1
    span = (item.start, following.end)
    element = Indexed(tree, (index,), span=span)
    if isinstance(tree, Multiply) and set(tree.signs) <= {"*"}:
        return postfix(parser, element)
    inside = index.items[0] if len(index.items) == 1 else index
    product = Multiply((tree, inside), ("",), span=span)
    return Ambiguous((product, element), "square brackets: an index or a factor", span=span)


def group(parser: Parser, item: Group) -> Tree:
    """A bracketed group: a grouping, a list, a matrix, a bar pair, a floor."""
    span = (item.start, item.end)
    if item.open == "begin":
        return postfix(parser, environment(item, parser))
    if item.open == "{":
        if not item.items:
            raise parser.refuse("empty braces", item)
        return postfix(parser, replace(parser.read(item.items), span=span))
    if not item.items:
        raise parser.refuse("empty brackets", item)
    if item.sized and item.open == "." and item.close == "|" and parser.next_is("_"):
        tree = parser.read(item.items)
        where = read_scripts(parser, tree)
        if len(where.lower) != 1:
            raise parser.refuse("an evaluation bar with more than one condition", item)
        return evaluated(tree, where.lower[0], where.end)
    if item.open in ("|", "Vert") and item.close == item.open:
        body = parser.read(item.items)
        if isinstance(body, Matrix) and not body.brackets:  # bars around rows: a determinant
            return postfix(parser, replace(body, brackets="|" if item.open == "|" else "\\|", span=span))
        return _norm(parser, "abs" if item.open == "|" else "norm", (body,), span)
    if item.open in _BRACKET_CALLS:
        found = functions.arguments(item, parser)
        return postfix(parser, Call(Name(_BRACKET_CALLS[item.open]), found, span=span))
    tree = sequence(item, parser)
    before = parser.items[parser.at - 2] if parser.at >= 2 else None
    behind_in = before is not None and before.text in ("in", "notin")
    if behind_in and (item.open, item.close) == ("[", "]") and not isinstance(tree, (List, Matrix)):
        tree = List((tree,), "[", span=span)  # i \in [n]: the numbers up to n
    applied = _composed(tree, item, parser)
    if applied is not None:
        return applied
    tree = postfix(parser, tree if isinstance(tree, (Relation, Name, Number)) else replace(tree, span=span))
    return _derived(parser, tree, item.start)
