"""Derivatives in the writings in use: fractions of d or of curly d, operators before an operand, nabla."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from derive.reading import symbols
from derive.reading.context import Context, Unread, times
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token
from derive.reading.runs import expand
from derive.reading.scripts import read_lower, script_argument
from derive.reading.tree import (
    Ambiguous,
    Call,
    Derivative,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def _sign(item: Item | None) -> str | None:
    """``partial``, ``d`` or ``delta`` if the item is the sign of a derivative."""
    if not isinstance(item, Token):
        return None
    if item.kind == "command" and item.text in ("partial", "delta"):
        return item.text
    if item.kind in ("letter", "text") and item.text.strip() == "d":
        return "d"
    return None


def _strip(items: Sequence[Item], context: Context) -> list[Item]:
    kept = expand(items, context, script=False)
    while len(kept) == 1 and isinstance(kept[0], Group) and kept[0].open == "{":
        kept = expand(kept[0].items, context, script=False)
    return kept


def fraction(top: Sequence[Item], bottom: Sequence[Item], parser: Parser, start: int, end: int) -> Tree:
    """``\\frac{top}{bottom}``: a derivative if both begin with the same sign of one, else a quotient."""
    context = parser.context
    above, below = _strip(top, context), _strip(bottom, context)
    kinds = (_sign(above[0] if above else None), _sign(below[0] if below else None))
    declared = "d" in context.declarations
    if (
        kinds[0] == kinds[1]
        and kinds[0] in ("partial", "d")
        and len(below) > 1
        and not (kinds[0] == "d" and declared)
    ):
        return derivative(above, below, kinds[0], parser, start, end)
    if "partial" in kinds:
        raise Unread("a curly d without its partner", start, end)
    quotient = Divide(parser.read(top), parser.read(bottom), span=(start, end))
    if kinds == ("delta", "delta") and len(below) > 1 and not _scripted(below) and not _scripted(above):
        other = derivative(above, below, "delta", parser, start, end)
        return Ambiguous((other, quotient), "the sign delta: a derivative or a factor", span=(start, end))
    return quotient


def _scripted(items: Sequence[Item]) -> bool:
    return len(items) > 1 and isinstance(items[1], Token) and items[1].text == "_"


def derivative(above: list[Item], below: list[Item], sign: str, parser: Parser, start: int, end: int) -> Tree:
    """Numerator and denominator that both begin with the sign of a derivative."""
    order, rest = _order(above[1:])
    of = parser.read(rest) if rest else None
    wrt: list[Tree] = []
    for variable in _variables(below, sign):
        tree = parser.read(variable)
        if order > 1 and isinstance(tree, Power) and isinstance(tree.exponent, Number):
            count = int(tree.exponent.digits) if tree.exponent.digits.isdigit() else 0
            if not 0 < count <= order:
                raise Unread("the order of the derivative is not clear", start, end)
            wrt.extend([tree.base] * count)
        else:
            wrt.append(tree)
    if len(wrt) != order:
        raise Unread(f"a derivative of order {order} by {len(wrt)} variables", start, end)
    kind = "partial" if sign == "delta" else sign
    return Derivative(of, tuple(wrt), kind, span=(start, end))


def _order(items: list[Item]) -> tuple[int, list[Item]]:
    if len(items) >= 2 and isinstance(items[0], Token) and items[0].text == "^":
        exponent = items[1]
        inner = exponent.items[0] if isinstance(exponent, Group) and len(exponent.items) == 1 else exponent
        if inner.kind == "number" and inner.text.isdigit() and 1 <= int(inner.text) <= 9:
            return int(inner.text), items[2:]
    return 1, items


def _variables(items: list[Item], sign: str) -> list[list[Item]]:
    pieces: list[list[Item]] = []
    for place, item in enumerate(items):
        last = place == len(items) - 1
        if _sign(item) == sign and not last and not (pieces and not pieces[-1]):
            pieces.append([])
        else:
            pieces[-1].append(item)
    return pieces


def operand(parser: Parser, made: Derivative) -> Tree:
    """Give an operator that stands alone, ``\\frac{d}{dx}``, the brackets or factors that follow it."""
    if made.of is not None or not parser.starts_factor():
        return made
    item = parser.peek()
    if isinstance(item, Group) and item.open in ("(", "[", "\\{"):
        of = parser.factor()
    else:
        factors = [parser.factor()]
        while parser.starts_factor() and not (made.kind.startswith("nabla") and parser.next_is("nabla")):
            factors.append(parser.factor())  # another nabla has an operand of its own
        of = times(factors, ["" for _ in factors[1:]])
    span = (made.span[0], of.span[1]) if made.span and of.span else made.span
    return replace(made, of=of, span=span)


def nabla(parser: Parser, start: int) -> Tree:
    """``\\nabla_W L``, ``\\nabla f(x)``, ``\\nabla^2 f``; the sign itself has been taken."""
    kind, end = "nabla", parser.items[parser.at - 1].end
    wrt: tuple[Tree, ...] = ()
    while parser.next_is("_", "^"):
        sign = parser.take()
        argument = script_argument(parser)
        if sign.text == "_":
            if wrt:
                raise parser.refuse("two subscripts on one symbol", sign)
            wrt = read_lower(argument, parser)
        elif [getattr(item, "text", "") for item in argument] == ["2"]:
            kind = "nabla^2"
        else:
            raise parser.refuse("a power of nabla", sign)
        end = parser.items[parser.at - 1].end
    bracketed = isinstance(parser.peek(), Group)
    made = operand(parser, Derivative(None, wrt, kind, span=(start, end)))
    if bracketed or not isinstance(made, Derivative) or made.of is None:
        return made
    return _how_far(made)


def _how_far(made: Derivative) -> Tree:
    """``\\nabla \\log p(x) f(x)``: of the product, or of its first factor, if that has its own brackets."""
    of = made.of
    turned = of.factors[0] if isinstance(of, Multiply) else of
    if isinstance(turned, Transpose) and _is_scalar_function(turned.operand):
        # \nabla f(x)^T d: what is turned is the gradient, for a number needs no turning
        gradient = Transpose(replace(made, of=turned.operand), span=made.span)
        return times([gradient, *of.factors[1:]], of.signs) if isinstance(of, Multiply) else gradient
    if (
        made.kind == "nabla^2"
        and isinstance(turned, Power)
        and turned.exponent == Negative(Number("1"))
        and _is_scalar_function(turned.base)
    ):
        # \nabla^2 f(x)^{-1} d: what is inverted is the matrix of derivatives
        inverse = Power(replace(made, of=turned.base), turned.exponent, span=made.span)
        return times([inverse, *of.factors[1:]], of.signs) if isinstance(of, Multiply) else inverse
    for reading in of.readings if isinstance(of, Ambiguous) else (of,):
        if not isinstance(reading, Multiply) or reading.signs[0] or not isinstance(reading.factors[0], Call):
            continue
        near = replace(made, of=reading.factors[0])
        narrow = times([near, *reading.factors[1:]], reading.signs)
        return Ambiguous((narrow, made), "how far the gradient reaches", span=made.span)
    return made


def _is_scalar_function(tree: Tree) -> bool:
    name = tree.function if isinstance(tree, Call) else tree
    name = name.base if isinstance(name, Indexed) else name
    letters = symbols.FUNCTION_LETTERS - {"sigma"}
    return isinstance(name, Name) and (name.text in letters or name.font == "cal")


def partial(parser: Parser, start: int) -> Tree:
    """A curly d outside a fraction: ``\\partial_x f``, ``\\partial L / \\partial w``; alone it is not "
    "read."""
    if parser.next_is("_"):
        parser.at += 1
        wrt = read_lower(script_argument(parser), parser)
        return operand(
            parser, Derivative(None, wrt, "partial", span=(start, parser.items[parser.at - 1].end))
        )
    made = slashed(parser, "partial", parser.at, start)
    if made is None:
        raise parser.refuse("a curly d without its partner", parser.items[parser.at - 1])
    return made


