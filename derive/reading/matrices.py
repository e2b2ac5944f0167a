"""Rows and columns: matrix environments, cases, and lists in brackets, with commas or with spaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.reading import symbols
from derive.reading.context import Unread, span_of
from derive.reading.decimals import PAIR
from derive.reading.groups import Group, Item
from derive.reading.items import ellipsis
from derive.reading.lexer import Token
from derive.reading.tree import Ambiguous, Cases, Hole, List, Matrix, Number, Relation, Tree

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def split(items: Sequence[Item], kind: str, text: str | None = None) -> list[list[Item]]:
    """The pieces between separators of a kind."""
    pieces: list[list[Item]] = [[]]
    for item in items:
        if item.kind == kind and (text is None or item.text == text):
            pieces.append([])
        else:
            pieces[-1].append(item)
    return pieces


def environment(group: Group, parser: Parser) -> Tree:
    """A ``begin`` group inside a formula."""
    items = list(group.items)
    if group.name in symbols.CASES:
        return cases(items, parser, group)
    if group.name in symbols.MATRIX_BRACKETS:
        if (
            group.name in ("array", "subarray")
            and items
            and isinstance(items[0], Group)
            and items[0].open == "{"
        ):
            bars, items = _bars(items[0]), items[1:]
        else:
            bars = ()
        brackets = symbols.MATRIX_BRACKETS[group.name]
        return Matrix(rows(items, parser), brackets, bars, span=(group.start, group.end))
    if group.name in symbols.ROW_ENVIRONMENTS:
        parts = [item for item in items if item.kind != "cell"]
        if not any(item.kind == "row" for item in parts):
            return parser.read(parts)
        raise parser.refuse("several rows inside a formula", group)
    raise parser.refuse(f"the environment {group.name} is not known", group)


def _bars(columns: Group) -> tuple[int, ...]:
    """The columns of ``{cc|c}`` before which a line stands, the outermost lines left out."""
    spec = "".join(item.text for item in columns.items if isinstance(item, Token))
    count = sum(spec.count(letter) for letter in "lcr")
    places = [sum(spec[:at].count(letter) for letter in "lcr") for at, sign in enumerate(spec) if sign == "|"]
    return tuple(sorted({place for place in places if 0 < place < count}))


def rows(items: Sequence[Item], parser: Parser) -> tuple[tuple[Tree, ...], ...]:
    """The cells; a cell that cannot be read is a hole of its own."""
    made = []
    for row in split(items, "row"):
        cells = split(row, "cell")
        if all(not _content(cell) for cell in cells):
            continue
        made.append(tuple(cell_tree(cell, parser) for cell in cells))
    if not made:
        raise parser.refuse("an empty matrix")
    return tuple(made)


def _content(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.kind != "space"]


def cell_tree(items: Sequence[Item], parser: Parser) -> Tree:
    kept = _content(items)
    if not kept:
        return Hole("", "an empty cell")
    nesting = parser.context.nesting
    try:
        return parser.read(items)
    except Unread as unread:
        parser.context.nesting = nesting
        span = (kept[0].start, kept[-1].end)
        return Hole("", unread.reason, span=span)


def cases(items: Sequence[Item], parser: Parser, group: Group) -> Tree:
    """Value and condition, row by row; ``otherwise`` and an absent condition are None."""
    branches: list[tuple[Tree, Tree | None]] = []
    for row in split(items, "row"):
        kept = _content(row)
        if not [item for item in kept if item.kind != "cell"]:
            continue
        cells = split(kept, "cell")
        while len(cells) > 1 and not cells[0]:  # &x^2, && x > 0
            cells = cells[1:]
        if len(cells) == 1:
            place = next(
                (at for at, item in enumerate(cells[0]) if item.kind == "text" and _conditional(item)), None
            )
            cells = [cells[0][:place], cells[0][place:]] if place is not None else cells
        value = _strip_comma(cells[0])
        if not value:
            raise parser.refuse("a case without a value", group)
        condition_items = [item for cell in cells[1:] for item in cell]
        condition: Tree | None = None
        if condition_items:
            maths = [_without_condition(_joining(item)) for item in condition_items]
            maths = [item for item in maths if not (item.kind == "text" and _conditional(item))]
            maths = _strip_comma(maths)
            condition = parser.read(maths) if maths else None
        branches.append((parser.read(value), condition))
    if not branches:
        raise parser.refuse("cases without a case", group)
    return Cases(tuple(branches), span=(group.start, group.end))


def _conditional(item: Item) -> bool:
    words = item.text.lower().replace(",", " ").split()
    return not words or all(
        word.strip(".:;") in symbols.STOP_WORDS | symbols.CONDITION_WORDS | {"in", "case", "cases", "other"}
        for word in words
    )


def _joining(item: Item) -> Item:
    """``x > 0 \\text{ and } y > 0``."""
    word = item.text.strip().lower() if item.kind == "text" else ""
    sign = {"and": "wedge", "or": "vee"}.get(word)
    return Token("command", sign, item.start, item.end, item.spaced) if sign else item


def _without_condition(item: Item) -> Item:
    """``\\text{if reduction}`` without its "if": what is left names a quantity."""
    words = item.text.split() if isinstance(item, Token) and item.kind == "text" else []
    if len(words) < 2 or words[0].lower() not in symbols.CONDITION_WORDS:
        return item
    return Token("text", " ".join(words[1:]), item.start, item.end, item.spaced, "text")


def _strip_comma(items: Sequence[Item]) -> list[Item]:
    kept = list(items)
    while kept and kept[-1].kind == "sign" and kept[-1].text in (",", ";", "."):
        kept.pop()
    return kept


# ---- lists in brackets
def sequence(group: Group, parser: Parser) -> Tree:
    """What brackets hold: one thing (then they only group), a list, or the rows of a matrix."""
    if len(group.items) == 1 and isinstance(group.items[0], Group) and group.items[0].open == "begin":
        inner = group.items[0]
        if (
            group.open == "\\{"
            and group.close in (".", "\\}")
            and inner.name in ("array", "aligned", "matrix")
        ):
            items = inner.items[1:] if inner.name == "array" else inner.items
            if group.close == ".":
                return cases(items, parser, group)
        tree = environment(inner, parser)
        if isinstance(tree, Matrix) and not tree.brackets:
            return Matrix(tree.rows, group.open, tree.bars, span=(group.start, group.end))
        return tree
    if group.sized and (group.open == "." or group.close == "."):
        raise parser.refuse("a bracket without its partner", group)
    if any(item.kind == "row" for item in group.items):
        return Matrix(rows(group.items, parser), group.open, span=(group.start, group.end))
    if any(item.kind == "cell" for item in group.items):
        raise parser.refuse("columns outside a matrix", group)
    semicolons = [item for item in group.items if item.kind == "sign" and item.text == ";"]
    if group.open == "[" and semicolons:
        separated = _separated_rows(group, parser)
        if separated is not None:
            return separated
    colon = next((at for at, item in enumerate(group.items) if item.kind == "sign" and item.text == ":"), 0)
    looser = any(item.text in ("|", "mid", "forall", "exists") for item in group.items[:colon])
    if group.open == "\\{" and colon and group.items[colon + 1 :] and not looser:
        such, that = parser.read(group.items[:colon]), parser.read(group.items[colon + 1 :])
        return List((Relation(":", such, that, span=span_of([such, that])),), "{")
    brackets = group.open if _OWN_CLOSE.get(group.open) == group.close else group.open + group.close
    brackets = brackets.replace("\\", "")
    parts = spaced_parts(group, parser)
    if parts is not None:
        row = List(tuple(parser.read(part) for part in parts), brackets, span=(group.start, group.end))
        if not _thinly_spaced(group) or all(isinstance(item, Number) for item in row.items):
            return row
        try:
            product = parser.read(group.items)
        except Unread:  # [x\, 0]: no product
            return row
        return Ambiguous((row, product), "a thin space between brackets: a row or a product", span=row.span)
    columns = _barred(group)
    if columns is not None:
        cells = tuple(parser.read(column) for column in columns)
        return Matrix((cells,), "[", tuple(range(1, len(cells))), span=(group.start, group.end))
    doubtful = _one_or_several(group, brackets)
    if doubtful is not None:
        return doubtful
    tree = parser.read(_split_thousands(group))
    if isinstance(tree, List) and not tree.brackets:
        nested = [item for item in tree.items if isinstance(item, List) and item.brackets == "["]
        if brackets == "[" and len(nested) == len(tree.items):
            return Matrix(tuple(item.items for item in nested), "[")
        return List(tree.items, brackets)
    if group.open == "\\{" or brackets in ("[)", "(]"):
        return List((tree,), brackets)
    if brackets == "[" and isinstance(tree, Relation) and tree.sign == "|":  # [A | b] is no condition
        return List((tree,), brackets)
    return tree


def _barred(group: Group) -> list[list[Item]] | None:
    """``[x_1 | x_2 | x_3]``: columns side by side; in ``[2 |x| + 1]`` a sign stands beside a bar."""
    if group.open != "[":
        return None
    parts: list[list[Item]] = [[]]
    for item in group.items:
        if item.text in ("|", "mid") and item.kind in ("sign", "command"):
            parts.append([])
        else:
            parts[-1].append(item)
    if len(parts) < 3 or not all(_content(part) for part in parts):
        return None
    points = any(len(_content(part)) == 1 and ellipsis(_content(part)[0]) for part in parts)
    return parts if points or all(_stands_alone(part) for part in parts) else None


def _separated_rows(group: Group, parser: Parser) -> Matrix | None:
    """``[1, 2; 3, 4]`` and ``[1 2; 3 4]``: rows; ``[h; x]``, one in each row, stays a list."""
    made = []
    for row in split(group.items, "sign", ";"):
        parts = [part for part in split(row, "sign", ",") if _content(part)]
        if len(parts) == 1:
            parts = _spaced_numbers(_content(parts[0])) or parts
        made.append(parts)
    made = [row for row in made if row]
    if len(made) < 2 or all(len(row) == 1 for row in made):
        return None
    cells = tuple(tuple(parser.read(part) for part in row) for row in made)
    return Matrix(cells, "[", span=(group.start, group.end))


_OWN_CLOSE = {"(": ")", "[": "]", "\\{": "\\}"}


def _split_thousands(group: Group) -> list[Item]:
    """In a list ``[100,200]`` the comma separates; ``(1,089,952 + 3)`` holds a number, for 089 is no item."""
    if group.open == "(" and not any(item.kind == "sign" and item.text == "," for item in group.items):
        return group.items
    made: list[Item] = []
    for item in group.items:
        if isinstance(item, Token) and item.font == "thousands" and not _must_be_one(item):
            made.extend(_pieces(item))
        else:
            made.append(item)
    return made


def _must_be_one(token: Token) -> bool:
    digits = token.text.partition(".")[0]
    return any(
        digits[place] == "0" and digits[place : place + 3] != "000" for place in range(len(digits) - 3, 0, -3)
    )


def _pieces(token: Token) -> list[Item]:
    whole, point, decimals = token.text.partition(".")
    head = len(whole) % 3 or 3
    parts = [whole[:head], *(whole[place : place + 3] for place in range(head, len(whole), 3))]
    parts[-1] += point + decimals
    made: list[Item] = []
    at = token.start
    for part in parts:
        if made:
            made.append(Token("sign", ",", at, at + 1))
            at += 1
        made.append(Token("number", part, at, at + len(part)))
        at += len(part)
    return made


def _one_or_several(group: Group, brackets: str) -> Tree | None:
    """``(100,200)`` and, where a comma is the decimal sign, ``(2,5)`` alone: a pair or one number."""
    if group.open != "(" or len(group.items) != 1 or not isinstance(group.items[0], Token):
        return None
    token = group.items[0]
    if token.font == PAIR:
        parts = token.text.split(".")
    elif token.font == "thousands" and not _must_be_one(token):
        parts = [item.text for item in _pieces(token) if item.kind == "number"]
    else:
        return None
    span = (token.start, token.end)
    numbers = List(tuple(Number(part, span=span) for part in parts), brackets)
    return Ambiguous((numbers, Number(token.text, span=span)), "commas between digits: a list or one number")


def spaced_parts(group: Group, parser: Parser) -> list[list[Item]] | None:
    """``[0.1 \\ 0.2]`` and ``[1 -2 3]``: items that only spaces separate, or None."""
    if any(item.kind == "sign" and item.text in (",", ";") for item in group.items):
        return None
    if any(item.kind == "space" for item in group.items):
        wide = any(item.kind == "space" and item.text != "," for item in group.items)
        pieces: list[list[Item]] = [[]]
        for item in group.items:
            if item.kind == "space" and (item.text != "," or not wide):
                pieces.append([])
            else:
                pieces[-1].append(item)
        parts = [part for piece in pieces for part in _around_points(piece) if _content(part)]
        if _thinly_spaced(group) and not all(_is_symbol(part) for part in parts):
            return None  # [p(x)\, x], [(a - b)\, c]: the thin space between factors
        if len(parts) > 1 and all(_stands_alone(part) for part in parts) and group.open != "{":
            plain = group.open == "[" or any(
                item.text in ("quad", " ", "~") for item in group.items if item.kind == "space"
            )
            return parts if plain else None
    if group.open != "[":
        return None
    return _spaced_numbers(group.items) or _dotted(group.items)


def _thinly_spaced(group: Group) -> bool:
    """Whether nothing wider than ``\\,`` stands between the brackets."""
    spaces = [item.text for item in group.items if item.kind == "space"]
    return bool(spaces) and all(space in (",", ":", "!", ">") for space in spaces)


def _is_symbol(part: Sequence[Item]) -> bool:
    """One number or symbol with its sign, accent and scripts: ``-x_1^{(2)}``, and no product, sum or call."""
    rest = [item for item in part if item.kind != "space"]
    rest = rest[1:] if rest and rest[0].kind == "sign" and rest[0].text == "-" else rest
    if rest and rest[0].kind == "command" and rest[0].text in symbols.FONTS | symbols.ACCENTS:
        rest = rest[1:]
    while len(rest) > 2 and rest[-2].kind == "sign" and rest[-2].text in ("_", "^"):
        rest = rest[:-2]
    while rest and rest[-1].kind == "sign" and rest[-1].text == "'":
        rest = rest[:-1]
    return len(rest) == 1 and not (isinstance(rest[0], Group) and rest[0].open != "{")


def _dotted(items: Sequence[Item]) -> list[list[Item]] | None:
    """``[t_1 t_2 \\cdots t_n]``: symbols with their scripts around an ellipsis, and no operator: a row."""
    if not any(item.kind == "command" and item.text in ("ldots", "cdots", "vdots") for item in items):
        return None
    parts: list[list[Item]] = []
    joins = 0  # items that still belong to the symbol before
    for item in items:
        if item.kind == "sign" and item.text in ("_", "^", "'"):
            if not parts:
                return None
            joins = 1 if item.text == "'" else 2
        elif item.kind == "sign" or (
            item.kind == "command" and item.text in symbols.RELATIONS.keys() | symbols.PRODUCTS.keys()
        ):
            return None
        if joins:
            parts[-1].append(item)
            joins -= 1
        else:
            parts.append([item])
            if item.kind == "command" and item.text in symbols.ARGUMENTS:
                joins = symbols.ARGUMENTS[item.text]
    return parts if len(parts) > 2 else None


def _around_points(items: list[Item]) -> list[list[Item]]:
    """In a spaced list an ellipsis is an item of its own: ``[a \\ b \\dots c]`` has four."""
    made: list[list[Item]] = [[]]
    for item in items:
        if item.kind == "command" and item.text in ("ldots", "cdots"):
            made.extend([[item], []])
        else:
            made[-1].append(item)
    return made


def _stands_alone(part: Sequence[Item]) -> bool:
    kept = _content(part)
    operators = (
        "+",
        "cdot",
        "times",
        "*",
        "/",
        "odot",
        "^",
        "_",
        "=",
        "-",
        "|",
        "mid",
        "<",
        ">",
        "leq",
        "geq",
    )
    first_is_minus = kept[0].text == "-" and len(kept) > 1 and not kept[1].spaced
    starts = kept[0].kind not in ("sign", "command") or kept[0].text not in operators or first_is_minus
    ends = kept[-1].kind not in ("sign", "command") or kept[-1].text not in operators
    relation = any(item.kind in ("sign", "command") and item.text in symbols.RELATIONS for item in kept)
    return starts and ends and not relation and kept[0].kind not in ("text", "cell", "row")


def _spaced_numbers(items: Sequence[Item]) -> list[list[Item]] | None:
    """Numbers, each with its sign stuck to it, and nothing else."""
    parts: list[list[Item]] = []
    pending: list[Item] = []
    for item in items:
        if item.kind == "sign" and item.text == "-" and not pending:
            pending = [item]
        elif item.kind == "number" and (item.spaced != bool(pending) or not parts):
            parts.append([*pending, item])
            pending = []
        else:
            return None
    if pending or len(parts) < 2:
        return None
    return parts
