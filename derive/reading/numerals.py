"""Numbers as they are written: digits, powers of ten, units, remarks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from derive.reading import functions, symbols
from derive.reading.attaching import postfix
from derive.reading.groups import Group, Item
from derive.reading.items import has_relation
from derive.reading.lexer import Token
from derive.reading.tree import (
    Call,
    Name,
    Number,
    Tree,
)
from derive.reading.units import measure, units_in

if TYPE_CHECKING:
    from derive.reading.parser import Parser

# GFLOPs, M parameters, million images: a scale and what is counted, which is a remark.
_SCALES = {"million": "M", "billion": "G", "thousand": "K", "k": "K"}
_SCALED = re.compile(
    r"([KMGTk]|million|billion|thousand)\s*(?:FLOPs?|FLOPS|MACs?|MAdds?|MADDs?|OPs|ops|params?|parameters|weights|"
    r"images|examples|samples|tokens|operations|multiplications|multiply-adds)?(?:\s*(?:/|per)\s*(?:s|sec|second))?"
)


def number(parser: Parser, token: Token) -> Tree:
    """A number with its power of ten and its unit."""
    digits = "0" + token.text if token.text.startswith(".") else token.text
    digits = digits.replace("E", "e").replace("e+", "e")
    end = token.end
    power = _power_of_ten(parser) if "e" not in digits else None
    if power is not None:
        digits, end = f"{digits}e{power[0]}", power[1]
    fraction = _spread_fraction(parser, digits)
    if fraction is not None:
        digits, end = f"0.{fraction.text}", fraction.end
    unit = ""
    item = parser.peek()
    if "e" not in digits and _repeats(parser):
        raise parser.refuse("a decimal that repeats: a fraction would be read", item)
    if isinstance(item, Token):
        if item.kind == "sign" and item.text == "%":
            after = parser.peek(1)
            if after is not None and after.kind == "number":
                raise parser.refuse("is this % a percentage or a remainder? \\bmod would be read", item)
            unit = "%"
        elif item.kind == "text" and item.text.strip() in ("K", "M", "G", "T", "B"):
            unit = item.text.strip()
        elif (measured := _measured(parser, item, token.end)) is not None:
            unit = measured
            parser.context.notes.append(item.text.strip())
        elif item.kind in ("text", "word") and (scaled := _SCALED.fullmatch(item.text.strip())) is not None:
            unit = _SCALES.get(scaled.group(1), scaled.group(1))
            parser.context.notes.append(item.text.strip())
        elif item.kind == "letter" and item.text in "KMG" and not item.spaced and "." in digits:
            after = parser.peek(1)
            unit = item.text if not (isinstance(after, Token) and after.text in ("_", "^", "'")) else ""
        elif item.kind == "text" and _is_remark(parser, item):
            parser.context.notes.append(item.text.strip())
            parser.context.units.update(units_in(item.text))
            parser.at += 1
    if unit:
        end = parser.take().end
    tree = Number(digits, unit, span=(token.start, end))
    item = parser.peek()
    if (
        not unit
        and digits == "1"
        and isinstance(item, Group)
        and item.open in ("(", "[", "\\{", "{")
        and has_relation(item.items)
    ):
        parser.at += 1
        inside = functions.arguments(item, parser)
        return postfix(parser, Call(Name("indicator"), inside, span=(token.start, item.end)))
    return postfix(parser, tree)


def _measured(parser: Parser, item: Token, end: int) -> str | None:
    """The unit of measure behind a number; one letter is one only in roman and apart: ``2\\,\\mathrm{s}``."""
    if item.kind not in ("text", "word"):
        return None
    unit, following = measure(item.text), parser.peek(1)
    if unit is None or unit in parser.context.functions or unit in parser.context.declarations:
        return None
    if isinstance(following, Token) and following.text in ("_", "^", "'"):
        return None
    if isinstance(following, Group) and following.open in ("(", "["):
        return None
    apart = item.start > end or item.text[:1].isspace()
    return unit if len(unit) > 1 or (item.kind == "text" and apart) else None


def _spread_fraction(parser: Parser, digits: str) -> Item | None:
    """The digits in ``0 . 3`` as OCR spreads it, consumed: nobody writes a product of 0 so."""
    behind = parser.peek(1)
    if digits != "0" or not parser.next_is(".") or behind is None or not behind.text.isdigit():
        return None
    parser.at += 2
    return behind


_BEHIND = re.compile(r"[ ~]?(\\?%|[A-Za-zµμ]+(?:/s)?)(?![\w-])([ ]\w+)?[ \t]*([.,;:)|\n]|$)?")


def unit_behind(words: str) -> str:
    """The unit of the number that ends a formula, where it stands behind the formula: ``$x = 7.1$ M``.

    A letter alone is one only at the end of a clause or before what is counted.

    >>> [unit_behind(words) for words in (" million each", "%", " M parameters", " M wins,", " M.", " MB")]
    ['M', '%', 'M', '', 'M', 'MB']
    """
    found = _BEHIND.match(words)
    if found is None:
        return ""
    word, counted, ended = found.groups()
    if "%" in word:
        return "%"
    if len(word) > 1 and measure(word) is not None:
        return word
    alone = len(word) > 1 or (ended and not counted)
    scaled = _SCALED.fullmatch(word + (counted or "")) or (_SCALED.fullmatch(word) if alone else None)
    return _SCALES.get(scaled.group(1), scaled.group(1)) if scaled is not None else ""


def _repeats(parser: Parser) -> bool:
    """``0.1\\overline{6}``, ``0.\\bar{3}``: a bar over digits behind a number."""
    at = 1 if parser.next_is(".") else 0
    over = parser.peek(at + 1)
    inner = over.items if isinstance(over, Group) and over.open == "{" else [over] if over is not None else []
    return parser.next_is("overline", "bar", "dot", ahead=at) and [item.kind for item in inner] == ["number"]


def _is_remark(parser: Parser, token: Token) -> bool:
    """Whether words after a number are a remark on it (``16 \\text{ filters}``) and no factor."""
    if not token.text[:1].isspace() and " " not in token.text.strip():
        return False  # 2\text{pad} is a product
    following = parser.peek(1)
    opens = isinstance(following, Group) and following.open in ("(", "[")
    scripted = isinstance(following, Token) and following.text in ("_", "^")
    return token.text.strip() not in symbols.FUNCTION_WORDS and not opens and not scripted


def _power_of_ten(parser: Parser) -> tuple[str, int] | None:
    """The exponent in ``\\times 10^{6}``, consumed, and where it ends."""
    if not parser.next_is("times", "cdot", "*"):
        return None
    ten = parser.peek(1)
    if not (
        isinstance(ten, Token) and ten.kind == "number" and ten.text == "10" and parser.next_is("^", ahead=2)
    ):
        return None
    exponent = parser.peek(3)
    inner: list[Item] = exponent.items if isinstance(exponent, Group) and exponent.open == "{" else []
    consumed = 4
    if isinstance(exponent, Token):
        inner = [exponent]
        if exponent.text in ("-", "+") and parser.peek(4) is not None:
            inner.append(cast(Token, parser.peek(4)))
            consumed = 5
    texts = [item.text for item in inner if isinstance(item, Token) and item.kind != "space"]
    sign = "-" if texts and texts[0] == "-" else ""
    texts = texts[1:] if texts and texts[0] in ("-", "+") else texts
    if (
        len(texts) != 1
        or not texts[0].isdigit()
        or len(texts[0]) > 3
        or any(isinstance(i, Group) for i in inner)
    ):
        return None
    parser.at += consumed
    return sign + texts[0], parser.items[parser.at - 1].end