def slashed(parser: Parser, sign: str, first: int, start: int) -> Tree | None:
    """``dL/dx`` and ``\\partial L / \\partial w``, if that stands here; ``first`` is the item after the "
    "sign."""
    stroke = _skip_operand(parser, first)
    if (
        stroke is None
        or getattr(parser.items[stroke], "text", "") != "/"
        or stroke + 2 > len(parser.items) - 1
    ):
        return None
    if _sign(parser.items[stroke + 1]) != sign:
        return None
    stop = _skip_operand(parser, stroke + 2)
    if stop is None and stroke + 2 < len(parser.items):
        stop = len(parser.items)
    if stop is None or stop == stroke + 2:
        return None
    above = [parser.items[first - 1], *parser.items[first:stroke]]
    below = list(parser.items[stroke + 1 : stop])
    try:
        made = derivative(above, below, sign, parser, start, parser.items[stop - 1].end)
    except Unread:
        return None
    parser.at = stop
    return operand(parser, made) if isinstance(made, Derivative) and made.of is None else made


def typed_operator(parser: Parser, start: int) -> Tree | None:
    """``d/dx``, after its first d has been taken: the operator with what it is applied to."""
    variable = parser.peek(2)
    if "d" in parser.context.declarations or not isinstance(variable, Token) or variable.spaced:
        return None
    if variable.kind != "letter" and not (variable.kind == "command" and variable.text in symbols.SYMBOLS):
        return None
    parser.at += 3
    name: Tree = Name(variable.text, span=(variable.start, variable.end))
    if parser.next_is("_"):
        parser.at += 1
        name = Indexed(name, read_lower(script_argument(parser), parser), span=(variable.start, variable.end))
    end = parser.items[parser.at - 1].end
    return operand(parser, Derivative(None, (name,), "d", span=(start, end)))


