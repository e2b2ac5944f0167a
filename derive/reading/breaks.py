"""The flat stream to pieces: where a row, a wide space or words end what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from derive.reading import symbols
from derive.reading.groups import Group, Item
from derive.reading.items import has_relation, relation_of, solid
from derive.reading.lexer import Token
from derive.reading.prose import leads_on
from derive.reading.statement import Role
from derive.reading.stream import BINARY, open_ended


@dataclass
class Piece:
    items: list[Item]
    words: str = ""
    role: Role = "claim"
    after: str = ""


def pieces(stream: list[Item], plain: bool) -> list[Piece]:
    stream = _without_numbers(_without_operations(_typed_limits(stream)), plain)
    made = [Piece([])]
    words = ""
    for place, item in enumerate(stream):
        current = made[-1].items
        previous = current[-1] if current else None
        if item.kind == "remark":
            made[-1].after = f"{made[-1].after} {item.text}".strip()
        elif item.kind in ("row", "space", "cell"):
            following = _next(stream, place)
            if _breaks(item, current, following, stream, place):
                made.append(Piece([]))
            elif item.kind == "space" and current:
                current.append(item)
        elif _is_word(item, stream, place, plain) or (
            item.kind == "text"
            and not _is_operand(cast(Token, item), last_solid(current), _next(stream, place))
        ):
            words = item.text.strip()
            made[-1].after = f"{made[-1].after} {words}".strip()
            named = _names_in_part(words, stream, place)
            if not named or last_solid(current) is None:
                made.append(Piece([], words, _role(words)))
            if named:
                made[-1].items.append(Token("bad", "words name a part of this side", item.start, item.end))
        elif (
            plain
            and previous is not None
            and _apart(previous, item)
            and _new_equation(stream, place, current)
        ):
            made.append(Piece([item]))
        else:
            current.append(item)
    if not any(_says(piece.items) for piece in made):  # nothing but words
        return [Piece([item for item in stream if item.kind != "row"])]
    kept: list[Piece] = []
    words = ""
    for piece in made:
        piece.words = f"{words} {piece.words}".strip()
        if _says(piece.items):
            kept.append(piece)
        words = "" if _says(piece.items) else piece.words
    if words:
        kept[-1].after = f"{kept[-1].after} {words}".strip()
    return kept


def _typed_limits(stream: list[Item]) -> list[Item]:
    """``lim x->0 f(x)`` as ``lim_{x->0} f(x)``."""
    made: list[Item] = []
    place = 0
    while place < len(stream):
        item = stream[place]
        made.append(item)
        place += 1
        if item.text != "lim" or item.kind not in ("run", "command", "text") or place + 2 >= len(stream):
            continue
        minus = 1 if stream[place + 2].text == "-" else 0
        below = stream[place : place + 3 + minus]
        if below[0].kind == "letter" and relation_of(below[1]) == "->" and place + 2 + minus < len(stream):
            made.append(Token("sign", "_", item.end, item.end))
            made.append(Group("{", "}", below, below[0].start, below[-1].end))
            place += 3 + minus
    return made


def _without_operations(stream: list[Item]) -> list[Item]:
    """``3x = 6 \\;|\\, :3``: what is done to both sides next stands behind a bar; it becomes a remark."""
    if not any(item.kind == "sign" and item.text == "|" for item in stream):
        return stream
    made: list[Item] = []
    begun = 0  # of the row, in what is made
    place = 0
    while place < len(stream):
        item = stream[place]
        stop = next((at for at in range(place, len(stream)) if stream[at].kind == "row"), len(stream))
        rest = [other for other in stream[place + 1 : stop] if other.kind not in ("space", "cell")]
        bar = item.kind == "sign" and item.text == "|" and has_relation(made[begun:])
        done = bar and len(rest) in (2, 3, 4) and getattr(rest[0], "text", "") in _DONE
        if done and not any(other.text == "|" or relation_of(other) for other in rest[1:]):
            words = " ".join(other.text for other in rest)
            made.append(Token("remark", words, item.start, rest[-1].end))
            place = stop
            continue
        begun = len(made) + 1 if item.kind == "row" else begun
        made.append(item)
        place += 1
    return made


_NUMBER = re.compile(r"\d{1,3}(?:[.-]\d{1,3})*[a-z]?|[A-Z]\.\d{1,3}|[a-z]|[ivx]{2,4}|\*{1,3}")


def _without_numbers(stream: list[Item], plain: bool) -> list[Item]:
    """``a = b \\qquad (3.2)``: what stands apart in brackets behind an equation is its number, a remark."""
    made: list[Item] = []
    for place, item in enumerate(stream):
        before = made[-1] if made else None
        wide = before is not None and (
            (before.kind == "space" and before.text == "quad") or (plain and item.start - before.end > 1)
        )
        last = place + 1 == len(stream) or stream[place + 1].kind == "row"
        if wide and last and isinstance(item, Group) and (item.open, item.close) == ("(", ")"):
            row = next((at for at in range(len(made), 0, -1) if made[at - 1].kind == "row"), 0)
            text = "".join(inner.text for inner in item.items)
            if _NUMBER.fullmatch(text) and has_relation(made[row:]):
                made.append(Token("remark", f"({text})", item.start, item.end))
                continue
        made.append(item)
    return made


_DONE = symbols.words("+ - : / * cdot div times")


def _says(items: Sequence[Item]) -> bool:
    """Whether the items are more than spacing and punctuation."""
    return any(
        item.kind not in ("space", "cell", "row") and not (item.kind == "sign" and item.text in ",;.:")
        for item in items
    )


_PREPOSITIONS = symbols.words("of per between")


def _names_in_part(words: str, stream: Sequence[Item], place: int) -> bool:
    """``\\text{mean of } x = 2``, ``\\text{the cost of x} + 3 = 5``: without them another side is left."""
    said = words.lower().split()
    if not said or not said[-1][-1].isalnum():
        return False
    following = _next(stream, place)
    if isinstance(following, Token) and following.text in BINARY and relation_of(following) is None:
        return said[-1] not in symbols.STOP_WORDS - _PREPOSITIONS and said[0] not in symbols.STOP_WORDS - {
            "the", "a", "an", "all", "each", "any", "this", "such",
        }  # fmt: skip
    return said[-1] in _PREPOSITIONS and _relation_before_row(stream, place + 1)


_BARE_WORDS = symbols.words(
    "and or for if where when otherwise else then with since thus hence therefore because let so"
)


def _is_word(item: Item, stream: Sequence[Item], place: int, plain: bool) -> bool:
    """``x = 1 and y = 2``: a joining word written without ``\\text``, blanks on both sides."""
    if item.kind != "run" or item.text.lower() not in _BARE_WORDS:
        return False
    after = stream[place + 1] if place + 1 < len(stream) else None
    return (place == 0 or item.spaced) and (
        after is None or after.spaced or after.kind in ("space", "row", "cell")
    )


def _apart(previous: Item, item: Item) -> bool:
    """Whether a blank can separate two equations: ``(y - t) x`` and ``a x`` are products, ``1 b`` is none."""
    return item.spaced and (previous.kind == "number" or item.start - previous.end > 1)


def last_solid(items: Sequence[Item]) -> Item | None:
    return next((item for item in reversed(items) if item.kind not in ("space", "cell")), None)


_BETWEEN = ("space", "cell", "row", "remark")


def _next(stream: Sequence[Item], place: int) -> Item | None:
    return next(
        (item for item in stream[place + 1 : place + 9] if item.kind not in _BETWEEN),
        None,
    )


def _breaks(item: Item, current: list[Item], following: Item | None, stream: list[Item], place: int) -> bool:
    """Whether a row break, a column break or a wide space ends the statement."""
    last = last_solid(current)
    if last is None or following is None or open_ended(last) or _awaits_body(current):
        return False
    if relation_of(following) is not None:
        return False
    binary = (
        isinstance(following, Token) and following.kind in ("sign", "command") and following.text in BINARY
    )
    if item.kind == "row":
        if binary:
            return False
        if getattr(following, "text", "") == "-":
            column = place + 1 < len(stream) and stream[place + 1].kind == "cell"
            return not column and _relation_before_row(stream, place + 1)
        return True
    if item.kind == "cell":
        return has_relation(current) and not binary and getattr(following, "text", "") != "-"
    if item.text == "quad":
        return not binary and not _numbers_what_follows(current)
    return item.text in (" ", ";", ":", "~") and _new_equation(stream, place + 1, current)


_TAIL = 16  # items at an end that can matter, so that long derivations cost linear time


def _awaits_body(current: Sequence[Item]) -> bool:
    """Whether the items end with ``\\sum_{i=1}^n``: what it sums stands in the next row."""
    kept = solid(current[-_TAIL:])
    while len(kept) > 2 and kept[-2].kind == "sign" and kept[-2].text in ("_", "^"):
        kept = kept[:-2]
    return bool(kept) and kept[-1].kind == "command" and kept[-1].text in ("sum", "prod", "int")


def _numbers_what_follows(current: Sequence[Item]) -> bool:
    """``(2) \\quad``: a label, not a statement."""
    kept = solid(current) if len(current) <= _TAIL else []
    if kept and all(item.kind == "label" or item.text == "unbalanced )" for item in kept):
        return True
    if len(kept) != 1 or not isinstance(kept[0], Group) or kept[0].open != "(" or len(kept[0].items) != 1:
        return False
    inner = kept[0].items[0]
    return inner.kind in ("number", "letter") and len(inner.text) <= 2 and "." not in inner.text


def _relation_before_row(stream: Sequence[Item], place: int) -> bool:
    for at in range(place, len(stream)):
        item = stream[at]
        if item.kind == "row":
            return False
        if relation_of(item) is not None:
            return True
    return False


def _new_equation(stream: Sequence[Item], place: int, current: list[Item]) -> bool:
    """Whether ``name =`` begins here after a finished equation: ``a = 1 \\ b = 2``."""
    last = last_solid(current)
    if (
        not has_relation(current)
        or last is None
        or open_ended(last)
        or getattr(last, "text", "") in (",", ";")
    ):
        return False
    item = stream[place] if place < len(stream) else None
    if not isinstance(item, Token):
        return False
    if not (item.kind in ("letter", "word") or (item.kind == "command" and item.text in symbols.SYMBOLS)):
        return False
    place += 1
    while place + 1 < len(stream) and getattr(stream[place], "text", "") in ("_", "^", "'"):
        place += 1 if stream[place].text == "'" else 2
    return place < len(stream) and relation_of(stream[place]) in ("=", "~=", ":=")


def _is_operand(token: Token, previous: Item | None, following: Item | None) -> bool:
    """Whether words stand for a quantity or a function, and not beside the mathematics."""
    text = " ".join(token.text.split())
    if previous is not None and previous.text in ("_", "^") and previous.kind == "sign":
        return True
    if text in symbols.FUNCTION_WORDS or text.replace(" ", "") in symbols.BIG_WORDS:
        return True
    if token.font.startswith("operatorname"):
        return True
    if not text or text.endswith(":") or text[0] in ",.;:":
        return False
    bare = [word.strip(".,;:()").lower() for word in text.split()]
    if any(getattr(item, "text", "") in ("|", "Vert") for item in (previous, following)):
        return True
    opens = isinstance(following, Group) and following.open in ("(", "[")
    if token.text == "step" and opens:
        return True  # \mathrm{step}(x): the function, and no word
    head = previous is None or previous.text in (",", ";")
    if len(bare) == 1 and head and relation_of(following) in ("=", "~=") and not leads_on(bare[0]):
        return True  # \text{recall} = 3/4
    if any(word in symbols.STOP_WORDS for word in bare) and len(text) != 1:
        added = isinstance(previous, Token) and previous.text in BINARY and relation_of(previous) is None
        ends = following is None or open_ended(following) or following.text in (".", ",", ";")
        return added and ends and len(bare) == 1
    scripted = getattr(following, "text", "") in ("_", "^") and getattr(following, "kind", "") == "sign"
    if len(bare) == 1 and (opens or scripted or len(text) == 1):
        return True
    if isinstance(previous, Token) and previous.kind == "number":
        ends = following is None or following.text in (",", ";", ".")
        return ends or following is None or open_ended(following) or following.kind == "text"
    open_before = previous is None or open_ended(previous)
    open_after = following is None or open_ended(following) or following.text in (",", ";")
    operator_near = (previous is not None and open_ended(previous)) or (
        following is not None and open_ended(following)
    )
    if open_before and open_after and operator_near:
        return True
    return (
        len(bare) == 1 and operator_near and (relation_of(previous) is None) and (open_before or open_after)
    )


def _role(words: str) -> Role:
    tail = [word.strip(".,;:()").lower() for word in words.split()][-4:]
    if any(word in symbols.CONDITION_WORDS for word in tail) or any(
        said in words for said in ("such that", "s.t", "subject to")
    ):
        return "condition"
    return "given" if any(word in symbols.GIVEN_WORDS for word in tail) else "claim"
