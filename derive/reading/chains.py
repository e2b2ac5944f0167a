"""A piece to drafts of statements: what commas, colons and arrows separate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.reading import symbols
from derive.reading.breaks import Piece
from derive.reading.decimals import touching
from derive.reading.groups import Group, Item
from derive.reading.items import has_relation, relation_of, solid
from derive.reading.lexer import Token
from derive.reading.statement import Role

_ARROWS = ("->", "<->")
_MAPS = ("->", "|->")  # f : A \\to B, f : x \\mapsto x^2


@dataclass
class Draft:
    """A statement whose sides are still items."""

    sides: list[list[Item]] = field(default_factory=lambda: [[]])
    signs: list[str] = field(default_factory=list)
    words: str = ""
    label: str = ""
    role: Role = "claim"
    connective: str = ""
    start: int = 0


def drafts(piece: Piece) -> list[Draft]:
    items, label = _label(piece.items)
    made: list[Draft] = []
    for segment in _comma_segments(items):
        for number, part in enumerate(_colon_parts(segment)):
            more = _arrow_parts(part)
            for draft in more:  # "for all x: f(x) > 0": what comes after the colon is claimed
                draft.role = "claim" if number and piece.role == "condition" else piece.role
            made.extend(more)
    for place, draft in enumerate(made):
        draft.label = label
        draft.words = " ".join(filter(None, [piece.words, piece.after if place == len(made) - 1 else ""]))
    return made


def _label(items: list[Item]) -> tuple[list[Item], str]:
    """A leading ``①``, ``1)``, ``(2) \\quad``; a ``\\tag`` anywhere."""
    tags = [item.text for item in items if item.kind == "label"]
    kept = [item for item in items if item.kind != "label"]
    while kept and kept[0].kind in ("space", "cell"):
        kept = kept[1:]
    label = tags[0] if tags else ""
    numbered = kept and (
        kept[0].kind in ("number", "letter") or (kept[0].kind == "run" and not set(kept[0].text) - set("ivx"))
    )
    if len(kept) > 2 and numbered and kept[1].text == "unbalanced )":
        return kept[2:], f"{kept[0].text} {label}".strip()
    if tags and kept and kept[0].text == "unbalanced )":
        return kept[1:], label
    head = kept[0] if kept else None
    if isinstance(head, Group) and head.open == "(" and len(head.items) == 1 and len(kept) > 2:
        short = (
            head.items[0].kind in ("number", "letter")
            and len(head.items[0].text) <= 2
            and "." not in head.items[0].text
        )
        more = any(relation_of(item) is None for item in solid(kept[2:]))
        if short and more and kept[1].kind == "space" and kept[1].text == "quad":
            return kept[2:], f"{head.items[0].text} {label}".strip()
    return kept, label


def _comma_segments(items: list[Item]) -> list[list[Item]]:
    segments: list[list[Item]] = [[]]
    for place, item in enumerate(items):
        if item.kind == "sign" and item.text in (",", ";"):
            rest = items[place + 1 :]
            stop = next(
                (at for at, other in enumerate(rest) if other.kind == "sign" and other.text in (",", ";")),
                len(rest),
            )
            following = [other for other in rest[:stop] if other.kind not in ("space", "cell")]
            if not following:
                continue
            last = segments[-1][-1] if segments[-1] else None
            if last is not None and touching(last, item, rest[0]):
                segments[-1].append(
                    item
                )  # 4 \cdot 0,25 = 1: a decimal comma, or a list, but no new statement
                continue
            if relation_of(following[0]) is not None and has_relation(segments[-1]):
                continue  # a comma before "= ..." separates nothing
            asked = following[-1].kind == "sign" and following[-1].text == "?"
            if (has_relation(following) or asked) and has_relation(segments[-1]):
                segments.append([])
                continue
        segments[-1].append(item)
    return [segment for segment in segments if segment]


def _colon_parts(items: list[Item]) -> list[list[Item]]:
    """``f: A \\to B`` is a statement; any other colon only introduces what follows."""
    place = next((at for at, item in enumerate(items) if relation_of(item) == ":"), None)
    if place is None:
        return [items]
    head, tail = items[:place], items[place + 1 :]
    asked = _is_ratio(head, tail) and not _introduces(head, items[place], tail)
    if asked:
        sign = items[place]
        return [[*head, Token("bad", "is this colon a division or a label?", sign.start, sign.end), *tail]]
    maps = any(relation_of(item) in _MAPS for item in tail) and not any(
        relation_of(item) == "=" for item in tail
    )
    if maps and head and not has_relation(head):
        return [items]
    return [
        part
        for part in (head, *_colon_parts(tail))
        if any(item.kind not in ("space", "cell") for item in part)
    ]


def _introduces(head: Sequence[Item], colon: Item, tail: Sequence[Item]) -> bool:
    """``then add 5: 12 + 5 = 17``: a colon close to what is before it, apart from the calculation behind."""
    before, after = solid(list(head)), solid(list(tail))
    close = bool(before) and before[-1].end == colon.start
    apart = bool(after) and after[0].start > colon.end
    calculates = any(item.kind == "sign" and item.text in ("+", "-", "*", "/") for item in _first_side(tail))
    return close and apart and calculates


def _is_ratio(head: Sequence[Item], tail: Sequence[Item]) -> bool:
    """``6 : 3 = 2``, ``x = 6 : 3``, ``a : b = c``: what stands before the colon may be divided."""
    above, below = _last_side(head), _first_side(tail)
    if not above or not below or any(relation_of(item) in _MAPS for item in tail):  # f : A \\to B
        return False
    if is_numeric(above) and is_numeric(below):
        return True
    letters = [*above, *below]
    return len(letters) == 2 and all(item.kind == "letter" for item in letters) and has_relation(tail)


def _first_side(items: Sequence[Item]) -> list[Item]:
    stop = next((at for at, item in enumerate(items) if relation_of(item) is not None), len(items))
    return solid(items[:stop])


def _last_side(items: Sequence[Item]) -> list[Item]:
    return _first_side(items[::-1])


def _arrow_parts(items: list[Item]) -> list[Draft]:
    """Split at relations; an arrow between whole relations leads to a statement of its own."""
    sides: list[list[Item]] = [[]]
    signs: list[str] = []
    arrows: list[str] = []
    for item in items:
        sign = relation_of(item)
        if sign is None:
            sides[-1].append(item)
        else:
            signs.append(sign)
            arrows.append(item.text)
            sides.append([])
    if ":" in signs:
        return [Draft(sides, signs, start=_start(items))]
    made = [Draft([sides[0]], [], start=_start(items))]
    for place, sign in enumerate(signs):
        current = made[-1]
        if sign in _ARROWS and _leads_on(sign, current, place, sides, signs):
            if len(current.sides) == 1 and not solid(current.sides[0]):
                made.pop()
            made.append(
                Draft([sides[place + 1]], [], connective=sign, start=_start(sides[place + 1], current.start))
            )
            continue
        remark = sign == "->" or (place < len(arrows) and arrows[place] == "leftarrow")
        if remark and place == len(signs) - 1 and not solid(sides[place + 1]):
            continue  # an arrow to a remark
        current.signs.append(sign)
        current.sides.append(sides[place + 1])
    return [draft for draft in made if draft.signs or solid(draft.sides[0])]


def _leads_on(sign: str, current: Draft, place: int, sides: list[list[Item]], signs: list[str]) -> bool:
    following = signs[place + 1 :]
    next_relation = bool(following) and following[0] not in _ARROWS
    here = any(other not in _ARROWS for other in current.signs)
    if sign == "<->":
        return next_relation or here
    if not next_relation:
        return False
    first = solid(sides[place + 1])
    single = len(first) == 1 and first[0].kind == "number"
    return not (here and is_numeric(first) and not single)


def _start(items: Sequence[Item], default: int = 0) -> int:
    kept = solid(items)
    return kept[0].start if kept else default


def is_numeric(items: Sequence[Item]) -> bool:
    """Whether no letter but e stands in the items."""
    for item in items:
        if isinstance(item, Group):
            if not is_numeric(item.items):
                return False
        elif item.kind in ("run", "letter", "word", "text") and item.text != "e":
            if item.text not in symbols.FUNCTION_WORDS:
                return False
        elif item.kind == "command" and item.text in symbols.SYMBOLS and item.text != "pi":
            return False
    return True
