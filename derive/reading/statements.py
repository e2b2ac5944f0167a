"""One piece of mathematics to statements whose sides are trees, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from derive.reading import symbols
from derive.reading.breaks import Piece, pieces
from derive.reading.chains import Draft, drafts
from derive.reading.context import Context, Unread
from derive.reading.decimals import decimal_commas, decimal_first, with_decimal_commas
from derive.reading.declarations import Declarations
from derive.reading.groups import MAX_DEPTH, Group, Item, group, token_count
from derive.reading.items import solid
from derive.reading.lexer import MAX_TOKENS, Token, TooLarge, lex
from derive.reading.macros import Macros
from derive.reading.parser import read_items
from derive.reading.statement import Place, Side, Sign, Statement, locator
from derive.reading.stream import BINARY, flatten
from derive.reading.tree import (
    Add,
    Ambiguous,
    Call,
    Hole,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Relation,
    Tree,
    rebuilt,
)
from derive.reading.units import is_scaled

_JOINING = symbols.words("so thus hence therefore then and or i.e ie which gives get we is")
Locate = Callable[[int], tuple[int, int]]


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
        items = group(_tokens(lex(text, base, context.plain), text, base, context.declarations))
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
    macros: Macros | None = None,
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
        items = group(_tokens(lex(source, base, plain, macros), source, base, declarations))
        found = _all_drafts(pieces(flatten(items), plain))
    except TooLarge as refusal:
        place = Place(*locate(base), source[:200])
        hole = Hole(source[:200], str(refusal), span=(base, base + len(source)))
        return (Statement((Side(hole, place),), (), place, span=hole.span),)
    made: list[Statement] = []
    for draft in found:
        statement = _finish(draft, declarations or Declarations(), text, locate, plain, functions)
        if statement is not None:
            conditional = bool(made) and statement.role == "claim" and restricts(statement, made[-1])
            made.append(replace(statement, role="condition") if conditional else statement)
    return tuple(made)


def _tokens(
    tokens: Sequence[Token], source: str, base: int, declarations: Declarations | None
) -> Sequence[Token]:
    declared = declarations is not None and declarations.decimal_comma
    return with_decimal_commas(tokens, source, base, declared) if declared or "{,}" in source else tokens


def _all_drafts(found: Sequence[Piece]) -> list[Draft]:
    """The drafts of all pieces; the words of a piece without one go to its neighbour."""
    made: list[Draft] = []
    words = ""
    for piece in found:
        piece.words = f"{words} {piece.words}".strip()
        new = drafts(piece)
        made.extend(new)
        words = "" if new else f"{piece.words} {piece.after}".strip()
    if words and made:
        made[-1].words = f"{made[-1].words} {words}".strip()
    return made


def restricts(statement: Statement, before: Statement) -> bool:
    """Whether a relation says where the equation before it holds: ``..., \\quad i \\ne j``, ``(x > 0)``."""
    if not before.signs or before.signs[-1] not in ("=", ":=", "~=") or before.role != "claim":
        return False
    only = statement.sides[0].tree
    if len(statement.sides) == 1:
        if not isinstance(only, Relation):
            return False
        left, sign, right = only.left, only.sign, only.right
    elif len(statement.sides) == 2:
        left, sign, right = only, str(statement.signs[0]), statement.sides[1].tree
    else:
        return False
    if isinstance(left, Number):
        left, right = right, left
    nodes = [node for side in before.sides for node in side.tree.walk()]
    if (
        isinstance(left, Name)
        and left.text in symbols.COUNTING_LETTERS
        and sign in ("=", "!=", "<", "<=", ">", ">=", "in")
    ):
        scripts = [item for node in nodes if isinstance(node, Indexed) for item in (*node.lower, *node.upper)]
        bare = isinstance(right, (Name, Number)) or sign == "in"
        return bare and any(left in script.walk() for script in scripts)
    inequality = sign in ("<", "<=", ">", ">=", "!=", "in", "notin")
    return inequality and isinstance(left, (Name, Indexed)) and left in nodes


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
                below = place >= 3 and level[place - 3].kind == "sign" and level[place - 3].text == "_"
                fixed = not below and (
                    owner.kind == "number" or owner.text == "e" or isinstance(owner, Group)
                )
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
    for item in items if kept else ():
        if item.kind == "struck":
            context.assume(f"left out, for it is struck out: {text[item.start : item.end]}")
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
    if token_count(kept) > MAX_TOKENS:
        return Hole(source[:200], f"the formula has more than {MAX_TOKENS} tokens", span=span)
    try:
        bad = next((item for item in kept if item.kind == "bad"), None)
        if bad is not None:
            raise Unread(bad.text, bad.start, bad.end)
        tree = read_items(kept, context)
        decimal = decimal_commas(kept)
        if decimal is not None:
            context.nesting = 0
            other = read_items(decimal, context)
            readings = (other, tree) if decimal_first(kept) else (tree, other)
            tree = Ambiguous(readings, "a comma between digits: a decimal sign or a list", span=span)
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
    kept = solid(items)
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
    if not kept:
        return []
    # By identity: what a command of the writer's own stands for are equal tokens in one place.
    first = next(at for at, item in enumerate(items) if item is kept[0])
    last = next(at for at in range(len(items) - 1, -1, -1) if items[at] is kept[-1])
    return list(items[first : last + 1])


def with_unit(statement: Statement, unit: str) -> Statement:
    """The statement with a unit for the number that ends it, if it ends with one that has none."""
    side = statement.sides[-1]
    last = side.tree
    while isinstance(last, (Add, Multiply, Negative)):
        *_, last = last.children()
    ends = side.tree.span is not None and last.span is not None and last.span[1] == side.tree.span[1]
    if not isinstance(last, Number) or last.unit or not ends:
        return statement

    def change(node: Tree) -> Tree:
        return replace(node, unit=unit) if node is last else node

    return replace(statement, sides=(*statement.sides[:-1], replace(side, tree=rebuilt(side.tree, change))))


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

    def fill(node: Tree) -> Tree:
        if isinstance(node, Hole) and not node.source and node.span is not None:
            return replace(node, source=text[node.span[0] : node.span[1]])
        return node

    return rebuilt(tree, fill) if any(isinstance(node, Hole) for node in tree.walk()) else tree


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
    spans = []
    units: list[set[str]] = []
    for place, items in enumerate(draft.sides):
        context.units = set()
        tree = side_tree(items, context, text)
        units.append(context.units)
        if place and draft.signs[place - 1] in ("in", "notin"):
            tree = _numbers_up_to(tree, items)
        if isinstance(tree, Hole) and tree.reason == "nothing is written here" and place == 0 and draft.signs:
            joins = not draft.words or draft.words.split()[-1].strip(".,:;").lower() in _JOINING
            tree = Hole("", "continues the line before" if joins else "words stand before the sign")
        kept = solid(items)
        start = kept[0].start if kept else draft.start
        end = kept[-1].end if kept else start
        trimmed = _trim(items)
        if trimmed:
            start, end = solid(trimmed)[0].start, solid(trimmed)[-1].end
        sides.append(Side(tree, Place(*locate(start), text[start:end])))
        spans.append((start, end))
    if len(sides) == 1 and isinstance(sides[0].tree, Hole) and not sides[0].tree.source:
        return None
    if any(units):
        sides = _without_conversions(sides, units)
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
        span=(spans[0][0], max(end for _, end in spans)),
    )


def _numbers_up_to(tree: Tree, items: Sequence[Item]) -> Tree:
    """``i \\in [n]``: the numbers up to n, and no n in brackets."""
    kept = solid(items)
    alone = kept[0] if len(kept) == 1 else None
    square = isinstance(alone, Group) and (alone.open, alone.close) == ("[", "]")
    return List((tree,), "[", span=tree.span) if square and isinstance(tree, (Name, Number)) else tree


def _without_conversions(sides: Sequence[Side], units: Sequence[set[str]]) -> list[Side]:
    """The sides, but no sides that differ in their units: ``1 \\text{ byte} = 8 \\text{ bits}``."""
    numeric = [any(isinstance(node, Number) for node in side.tree.walk()) for side in sides]
    found = {frozenset(said) for said, counts in zip(units, numeric, strict=True) if said or counts}
    apart = found - {frozenset()}
    if len(found) == 1 or (len(apart) == 1 and not any(map(is_scaled, next(iter(apart))))):
        return list(sides)
    reason = "units that differ are not converted: " + ", ".join(sorted(set().union(*units)))
    return [
        replace(side, tree=Hole(side.place.source, reason, span=side.tree.span)) if said else side
        for side, said in zip(sides, units, strict=True)
    ]


def _is_struck(items: Sequence[Item]) -> bool:
    kept = solid(items)
    return any(item.kind == "struck" for item in kept) and all(
        item.kind == "struck"
        or (item.kind in ("sign", "command") and (item.text in BINARY or item.text in ("-", ".", ",")))
        for item in kept
    )


_BRACKETS = symbols.words("abs norm floor ceil")  # functions that are written as brackets


def defined_function(statement: Statement) -> str | None:
    """The letter that a statement such as ``h(x) = ...`` defines as a function, if it does."""
    if not statement.signs or statement.struck:
        return None
    tree = statement.sides[0].tree
    if statement.signs[0] == ":" and isinstance(tree, Name) and not tree.marks:  # f : A \\to B
        return tree.text if statement.signs[-1] in ("->", "|->") else None
    if statement.signs[0] not in ("=", ":="):
        return None
    if isinstance(tree, Ambiguous) and tree.reason.startswith("brackets after a letter"):
        tree = tree.readings[0]
    function = tree.function if isinstance(tree, Call) else None
    function = function.base if isinstance(function, Indexed) else function  # V_1(s) = ...
    if isinstance(function, Name) and not function.marks:
        name = function.text
        return None if name in symbols.FUNCTION_WORDS or name in _BRACKETS else name
    return None
