"""One piece of mathematics to statements: rows, several claims in a line, chains of relations, arrows, remarks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from derive.reading import symbols
from derive.reading.declarations import Declarations
from derive.reading.groups import MAX_DEPTH, Group, Item, group
from derive.reading.lexer import Token, TooLarge, lex
from derive.reading.parser import Context, Unread, read_items
from derive.reading.statement import Place, Role, Side, Sign, Statement
from derive.reading.tree import Hole, Name, Tree

_BINARY = frozenset(["+", "cdot", "times", "*", "/", "odot", "otimes", "div", "circ"])
_ARROWS = ("->", "<->")
_JOINING = frozenset("so thus hence therefore then and or i.e ie which gives get we is".split())
Locate = Callable[[int], tuple[int, int]]


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


def locator(text: str) -> Locate:
    """A function from offsets to 1-based line and column."""
    starts = [0] + [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]

    def locate(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return locate


def read_formula(source: str, declarations: Declarations | None = None) -> Tree:
    """The tree of one formula; a :class:`Hole` with the reason if it cannot be read whole.

    >>> read_formula("(3-9)(5-15").reason
    'unbalanced ('
    """
    text = source.strip()
    base = len(source) - len(source.lstrip())
    for left, right in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(left) and text.endswith(right) and len(text) > len(left) + len(right):
            text, base = text[len(left) : -len(right)], base + len(left)
            break
    context = Context(declarations or Declarations(), plain=not set("\\{") & set(text))
    try:
        items = group(lex(text, base, context.plain))
    except TooLarge as refusal:
        return Hole(source[:200], str(refusal), span=(0, len(source)))
    scan_letters(items, context)
    return side_tree(items, context, source)


def read_statements(
    source: str,
    declarations: Declarations | None = None,
    *,
    base: int = 0,
    text: str | None = None,
    locate: Locate | None = None,
    plain: bool = False,
    functions: frozenset[str] = frozenset(),
) -> tuple[Statement, ...]:
    """Every statement in one piece of mathematics, such as the inside of ``$...$``.

    ``base`` is where the source begins in ``text``, the whole document, in which spans and places count.

    >>> [len(statement.sides) for statement in read_statements(r"a = 1 \\quad b = 2, c = d = 3")]
    [2, 2, 3]
    """
    text = source if text is None else text
    locate = locate or locator(text)
    if not source.strip():
        return ()
    try:
        items = group(lex(source, base, plain))
        drafts = [made for piece in _pieces(flatten(items), plain) for made in _drafts(piece)]
    except TooLarge as refusal:
        place = Place(*locate(base), source[:200])
        hole = Hole(source[:200], str(refusal), span=(base, base + len(source)))
        return (Statement((Side(hole, place),), (), place),)
    made = []
    for draft in drafts:
        statement = _finish(draft, declarations or Declarations(), text, locate, plain, functions)
        if statement is not None:
            made.append(statement)
    return tuple(made)


# ---- the stream of items, with wrappers around whole statements taken off
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
                made.append(Token("sign", ":=" if named else inner[0].text, item.start, cast(Item, body).end))
                place += 2
            else:
                made.append(item)
        elif (
            item.kind == "command" and item.text in ("xrightarrow", "xleftarrow") and isinstance(after, Group)
        ):
            sign = "rightarrow" if item.text == "xrightarrow" else "leftarrow"
            made.append(Token("command", sign, item.start, after.end))
            place += 1
        elif item.kind == "command" and item.text in ("forall", "exists", "therefore", "because"):
            word = {"forall": "for all", "exists": "where", "therefore": "so", "because": "since"}[item.text]
            made.append(Token("text", word, item.start, item.end))
        else:
            made.append(item)
    return made


def _texts(items: Sequence[Item]) -> str:
    return " ".join(_texts(item.items) if isinstance(item, Group) else item.text for item in items)


def _flat_group(item: Group, before: list[Item], depth: int) -> list[Item]:
    row = Token("row", "\\\\", item.start, item.start)
    if item.open == "begin" and item.name in symbols.ROW_ENVIRONMENTS:
        inner = item.items
        if item.name.startswith("alignat") and inner and isinstance(inner[0], Group):
            inner = inner[1:]
        lead = [] if before and _open_ended(before[-1]) else [row]
        return [*lead, *flatten(inner, depth + 1), Token("row", "\\\\", item.end, item.end)]
    if item.open == "{" and has_relation(item.items) and not _takes_argument(before[-1] if before else None):
        return flatten(item.items, depth + 1)
    if item.sized and item.close == "." and len(item.items) == 1 and isinstance(item.items[0], Group):
        inner_group = item.items[0]
        alone = not before or before[-1].kind in ("row", "text", "space")
        if inner_group.open == "begin" and alone:
            rows = inner_group.items
            if inner_group.name == "array" and rows and isinstance(rows[0], Group):
                rows = rows[1:]
            return [row, *flatten(rows, depth + 1), Token("row", "\\\\", item.end, item.end)]
    return [item]


def _takes_argument(item: Item | None) -> bool:
    """Whether braces after the item are its argument or script, and not mere braces."""
    if isinstance(item, Group):
        return item.open == "{"
    if item is None:
        return False
    return item.kind == "command" or (item.kind == "sign" and item.text in ("_", "^"))


def relation_of(item: Item | None) -> str | None:
    """The relation a token writes, if it writes one."""
    if isinstance(item, Token) and item.kind in ("sign", "command"):
        return symbols.RELATIONS.get(item.text)
    return None


def has_relation(items: Sequence[Item]) -> bool:
    return any(relation_of(item) not in (None, ":") for item in items)


def _open_ended(item: Item) -> bool:
    """Whether more must follow: the item is a relation or an operator."""
    return relation_of(item) is not None or (
        isinstance(item, Token)
        and item.kind in ("sign", "command")
        and (item.text in _BINARY or item.text == "-")
    )


# ---- pieces: what hard breaks separate
@dataclass
class Piece:
    items: list[Item]
    words: str = ""
    role: Role = "claim"
    after: str = ""


def _pieces(stream: list[Item], plain: bool) -> list[Piece]:
    pieces = [Piece([])]
    words = ""
    for place, item in enumerate(stream):
        current = pieces[-1].items
        previous = current[-1] if current else None
        if item.kind in ("row", "space", "cell"):
            following = _next(stream, place)
            if _breaks(item, current, following, stream, place):
                pieces.append(Piece([]))
            elif item.kind == "space" and current:
                current.append(item)
        elif item.kind == "text" and not _is_operand(
            cast(Token, item), _solid(current), _next(stream, place)
        ):
            words = item.text.strip()
            pieces[-1].after = f"{pieces[-1].after} {words}".strip()
            pieces.append(Piece([], words, _role(words)))
        elif plain and previous is not None and item.spaced and _new_equation(stream, place, current):
            pieces.append(Piece([item]))
        else:
            current.append(item)
    return [piece for piece in pieces if any(item.kind not in ("space", "cell") for item in piece.items)]


def _solid(items: Sequence[Item]) -> Item | None:
    return next((item for item in reversed(items) if item.kind not in ("space", "cell")), None)


def _next(stream: Sequence[Item], place: int) -> Item | None:
    return next(
        (item for item in stream[place + 1 : place + 9] if item.kind not in ("space", "cell", "row")), None
    )


def _breaks(item: Item, current: list[Item], following: Item | None, stream: list[Item], place: int) -> bool:
    """Whether a row break, a column break or a wide space ends the statement."""
    last = _solid(current)
    if last is None or following is None or _open_ended(last):
        return False
    if relation_of(following) is not None:
        return False
    binary = (
        isinstance(following, Token) and following.kind in ("sign", "command") and following.text in _BINARY
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


def _numbers_what_follows(current: Sequence[Item]) -> bool:
    """``(2) \\quad``: a label, not a statement."""
    kept = _kept(current)
    if kept and all(item.kind == "label" or item.text == "unbalanced )" for item in kept):
        return True
    if len(kept) != 1 or not isinstance(kept[0], Group) or kept[0].open != "(" or len(kept[0].items) != 1:
        return False
    inner = kept[0].items[0]
    return inner.kind in ("number", "letter") and len(inner.text) <= 2 and "." not in inner.text


def _relation_before_row(stream: Sequence[Item], place: int) -> bool:
    for item in stream[place:]:
        if item.kind == "row":
            return False
        if relation_of(item) is not None:
            return True
    return False


def _new_equation(stream: Sequence[Item], place: int, current: list[Item]) -> bool:
    """Whether ``name =`` begins here after a finished equation: ``a = 1 \\ b = 2``."""
    last = _solid(current)
    if (
        not has_relation(current)
        or last is None
        or _open_ended(last)
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
    if not text or text.endswith(":") or text in (",", ".", ";"):
        return False
    bare = [word.strip(".,;:()").lower() for word in text.split()]
    if any(word in symbols.STOP_WORDS for word in bare) and not len(text) == 1:
        return False
    opens = isinstance(following, Group) and following.open in ("(", "[")
    scripted = getattr(following, "text", "") in ("_", "^") and getattr(following, "kind", "") == "sign"
    if len(bare) == 1 and (opens or scripted or len(text) == 1):
        return True
    if isinstance(previous, Token) and previous.kind == "number":
        return following is None or _open_ended(following) or following.kind == "text"
    open_before = previous is None or _open_ended(previous)
    open_after = following is None or _open_ended(following)
    operator_near = (previous is not None and _open_ended(previous)) or (
        following is not None and _open_ended(following)
    )
    if open_before and open_after and operator_near:
        return True
    return (
        len(bare) == 1 and operator_near and (relation_of(previous) is None) and (open_before or open_after)
    )


def _role(words: str) -> Role:
    tail = [word.strip(".,;:()").lower() for word in words.split()][-4:]
    if any(word in symbols.CONDITION_WORDS for word in tail) or "such that" in words or "s.t" in words:
        return "condition"
    return "given" if any(word in symbols.GIVEN_WORDS for word in tail) else "claim"


# ---- drafts: what commas, arrows and relations separate
def _drafts(piece: Piece) -> list[Draft]:
    items, label = _label(piece.items)
    made: list[Draft] = []
    for segment in _comma_segments(items):
        for part in _colon_parts(segment):
            made.extend(_arrow_parts(part))
    for place, draft in enumerate(made):
        draft.label = label
        draft.words = " ".join(filter(None, [piece.words, piece.after if place == len(made) - 1 else ""]))
        draft.role = piece.role
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
        return kept[2:], label or kept[0].text
    if tags and kept and kept[0].text == "unbalanced )":
        return kept[1:], label
    head = kept[0] if kept else None
    if isinstance(head, Group) and head.open == "(" and len(head.items) == 1 and len(kept) > 2:
        short = (
            head.items[0].kind in ("number", "letter")
            and len(head.items[0].text) <= 2
            and "." not in head.items[0].text
        )
        if short and kept[1].kind == "space" and kept[1].text == "quad":
            return kept[2:], label or head.items[0].text
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
    maps = any(relation_of(item) == "->" for item in tail) and not any(
        relation_of(item) == "=" for item in tail
    )
    if maps and head and not has_relation(head):
        return [items]
    return [
        part
        for part in (head, *_colon_parts(tail))
        if any(item.kind not in ("space", "cell") for item in part)
    ]


def _arrow_parts(items: list[Item]) -> list[Draft]:
    """Split at relations; an arrow between whole relations leads to a statement of its own."""
    sides: list[list[Item]] = [[]]
    signs: list[str] = []
    for item in items:
        sign = relation_of(item)
        if sign is None:
            sides[-1].append(item)
        else:
            signs.append(sign)
            sides.append([])
    if ":" in signs:
        return [Draft(sides, signs, start=_start(items))]
    made = [Draft([sides[0]], [], start=_start(items))]
    for place, sign in enumerate(signs):
        current = made[-1]
        if sign in _ARROWS and _leads_on(sign, current, place, sides, signs):
            if len(current.sides) == 1 and not _kept(current.sides[0]):
                made.pop()
            made.append(
                Draft([sides[place + 1]], [], connective=sign, start=_start(sides[place + 1], current.start))
            )
            continue
        if sign == "->" and place == len(signs) - 1 and not _kept(sides[place + 1]):
            continue  # an arrow to a remark
        current.signs.append(sign)
        current.sides.append(sides[place + 1])
    return [draft for draft in made if draft.signs or _kept(draft.sides[0])]


def _leads_on(sign: str, current: Draft, place: int, sides: list[list[Item]], signs: list[str]) -> bool:
    following = signs[place + 1 :]
    next_relation = bool(following) and following[0] not in _ARROWS
    here = any(other not in _ARROWS for other in current.signs)
    if sign == "<->":
        return next_relation or here
    if not next_relation:
        return False
    first = _kept(sides[place + 1])
    single = len(first) == 1 and first[0].kind == "number"
    return not (here and is_numeric(first) and not single)


def _start(items: Sequence[Item], default: int = 0) -> int:
    kept = _kept(items)
    return kept[0].start if kept else default


def _kept(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.kind not in ("space", "cell")]


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


# ---- sides
def scan_letters(items: Sequence[Item], context: Context) -> None:
    """Note which letters are quantities and which are exponents of numbers (see :class:`Context`)."""
    base: set[str] = set()
    powers: set[str] = set()
    pending: list[tuple[Sequence[Item], bool]] = [(items, False)]
    while pending:
        level, script = pending.pop()
        for place, item in enumerate(level):
            before = level[place - 1] if place else None
            raised = before is not None and before.kind == "sign" and before.text in ("_", "^")
            if isinstance(item, Group):
                inside = script or raised
                pending.append((item.items, inside))
            letters = _letters(item)
            if raised and before is not None and before.text == "^" and place >= 2:
                owner = level[place - 2]
                fixed = owner.kind == "number" or owner.text == "e" or isinstance(owner, Group)
                if fixed:
                    powers.update(letters)
            elif not script and not raised:
                base.update(letters if isinstance(item, Token) else ())
    context.base_letters, context.power_letters = frozenset(base), frozenset(powers)


def _letters(item: Item) -> set[str]:
    if isinstance(item, Group):
        return set().union(*(_letters(inner) for inner in item.items)) if item.items else set()
    if item.kind == "letter" or (item.kind == "command" and item.text in symbols.SYMBOLS):
        return {item.text}
    if item.kind == "run" and item.text not in symbols.FUNCTION_WORDS and len(item.text) <= 3:
        return set(item.text)
    return set()


def side_tree(items: Sequence[Item], context: Context, text: str) -> Tree:
    """The tree of one side, wholly consumed, or a hole with its reason."""
    kept = [] if _is_struck(items) else _trim(items)
    if not kept:
        struck = next((item for item in items if item.kind == "struck"), None)
        if struck is not None:
            span = (struck.start, struck.end)
            return Hole(text[struck.start : struck.end], "struck out", span=span)
        return Hole("", "nothing is written here")
    span = (kept[0].start, kept[-1].end)
    source = text[span[0] : span[1]]
    if all(item.kind == "sign" and item.text == "?" for item in kept):
        return Hole(source, "a question, not an answer", span=span)
    context.nesting = 0
    try:
        bad = next((item for item in kept if item.kind == "bad"), None)
        if bad is not None:
            raise Unread(bad.text, bad.start, bad.end)
        tree = read_items(kept, context)
    except Unread as refusal:
        place = (refusal.start, refusal.end) if refusal.end else span
        return Hole(source, refusal.reason, span=place)
    except TooLarge as refusal:
        return Hole(source, str(refusal), span=span)
    if too_deep(tree):
        return Hole(source, f"the formula is nested more than {MAX_DEPTH} deep", span=span)
    return with_sources(tree, text)


def _trim(items: Sequence[Item]) -> list[Item]:
    """Without spacing and what is struck out at the ends, and without closing punctuation."""
    kept = _kept(items)
    while kept and (
        kept[-1].kind in ("struck",) or (kept[-1].kind == "sign" and kept[-1].text in (".", ",", ";", ":"))
    ):
        if kept[-1].text == "." and len(kept) > 2 and kept[-2].text == "." and kept[-3].text == ".":
            break
        kept.pop()
    while kept and (kept[0].kind == "struck" or (kept[0].kind == "sign" and kept[0].text in (",", ";", ":"))):
        kept = kept[1:]
    while kept and kept[-1].kind == "sign" and kept[-1].text == "." and kept[-2:-1] and kept[-2].text != ".":
        kept.pop()
    return list(items[items.index(kept[0]) : items.index(kept[-1]) + 1]) if kept else []


def too_deep(tree: Tree) -> bool:
    """Whether the tree is deeper than the ceiling; no recursion."""
    level = [tree]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level for child in node.children()]
        if not level:
            return False
    return True


def with_sources(tree: Tree, text: str) -> Tree:
    """Give the holes inside a matrix the text that they could not read."""
    if not any(isinstance(node, Hole) for node in tree.walk()):
        return tree
    from derive.reading.tree import Matrix

    if isinstance(tree, Hole):
        return replace(tree, source=text[tree.span[0] : tree.span[1]]) if tree.span else tree
    if isinstance(tree, Matrix):
        return replace(tree, rows=tuple(tuple(with_sources(cell, text) for cell in row) for row in tree.rows))
    from dataclasses import fields

    changes = {}
    for spec in fields(tree):
        value = getattr(tree, spec.name)
        if isinstance(value, Tree):
            changes[spec.name] = with_sources(value, text)
        elif isinstance(value, tuple) and value and all(isinstance(item, Tree) for item in value):
            changes[spec.name] = tuple(with_sources(item, text) for item in value)
    return replace(tree, **changes)


def _finish(
    draft: Draft,
    declarations: Declarations,
    text: str,
    locate: Locate,
    plain: bool,
    functions: frozenset[str],
) -> Statement | None:
    context = Context(declarations, functions, plain)
    scan_letters([item for side in draft.sides for item in side], context)
    struck = [_is_struck(side) for side in draft.sides]
    whole = any(struck) and all(
        crossed or not _trim(side) for crossed, side in zip(struck, draft.sides, strict=True)
    )
    sides = []
    for place, items in enumerate(draft.sides):
        tree = side_tree(items, context, text)
        if isinstance(tree, Hole) and tree.reason == "nothing is written here" and place == 0 and draft.signs:
            joins = not draft.words or draft.words.split()[-1].strip(".,:;").lower() in _JOINING
            tree = Hole("", "continues the line before" if joins else "words stand before the sign")
        kept = _kept(items)
        start = kept[0].start if kept else draft.start
        end = kept[-1].end if kept else start
        trimmed = _trim(items)
        if trimmed:
            start, end = _kept(trimmed)[0].start, _kept(trimmed)[-1].end
        sides.append(Side(tree, Place(*locate(start), text[start:end])))
    if len(sides) == 1 and isinstance(sides[0].tree, Hole) and not sides[0].tree.source:
        return None
    notes = " ".join(note for note in context.notes if note)
    words = " ".join(filter(None, [draft.words, notes]))
    first = next((side.place for side in sides if side.place.source), sides[0].place)
    return Statement(
        tuple(sides),
        tuple(cast(Sign, sign) for sign in draft.signs),
        first,
        struck=whole,
        label=draft.label,
        words=words,
        assumed=tuple(context.assumed),
        role=draft.role,
        connective=draft.connective,
    )


def _is_struck(items: Sequence[Item]) -> bool:
    kept = _kept(items)
    return any(item.kind == "struck" for item in kept) and all(
        item.kind == "struck"
        or (item.kind in ("sign", "command") and (item.text in _BINARY or item.text in ("-", ".", ",")))
        for item in kept
    )


def defined_function(statement: Statement) -> str | None:
    """The letter that a statement such as ``h(x) = ...`` defines as a function, if it does."""
    from derive.reading.tree import Ambiguous, Call

    if not statement.signs or statement.signs[0] not in ("=", ":=") or statement.struck:
        return None
    tree = statement.sides[0].tree
    if isinstance(tree, Ambiguous) and tree.reason.startswith("brackets after a letter"):
        tree = tree.readings[0]
    if isinstance(tree, Call) and isinstance(tree.function, Name) and not tree.function.marks:
        return tree.function.text
    return None
