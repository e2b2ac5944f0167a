"""The items of a piece of mathematics as one flat stream: wrappers around whole statements taken off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from derive.reading import symbols
from derive.reading.groups import Group, Item
from derive.reading.items import has_relation, relation_of
from derive.reading.lexer import Token

BINARY = frozenset(
    [
        "+",
        "@",
        "cup",
        "cap",
        "oplus",
        "setminus",
        "star",
        "bmod",
        "oslash",
        "wedge",
        "vee",
        "cdot",
        "times",
        "*",
        "/",
        "odot",
        "otimes",
        "div",
        "circ",
    ]
)


def flatten(items: Sequence[Item], depth: int = 0) -> list[Item]:
    """Rows of ``aligned``, contents of ``\\boxed{a = b}``, words for ``\\forall``: one flat stream."""
    made: list[Item] = []
    place = 0
    while place < len(items):
        item = items[place]
        after = items[place + 1] if place + 1 < len(items) else None
        place += 1
        if isinstance(item, Group):
            made.extend(_flat_group(item, made, depth))
        elif item.kind == "command" and item.text in symbols.STRIKES and after is not None:
            made.append(Token("struck", "", item.start, after.end))
            place += 1
        elif (
            item.kind == "command"
            and (item.text in symbols.WRAPPERS or item.text in ("underline", "overline"))
            and isinstance(after, Group)
            and after.open == "{"
            and has_relation(after.items)
        ):
            made.extend(flatten(after.items, depth + 1))
            place += 1
        elif (
            item.kind == "command"
            and item.text in ("mathbin", "mathrel", "mathop")
            and isinstance(after, Group)
            and len(after.items) == 1
        ):
            made.append(after.items[0])
            place += 1
        elif item.kind == "command" and item.text in ("stackrel", "overset") and isinstance(after, Group):
            body = items[place + 1] if place + 1 < len(items) else None
            inner = (
                body.items
                if isinstance(body, Group) and body.open == "{"
                else [body]
                if body is not None
                else []
            )
            if len(inner) == 1 and relation_of(inner[0]):
                named = "def" in _texts(after.items) or "triangle" in _texts(after.items)
                made.append(_remark(after))
                made.append(Token("sign", ":=" if named else inner[0].text, item.start, cast(Item, body).end))
                place += 2
            else:
                made.append(item)
        elif (
            item.kind == "command" and item.text in ("xrightarrow", "xleftarrow") and isinstance(after, Group)
        ):
            sign = "rightarrow" if item.text == "xrightarrow" else "leftarrow"
            while isinstance(after, Group) and after.open in ("[", "{"):  # below the arrow and above it
                made.append(_remark(after))
                place += 1
                above = after.open == "{"
                after = items[place] if place < len(items) and not above else None
            made.append(Token("command", sign, item.start, items[place - 1].end))
        elif item.kind == "command" and item.text in ("forall", "exists", "therefore", "because"):
            word = {"forall": "for all", "exists": "where", "therefore": "so", "because": "since"}[item.text]
            made.append(Token("text", word, item.start, item.end))
        else:
            made.append(item)
    return made


def _remark(group: Group) -> Token:
    """What stands over a sign, as words."""
    return Token("remark", _texts(group.items), group.start, group.end)


def _texts(items: Sequence[Item]) -> str:
    return " ".join(_texts(item.items) if isinstance(item, Group) else item.text for item in items)


def _flat_group(item: Group, before: list[Item], depth: int) -> list[Item]:
    row = Token("row", "\\\\", item.start, item.start)
    if item.open == "begin" and item.name in symbols.ROW_ENVIRONMENTS:
        inner = item.items
        if item.name.startswith("alignat") and inner and isinstance(inner[0], Group):
            inner = inner[1:]
        lead = [] if before and open_ended(before[-1]) else [row]
        inner = _without_remarks(inner)
        return [*lead, *flatten(inner, depth + 1), Token("row", "\\\\", item.end, item.end)]
    if item.open == "{" and item.items and all(inner.kind == "label" for inner in item.items):
        return item.items  # {\\tag{1}}
    if item.open == "{" and not item.items and (not before or open_ended(before[-1])):
        return []  # C ={} & 3
    if item.open == "{" and before and before[-1].kind == "number" and before[-1].text == "1":
        return [item]  # 1{x > 0}: an indicator
    if item.open == "{" and has_relation(item.items) and not _takes_argument(before[-1] if before else None):
        return flatten(item.items, depth + 1)
    alone = not before or before[-1].kind in ("row", "text", "space")
    joined = bool(before) and relation_of(before[-1]) in ("->", "<->")
    if item.open == "begin" and item.name in symbols.CASES and (alone or joined) and _is_system(item.items):
        return [row, *flatten(item.items, depth + 1), Token("row", "\\\\", item.end, item.end)]
    if item.open == "begin" and item.name == "array" and alone:
        rows = [inner for part in item.items for inner in _unbraced(part)]
        if _equations(rows):
            return [row, *flatten(rows[1:], depth + 1), Token("row", "\\\\", item.end, item.end)]
    if item.sized and item.close == "." and len(item.items) == 1 and isinstance(item.items[0], Group):
        inner_group = item.items[0]
        if inner_group.open == "begin" and alone:
            rows = inner_group.items
            if inner_group.name == "array" and rows and isinstance(rows[0], Group):
                rows = rows[1:]
            if _cases(rows):
                return [item]
            return [row, *flatten(rows, depth + 1), Token("row", "\\\\", item.end, item.end)]
    return [item]


def _unbraced(item: Item) -> list[Item]:
    """``{ a = 1 } \\\\ { b = 2 }``: rows as some OCR programs write them."""
    whole = isinstance(item, Group) and item.open == "{" and has_relation(item.items)
    return cast(Group, item).items if whole else [item]


def _is_system(items: Sequence[Item]) -> bool:
    """Whether rows in a brace are equations, ``x + y = 3`` or ``x &= 3``, and no values with conditions."""
    if not _equations([items[0], *items] if items else []):
        return False
    return all(
        item.kind != "cell" or (at + 1 < len(items) and relation_of(items[at + 1]) is not None)
        for at, item in enumerate(items)
    )


def _equations(items: Sequence[Item]) -> bool:
    """Whether an array holds statements: every row has a relation."""
    rows: list[list[Item]] = [[]]
    for item in items[1:]:
        if item.kind == "row":
            rows.append([])
        else:
            rows[-1].append(item)
    filled = [row for row in rows if any(item.kind not in ("cell", "space") for item in row)]
    return bool(filled) and all(has_relation(row) for row in filled)


def _without_remarks(items: Sequence[Item]) -> list[Item]:
    """Rows with what stands in a column of words made one text: ``a &= b & \\text{as } x = y``."""
    made: list[Item] = []
    start = 0  # where the row begins in what is made
    place = 0
    while place < len(items):
        item = items[place]
        stop = next(
            (at for at in range(place + 1, len(items)) if items[at].kind in ("cell", "row")), len(items)
        )
        cell = [inner for inner in items[place + 1 : stop] if inner.kind != "space"]
        if item.kind == "row":
            start = len(made)
        said = [inner for inner in made[start:] if inner.kind not in ("cell", "space")]
        ended = bool(said) and not open_ended(said[-1])
        if item.kind == "cell" and ended and has_relation(said) and _opens_with_words(cell):
            made.append(Token("remark", _texts(cell), cell[0].start, cell[-1].end))
            place = stop
            continue
        made.append(item)
        place += 1
    return made


def _opens_with_words(cell: Sequence[Item]) -> bool:
    """Whether a column begins with words that no quantity and no condition begins with."""
    while cell and isinstance(cell[0], Group) and cell[0].open == "{":
        cell = cell[0].items
    first = next((item for item in cell if item.kind == "text" and len(item.text.split()) > 1), None)
    first = cell[0] if cell and cell[0].kind == "text" else first  # "$dZ$ does not depend on it"
    words = first.text.split() if first is not None else []
    said = [word.strip(".,;:()").lower() for word in words]
    if not said or said[0] in symbols.CONDITION_WORDS | {"where", "with", "let", "given"}:
        return False
    return len(words) > 1 or len(cell) == 1 or (len(cell) > 1 and said[0] in symbols.REMARK_WORDS)


def _cases(items: Sequence[Item]) -> bool:
    """Whether every row is a value beside its condition: ``x & x > 0``, and no equation ``x &= 3``."""
    rows: list[list[list[Item]]] = [[[]]]
    for item in items:
        if item.kind == "row":
            rows.append([[]])
        elif item.kind == "cell":
            rows[-1].append([])
        elif item.kind != "space":
            rows[-1][-1].append(item)
    filled = [row for row in rows if any(row)]
    return bool(filled) and all(
        len(row) == 2 and all(row) and not has_relation(row[0]) and relation_of(row[1][0]) is None
        for row in filled
    )


def _takes_argument(item: Item | None) -> bool:
    """Whether braces after the item are its argument or script, and not mere braces."""
    if isinstance(item, Group):
        return item.open == "{"
    if item is None:
        return False
    return item.kind == "command" or (item.kind == "sign" and item.text in ("_", "^"))


def open_ended(item: Item) -> bool:
    """Whether more must follow: the item is a relation or an operator."""
    return relation_of(item) is not None or (
        isinstance(item, Token)
        and item.kind in ("sign", "command")
        and (item.text in BINARY or item.text == "-")
    )
