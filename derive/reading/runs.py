"""Letters written together: a word, a differential, or a product of letters. Settled before parsing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.reading import symbols
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token

if TYPE_CHECKING:
    from derive.reading.context import Context


def expand(items: Sequence[Item], context: Context, script: bool) -> list[Item]:
    """Replace runs by words or letters, drop spacing, and join written-out ellipses."""
    made: list[Item] = []
    for place, item in enumerate(items):
        if item.kind == "space":
            continue
        if isinstance(item, Token) and item.kind == "run" and made and _opens_script(made[-1]):
            made.append(Group("{", "}", [item], item.start, item.end))  # W_hh in plain text: one script
        elif isinstance(item, Token) and item.kind == "run":
            made.extend(_split(item, context, script, items[place + 1] if place + 1 < len(items) else None))
        elif isinstance(item, Token) and item.text == "." and len(made) >= 2 and _points(made):
            start = made[-2].start
            del made[-2:]
            made.append(Token("command", "ldots", start, item.end))
        else:
            made.append(item)
    return made


def _opens_script(item: Item) -> bool:
    return isinstance(item, Token) and item.kind == "sign" and item.text in ("_", "^")


def _points(made: list[Item]) -> bool:
    return all(item.kind == "sign" and item.text == "." for item in made[-2:])


def _split(run: Token, context: Context, script: bool, after: Item | None) -> list[Item]:
    text = run.text
    if text in symbols.GREEK and context.plain:
        return [Token("command", text, run.start, run.end, run.spaced)]
    if is_word(text, context, script) or (context.plain and text in symbols.BIG_COMMANDS):
        return [Token("word", text, run.start, run.end, run.spaced)]
    called = (
        after is not None and after.kind == "group" and after.text == "" and getattr(after, "open", "") == "("
    )
    if not script and context.plain and len(text) >= 3:
        return [Token("word", text, run.start, run.end, run.spaced)]
    if not script and (len(text) >= 4 or (len(text) == 3 and called)):
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
    return script and (text in symbols.LABEL_WORDS or (context.plain and len(text) > 2))
