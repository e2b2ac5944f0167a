"""Decimal commas: ``0{,}5`` always, ``0,5`` and ``1.728,5`` where they are declared (``decimal: comma``).

Undeclared, ``0,5`` may be a decimal number or a list of two; then both readings are kept, unless the rest of
the document shows which of them its writer uses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from derive.reading.groups import Item
from derive.reading.lexer import Token

_NUMERAL = re.compile(r"(?<![\w.,])\d(?:[\d.,]|\{,\})*(?<=\d)(?!\w)")
_COMMA = re.compile(r"0,\d{2,}|[1-9]\d{0,2}(?:\.\d{3})+,\d+")  # 0,125 and 1.728,5 are no lists
_BRACED = re.compile(r"0,\d+|\d+,(?:\d|\d\d|\d{4,})")  # 0{,}5 is a number, 1{,}728 thousands perhaps
_POINT = re.compile(r"\d+\.(?:\d|\d\d|\d{4,})|0\.\d+|\d{1,3}(?:,\d{3})+\.\d+")
_CALCULATED = re.compile(r"[-+*/=<>≈≤≥·×]\s*$|\\[A-Za-z]+\s*\{?$|[$({]$")


def comma_in_use(text: str) -> int | None:
    """Where a text first writes a decimal comma that cannot be anything else, if it writes them at all.

    What may be a list (``(0,5)``, ``1,2``) or thousands (``1,728``) tells nothing, nor does the number of a
    section.

    >>> comma_in_use("Aufgabe 3.2: 0,5 x = 0,125"), comma_in_use("= 0,25 = 0.25"), comma_in_use("x = (0,25)")
    (21, None, None)
    """
    commas: list[int] = []
    points = 0
    for match in _NUMERAL.finditer(text):
        before, after = text[max(0, match.start() - 12) : match.start()], text[match.end() : match.end() + 3]
        written = match.group().replace("{,}", ",")
        alone = before[-1:] in ("(", "[") and after[:1] in (")", "]")
        percentage = "." not in written and written.count(",") == 1 and re.match(r"\s?\\?%", after)
        calculated = _CALCULATED.search(before) is not None
        braced = "{,}" in match.group() and _BRACED.fullmatch(written) is not None
        if braced or (not alone and (percentage or (calculated and _COMMA.fullmatch(written)))):
            commas.append(match.start())
        points += calculated and _POINT.fullmatch(written) is not None
    return commas[0] if len(commas) > points else None


def with_decimal_commas(
    tokens: Sequence[Token], source: str, base: int = 0, declared: bool = False
) -> list[Token]:
    """The tokens with every decimal comma in its number; with ``declared``, a point separates thousands.

    >>> from derive.reading.lexer import lex
    >>> [token.text for token in with_decimal_commas(lex("0{,}5 + 0,5"), "0{,}5 + 0,5")]
    ['0.5', '+', '0', ',', '5']
    >>> source = "1.728,5 + 1,089 + (1, 2)"
    >>> [token.text for token in with_decimal_commas(lex(source), source, declared=True)]
    ['1728.5', '+', '1.089', '+', '(', '1', ',', '2', ')']
    """
    made: list[Token] = []
    place = 0
    below = [False]  # for every open brace, whether it is an index: x_{1,2} has two
    while place < len(tokens):
        token = tokens[place]
        place += 1
        low = bool(made) and made[-1].kind == "sign" and made[-1].text == "_"
        if token.kind == "sign" and token.text in ("{", "}"):
            _nest(below, token.text, low)
        if token.kind != "number" or below[-1] or low:
            made.append(token)
            continue
        if declared:
            token = _pointed(token, source[token.start - base : token.end - base])
        if "." not in token.text:
            for signs in (("{", ",", "}"), (",",)) if declared else (("{", ",", "}"),):
                behind = tokens[place : place + len(signs) + 1]
                if _joined(token, behind, signs) and not (
                    len(signs) == 1 and _interval(made, tokens[place + 2 :])
                ):
                    digits = source[behind[-1].start - base : behind[-1].end - base]
                    place += len(signs) + 1
                    doubt = len(signs) == 1 and _pair(token.text, digits, made, tokens[place:])
                    text, font = f"{token.text}.{digits}", PAIR if doubt else token.font
                    token = Token("number", text, token.start, behind[-1].end, token.spaced, font)
                    break
        made.append(token)
    return made


def _nest(below: list[bool], brace: str, low: bool) -> None:
    if brace == "{":
        below.append(below[-1] or low)
    elif len(below) > 1:
        below.pop()


def _pointed(token: Token, written: str) -> Token:
    """A number in which a comma is the decimal sign and a point separates thousands."""
    whole, comma, rest = written.replace("{,}", ",").replace("\\,", "").partition(",")
    groups = whole.split(".")
    thousands = (
        len(groups) > 1 and groups[0] not in ("", "0") and all(len(group) == 3 for group in groups[1:])
    )
    text = "".join(groups) if thousands else whole
    if "," in rest or not (comma or thousands):
        return token
    return Token("number", f"{text}.{rest}" if comma else text, token.start, token.end, token.spaced)


def _interval(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """Whether a pair of digits stands alone in brackets: ``[0,1]``, or ``(0,1)`` behind ``\\in``."""
    if not before or not after:
        return False
    opener, closer = before[-1], after[0]
    inside = len(before) > 1 and before[-2].text in ("in", "notin", "subset", "subseteq")
    if opener.text == "left" or opener.kind == "open":
        return opener.text == "[" or inside
    return (opener.text, closer.text) == ("[", "]") or (
        inside and opener.text in ("(", "]", "[") and closer.text in (")", "[", "]")
    )


PAIR = "pair"  # marks a number that may be two, for its comma stands between two digits alone in brackets


def _pair(whole: str, digits: str, before: Sequence[Token], after: Sequence[Token]) -> bool:
    """Whether ``(2,5)`` may be a vector where commas are decimal signs; ``(0,25)``, ``(2,5)^2`` are none."""
    texts = [token.text for token in (*before[-1:], *after[:2])]
    alone = len(texts) > 1 and texts[:2] == ["(", ")"]
    raised = texts[2:] == ["^"]
    return alone and not raised and not (whole == "0" and len(digits) > 1)


def _joined(token: Token, behind: Sequence[Token], signs: tuple[str, ...]) -> bool:
    """Whether the signs and digits follow without a blank."""
    if len(behind) <= len(signs) or behind[-1].kind != "number" or not behind[-1].text.isdigit():
        return False
    ends = [token.end, *(item.end for item in behind[:-1])]
    touching = all(end == item.start for end, item in zip(ends, behind, strict=True))
    return touching and tuple(item.text for item in behind[:-1]) == signs


def decimal_commas(items: Sequence[Item]) -> list[Item] | None:
    """``0,5 + 1,25`` with points for its commas, if every comma stands between digits without a blank."""
    made: list[Item] = []
    joined = False
    for place, item in enumerate(items):
        if not (item.kind == "sign" and item.text == ","):
            if joined and made and place and items[place - 1].text == ",":
                continue
            made.append(item)
            joined = False
            continue
        before, after = (
            items[place - 1] if place else None,
            items[place + 1] if place + 1 < len(items) else None,
        )
        if joined or before is None or after is None or not touching(before, item, after):
            return None
        whole = before.text.replace(".", "")
        made[-1] = Token("number", f"{whole}.{after.text}", before.start, after.end, before.spaced)
        joined = True
    return made if len(made) < len(items) else None


def touching(before: Item, comma: Item, after: Item) -> bool:
    """Whether a comma stands directly between two numbers that may be one."""
    digits = comma.text == "," and before.kind == after.kind == "number" and after.text.isdigit()
    whole = re.fullmatch(r"\d+|[1-9]\d{0,2}(?:\.\d{3})+", before.text) is not None  # 5, 1.728
    return digits and whole and before.end == comma.start and comma.end == after.start


def decimal_first(items: Sequence[Item]) -> bool:
    """A zero before the comma, or two digits behind it, is a decimal number more likely than a list."""
    return any(
        items[place - 1].text == "0" or len(items[place + 1].text) > 1
        for place, item in enumerate(items[:-1])
        if place and item.kind == "sign" and item.text == ","
    )
