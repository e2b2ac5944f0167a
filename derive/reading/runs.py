"""A level of items made ready for the parser: letters written together, idle braces, switches of the font."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.reading import symbols, units
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token

if TYPE_CHECKING:
    from derive.reading.context import Context


def expand(items: Sequence[Item], context: Context, script: bool) -> list[Item]:
    """Replace runs by words or letters, drop spacing and idle braces, and join written-out ellipses."""
    made: list[Item] = []
    items = _ungrouped(_switched(_paired_bars([item for item in items if item.kind != "space"])), context)
    for place, item in enumerate(items):
        if isinstance(item, Token) and item.kind == "run" and made and _opens_script(made[-1]):
            made.append(Group("{", "}", [item], item.start, item.end))  # W_hh in plain text: one script
        elif isinstance(item, Token) and item.kind == "run":
            after = items[place + 1] if place + 1 < len(items) else None
            made.extend(_split(item, context, script, after, bool(made) and made[-1].kind == "number"))
        elif isinstance(item, Token) and item.text == "." and len(made) >= 2 and _points(made):
            start = made[-2].start
            del made[-2:]
            made.append(Token("command", "ldots", start, item.end))
        elif item.text == "." and _alone(items, place, 1):  # f(.): whatever is put in
            made.append(Token("command", "cdot", item.start, item.end))
        elif item.text == "." and _alone(items, place - 1, 2):  # x_1, .., x_n
            made[-1] = Token("command", "ldots", made[-1].start, item.end)
        else:
            made.append(item)
    return made


def _opens_script(item: Item) -> bool:
    return isinstance(item, Token) and item.kind == "sign" and item.text in ("_", "^")


def _alone(items: Sequence[Item], first: int, count: int) -> bool:
    """Whether as many points stand between commas or at the edges of a bracket, and nothing else does."""
    if first < 0 or any(items[at].text != "." for at in range(first, first + count)):
        return False
    after = items[first + count] if first + count < len(items) else None
    before = items[first - 1] if first else None
    return all(item is None or item.text in (",", ";", "|", "mid") for item in (before, after)) and (
        count == 1 or (before is not None and after is not None)
    )


def _points(made: list[Item]) -> bool:
    return all(item.kind == "sign" and item.text == "." for item in made[-2:])


def _paired_bars(items: list[Item]) -> list[Item]:
    """``p || q`` and ``||x||``: where every bar stands beside another, two are one sign."""
    bars = [at for at, item in enumerate(items) if item.kind == "sign" and item.text == "|"]
    if not bars or len(bars) % 2:
        return items
    pairs = dict(zip(bars[::2], bars[1::2], strict=True))
    if any(items[second].start != items[first].end for first, second in pairs.items()):
        return items
    made: list[Item] = []
    for at, item in enumerate(items):
        if at in pairs:
            made.append(Token("command", "Vert", item.start, items[pairs[at]].end, item.spaced))
        elif at not in pairs.values():
            made.append(item)
    return made


def _switched(items: list[Item]) -> list[Item]:
    """``{\\bf x}`` as ``\\mathbf{x}``: a switch reaches to its group's end, or over the braces after it."""
    place = next(
        (at for at, item in enumerate(items) if item.kind == "command" and item.text in symbols.SWITCHES),
        None,
    )
    if place is None:
        return items
    switch, rest = items[place], items[place + 1 :]
    if not rest:
        return items[:place]
    after: list[Item] = []
    braced = rest[0]
    if isinstance(braced, Group) and braced.open == "{":
        rest, after = _switched(braced.items), rest[1:]
    font = symbols.SWITCHES[switch.text]
    rest, after = _switched(rest), _switched(after)
    if font == "mathrm":
        upright: list[Item] = [
            Token("text", item.text, item.start, item.end, item.spaced, "mathrm")
            if isinstance(item, Token) and item.kind in ("run", "letter")
            else item
            for item in rest
        ]
        return [*items[:place], *upright, *after]
    if not rest:
        return [*items[:place], *after]
    command = Token("command", font, switch.start, switch.end, switch.spaced)
    return [*items[:place], command, Group("{", "}", rest, rest[0].start, rest[-1].end), *after]