def _skip_operand(parser: Parser, at: int) -> int | None:
    """The place after one symbol with its scripts (or one bracketed group), from ``at``; None at the end."""
    items = parser.items
    if at < len(items) and getattr(items[at], "text", "") == "/":
        return at
    while at < len(items) and getattr(items[at], "text", "") == "^":
        at += 2
    if at >= len(items):
        return None
    item = items[at]
    at += (
        2
        if isinstance(item, Token) and item.kind == "command" and at + 1 < len(items) and _takes_group(item)
        else 1
    )
    if (
        at < len(items)
        and item.kind == "letter"
        and items[at].kind == "number"
        and items[at].start == item.end
    ):
        at += 1  # w5
    while at < len(items) and getattr(items[at], "text", "") in ("_", "^", "'"):
        at += 1 if items[at].text == "'" else 2
    return at if at < len(items) else None


def _takes_group(item: Token) -> bool:
    return item.text in symbols.FONTS or item.text in symbols.ACCENTS


def differential(parser: Parser, letter: Token) -> Tree | None:
    """``d`` directly before a name: ``dL/dx``, or the name ``dx`` (a gradient), or a product with ``d``."""
    after = parser.peek()
    if not isinstance(after, Token) or after.spaced or "d" in parser.context.declarations:
        return None
    is_name = after.kind == "letter" or (
        after.kind == "command"
        and after.text in symbols.SYMBOLS | symbols.ACCENTS.keys() | symbols.FONTS.keys()
    )
    if not is_name:
        return None
    made = slashed(parser, "d", parser.at, letter.start)
    if made is not None:
        return made
    tree = parser.factor()
    joined = prefixed(tree, letter.start)
    if joined is None:
        return times([Name("d", span=(letter.start, letter.end)), tree], [""])
    product = times([Name("d", span=(letter.start, letter.end)), tree], [""])
    return Ambiguous(
        (joined, product), "d before a name: one name or a product", span=(letter.start, letter.end)
    )


def prefixed(tree: Tree, start: int) -> Tree | None:
    """``x_1`` as ``dx_1``: the d goes onto the name at the tree's head."""
    span = (start, tree.span[1]) if tree.span else None
    if isinstance(tree, Name):
        return replace(tree, marks=(*tree.marks, "d"), span=span)
    if isinstance(tree, Indexed):
        base = prefixed(tree.base, start)
        return None if base is None else replace(tree, base=base, span=span)
    if isinstance(tree, Transpose):
        operand_ = prefixed(tree.operand, start)
        return None if operand_ is None else replace(tree, operand=operand_, span=span)
    if isinstance(tree, Power):
        base = prefixed(tree.base, start)
        return None if base is None else replace(tree, base=base, span=span)
    return None
