"""Operators with a body: ``\\sum_{i=1}^n``, ``\\max_x``, ``\\int``, ``E[x]``, and how far they reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from derive.reading import symbols
from derive.reading.attaching import postfix
from derive.reading.context import Context, span_of
from derive.reading.functions import apply, arguments, next_group
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token
from derive.reading.runs import expand
from derive.reading.scripts import Scripts, script_argument
from derive.reading.tree import (
    Add,
    Big,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Span,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def loose_sum(terms: list[Tree]) -> Tree | None:
    """``\\sum_i a_i + b_i``: the sum over both, if the later terms use an index that the sum binds."""
    for place, term in enumerate(terms[:-1]):
        negative = isinstance(term, Negative)
        big = term.operand if isinstance(term, Negative) else term
        factors: tuple[Tree, ...] = ()
        if isinstance(big, Multiply) and isinstance(big.factors[-1], Big):
            factors, signs, big = big.factors[:-1], big.signs, big.factors[-1]
        if not isinstance(big, Big) or big.operator in ("E", "lim"):
            continue
        rest = terms[place + 1 :]
        bound = [*big.variables, *(node for node in _walk(big.condition) if isinstance(node, Name))]
        if not any(_uses(later, variable) for later in rest for variable in bound):
            continue
        wide: Tree = _widened(big, rest)
        wide = Multiply((*factors, wide), signs) if factors else wide
        wide = Negative(wide) if negative else wide
        return Add((*terms[:place], wide)) if place else wide
    return None


def _widened(big: Big, rest: list[Tree]) -> Big:
    """The operator over its body and the later terms, which the innermost takes that binds what they use."""
    inner = big.body
    if isinstance(inner, Big) and any(_uses(later, name) for later in rest for name in inner.variables):
        return replace(big, body=_widened(inner, rest), span=None)
    return replace(big, body=Add((inner, *rest)), span=None)


def _walk(tree: Tree | None) -> list[Tree]:
    return [] if tree is None else list(tree.walk())


def _uses(tree: Tree, variable: Tree) -> bool:
    """Whether the variable occurs free."""
    if tree == variable:
        return True
    if isinstance(tree, Big) and (variable in tree.variables or variable in _walk(tree.condition)):
        return False
    return any(_uses(child, variable) for child in tree.children())


# ---- operators with a body
def read_big(parser: Parser, operator: str, start: int, below: list[Item] | None = None) -> Tree:
    """``\\sum`` and its kin, after the sign itself has been taken."""
    lower: list[Item] | None = below
    upper: list[Item] | None = None
    while parser.next_is("_", "^"):
        sign = parser.take()
        argument = script_argument(parser)
        if (lower if sign.text == "_" else upper) is not None:
            raise parser.refuse("two bounds in one place", sign)
        if sign.text == "_":
            lower = argument
        else:
            upper = argument
    if lower is None and upper is None and operator in ("max", "min", "sup", "inf"):
        return _plain_extremum(parser, operator, start)
    bound = _bounds(None if operator == "int" else lower, parser)
    if operator == "int" and lower is not None:
        bound.lower = parser.read(lower, script=True)
    top = None
    if upper is not None:
        top = parser.read(upper, script=True)
    if operator == "int":
        variables, body = _integrand(parser)
        return Big(
            "int", variables, bound.lower, top, body, bound.domain, bound.condition, span=_to(start, body)
        )
    if not (parser.starts_factor() or parser.next_is("-")):
        raise parser.refuse(
            f"nothing stands under the {operator}", parser.peek() or parser.items[parser.at - 1]
        )
    body = parser.signed(parser.elementwise)
    return Big(
        operator, bound.variables, bound.lower, top or bound.upper, body, bound.domain, bound.condition,
        span=_to(start, body),
    )  # fmt: skip


def _to(start: int, body: Tree) -> Span:
    return (start, body.span[1] if body.span else start)


def _plain_extremum(parser: Parser, operator: str, start: int) -> Tree:
    name = Name(operator, span=(start, parser.items[parser.at - 1].end))
    if next_group(parser, "(", "[", "\\{"):
        return apply(name, Scripts(), parser)
    if not parser.starts_factor():
        return name
    body = parser.elementwise()
    return Big(operator, (), None, None, body, span=_to(start, body))


class _Bounds:
    def __init__(self) -> None:
        self.variables: tuple[Tree, ...] = ()
        self.lower: Tree | None = None
        self.upper: Tree | None = None
        self.domain: Tree | None = None
        self.condition: Tree | None = None


def _bounds(items: list[Item] | None, parser: Parser) -> _Bounds:
    """What is written below: ``i=1``, ``i,j``, ``i \\in S``, ``j \\ne i``, ``1 \\le i \\le n``."""
    found = _Bounds()
    if items is None:
        return found
    if len(items) == 2 and getattr(items[0], "text", "") == "substack" and isinstance(items[1], Group):
        items = [
            Token("sign", ",", item.start, item.end) if item.kind == "row" else item
            for item in items[1].items
        ]  # fmt: skip
    tree = parser.read(items, script=True)
    parts = tree.items if isinstance(tree, List) and not tree.brackets else (tree,)
    for part in parts:
        _bind(part, found)
    return found


def _bind(part: Tree, found: _Bounds) -> None:
    if not isinstance(part, Relation):
        # `ij` below a sum is i and j
        found.variables += part.factors if isinstance(part, Multiply) else (part,)
        return
    if part.sign in ("=", "->", ":=") and part.left not in found.variables and found.lower is None:
        found.variables += (part.left,)
        found.lower = part.right
    elif part.sign == "in" and found.domain is None:
        found.variables += (part.left,) if part.left not in found.variables else ()
        found.domain = part.right
    elif (
        part.sign == "<="
        and part.right not in found.variables
        and found.lower is None
        and _is_bound(part.left)
    ):
        found.variables += (part.right,)
        found.lower = part.left
    elif part.sign == "<=" and part.left in found.variables and found.upper is None:
        found.upper = part.right
    else:
        if not found.variables or (part.sign == "!=" and part.left not in found.variables):
            found.variables += (part.left,)
        found.condition = part if found.condition is None else List((found.condition, part), "")


def _is_bound(tree: Tree) -> bool:
    return isinstance(tree, Number)


def _integrand(parser: Parser) -> tuple[tuple[Tree, ...], Tree]:
    """Up to ``d x``; both are taken. Integrals inside have a ``d x`` of their own."""
    inner = 0
    parser.items = _out_of_fractions(parser.items)
    for place in range(parser.at, len(parser.items)):
        item = parser.items[place]
        inner += item.kind == "command" and symbols.BIG_COMMANDS.get(item.text) == "int"
        if not _is_differential(parser.items, place):
            continue
        if inner:
            inner -= 1
            continue
        body: Tree = parser.stretch(parser.at, place) if place > parser.at else Number("1")
        first = place == parser.at
        parser.at = place + 1
        variable = parser.factor()
        if first and parser.starts_factor():  # \int dx f(x)
            body = parser.elementwise()
        return (variable,), body
    if not parser.starts_factor():
        raise parser.refuse("nothing stands under the integral", parser.peek())
    return (), parser.elementwise()  # what it runs over is not written, and nothing will evaluate it


def _is_differential(items: Sequence[Item], place: int) -> bool:
    item = items[place]
    upright = isinstance(item, Token) and item.text.strip() == "d" and item.kind in ("letter", "text")
    after = items[place + 1] if place + 1 < len(items) else None
    return upright and isinstance(after, Token) and after.kind in ("letter", "command")


def _out_of_fractions(items: list[Item]) -> list[Item]:
    """``\\int \\frac{dx}{x}`` with its ``dx`` behind the fraction."""
    for place, item in enumerate(items[:-2]):
        above, below = items[place + 1], items[place + 2]
        if item.kind != "command" or item.text != "frac":
            continue
        if not (isinstance(above, Group) and isinstance(below, Group)):
            continue
        kept = [inner for inner in above.items if inner.kind != "space"]
        kept = expand(kept, Context(), False) if kept else kept
        under = [inner for inner in below.items if inner.kind != "space"]
        if (
            len(kept) < 2
            or not _is_differential(kept, len(kept) - 2)
            or not under
            or under[0].text[:1] == "d"
        ):
            continue
        rest = kept[:-2] or [Token("number", "1", above.start, above.start)]
        top = Group("{", "}", rest, above.start, above.end, depth=above.depth)
        return [*items[: place + 1], top, below, *kept[-2:], *items[place + 3 :]]
    return items


def expectation(name: Tree, found: Scripts, group: Group, parser: Parser) -> Tree:
    """``E[x]`` and ``\\mathbb{E}_{x \\sim p}[f(x)]``."""
    listed = any(item.kind != "space" and item.text in (",", ";", "|", "mid") for item in group.items)
    # Without a comma it is one body, and a thin space is no column of a row vector: E[Q(s, a)\, x].
    inner = arguments(group, parser) if listed or not group.items else (parser.read(group.items),)
    if len(inner) != 1:
        raise parser.refuse("an expectation of a list", group)
    return postfix(parser, expected(name, found, inner[0], (group.start, group.end)))


def expected(name: Tree, found: Scripts, body: Tree, place: Span) -> Tree:
    """The expectation of a body; what stands below the sign binds its variables."""
    variables: tuple[Tree, ...] = ()
    domain: Tree | None = None
    condition: Tree | None = None
    lower = _conditioned(name.lower if isinstance(name, Indexed) else found.lower)
    told = [index for index in lower if isinstance(index, Relation)]
    for index in lower:
        if not isinstance(index, Relation):
            variables += (index,)
        elif index.sign in ("~", "in"):
            variables += (index.left,)
    if len(told) == 1 and told[0].sign == "~" and lower[-1] is told[0]:
        domain = told[0].right
    elif told:
        condition = told[0] if len(told) == 1 else List(tuple(told), "")
    span = (name.span[0], place[1]) if name.span else None
    tree: Tree = Big("E", variables, None, None, body, domain, condition, span=span)
    return inverse_or_power_of_big(tree, found)


def _conditioned(lower: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """What stands below an expectation: ``Z | X, theta`` is one condition, on all that follows the bar."""
    bar = next((at for at, part in enumerate(lower) if isinstance(part, Relation) and part.sign == "|"), None)
    if bar is None or bar == len(lower) - 1 or any(isinstance(part, Relation) for part in lower[bar + 1 :]):
        return lower
    given = cast(Relation, lower[bar])
    whole = List((given.right, *lower[bar + 1 :]), "", span=span_of([given.right, lower[-1]]))
    return (*lower[:bar], replace(given, right=whole, span=span_of([given, lower[-1]])))


def inverse_or_power_of_big(tree: Tree, found: Scripts) -> Tree:
    for power in found.powers:
        tree = Power(tree, power, span=tree.span)
    return tree