def _ungrouped(items: list[Item], context: Context) -> list[Item]:
    """Without braces that hold one thing and are no argument: ``{f}(x)``, ``\\sigma{(z)}``, ``x{_i}``."""
    made: list[Item] = []
    waiting = 0  # arguments that the commands before still take
    for place, item in enumerate(items):
        after = items[place + 1] if place + 1 < len(items) else None
        if isinstance(item, Token):
            if item.kind == "command" and item.text in symbols.ARGUMENTS:
                waiting = max(waiting - 1, 0) + symbols.ARGUMENTS[item.text]
                operator = after.items if isinstance(after, Group) and item.text in _OPERATOR_WRAPPERS else []
                if len(operator) == 1 and operator[0].kind in ("sign", "command", "text"):
                    waiting -= 1
                    continue  # \mathbin{@}: the braces are taken off below
            elif _opens_script(item):
                waiting = 1
            elif waiting:
                waiting = max(waiting - (len(item.text) if item.kind == "number" else 1), 0)
            made.append(item)
        elif item.open == "{" and not waiting:
            made.extend(_bared(item, made[-1] if made else None, after, context))
        else:
            optional = item.open == "[" and made and made[-1].kind == "command" and made[-1].text == "sqrt"
            waiting = waiting if optional else max(waiting - 1, 0)
            made.append(item)
    return made


_OPERATOR_WRAPPERS = ("mathbin", "mathrel", "mathop", "mathord")


def _bared(group: Group, before: Item | None, after: Item | None, context: Context) -> list[Item]:
    """What stands for braces that only group: their content where that changes nothing, else the group."""
    inner = _switched([item for item in group.items if item.kind != "space"])
    brackets = isinstance(after, Group) and after.open in ("(", "[")
    if not inner:
        return [group] if brackets and before is not None else []  # f{}(x) keeps the two apart
    if inner[0].kind == "sign" and inner[0].text in ("_", "^", "'"):
        return inner
    first = inner[0]
    if len(inner) == 1:
        if isinstance(first, Group):
            return inner if first.open in ("(", "[") else [group]
        named = first.kind in ("letter", "word", "text", "command", "sign") and first.text != "d"
        if named or (first.kind == "run" and is_word(first.text, context, False)):
            return inner
        return [group]
    if brackets and isinstance(first, Token):
        head = (
            2
            if first.kind == "command" and first.text in symbols.ACCENTS.keys() | symbols.FONTS.keys()
            else 1
        )
        scripts = inner[head:]
        symbol = first.kind in ("letter", "word", "text", "command")
        if symbol and len(scripts) % 2 == 0 and all(_opens_script(item) for item in scripts[::2]):
            return inner
    return [group]


def _split(
    run: Token, context: Context, script: bool, after: Item | None, after_number: bool = False
) -> list[Item]:
    text = run.text
    if context.plain and text in units.WORDS and after_number and not script and text != "min":
        return [Token("word", text, run.start, run.end, run.spaced, font="doubtful")]  # 20 ms
    if text in symbols.GREEK and context.plain:
        return [Token("command", text, run.start, run.end, run.spaced)]
    if context.plain and text[0] == "d" and text[1:] in symbols.GREEK:  # dL/dgamma
        letter = Token("letter", "d", run.start, run.start + 1, run.spaced)
        return [letter, Token("command", text[1:], run.start + 1, run.end)]
    bounded = after is not None and _opens_script(after)  # sum_{i=1}^n without its backslash
    if is_word(text, context, script) or ((context.plain or bounded) and text in symbols.BIG_COMMANDS):
        return [Token("word", text, run.start, run.end, run.spaced)]
    called = (
        after is not None and after.kind == "group" and after.text == "" and getattr(after, "open", "") == "("
    )
    if not script and context.plain and len(text) >= 3:
        return [Token("word", text, run.start, run.end, run.spaced)]
    if (not script and len(text) >= 4) or (len(text) >= 3 and called):
        return [Token("word", text, run.start, run.end, run.spaced, font="doubtful")]
    return [
        Token("letter", letter, run.start + at, run.start + at + 1, run.spaced and at == 0)
        for at, letter in enumerate(text)
    ]


def is_word(text: str, context: Context, script: bool) -> bool:
    """Whether letters written together are one word: a known function or name, a declared name, a label."""
    if text in symbols.FUNCTION_WORDS or text in symbols.NAME_WORDS or text in symbols.BIG_WORDS:
        return not (script and len(text) == 2) or text in symbols.LABEL_WORDS
    if text in context.functions or (len(context.declarations) and text in context.declarations):
        return True
    long = len(text) >= 7 or (context.plain and len(text) > 2)  # seven letters are no seven indices
    return script and (long or text in symbols.LABEL_WORDS)
