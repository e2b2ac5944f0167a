"""Tokens to nested groups: braces, ``\\left \\right``, environments, brackets; misfits are marked bad.

Nothing here recurses, so hostile nesting costs memory in proportion to its length and no stack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from derive.reading.lexer import Token, TooLarge

MAX_DEPTH = 40

_CLOSERS = {"(": ")", "[": "]", "\\{": "\\}", "lfloor": "rfloor", "lceil": "rceil", "langle": "rangle"}
_STACKED = {"over": "frac", "choose": "binom"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}


@dataclass(slots=True)
class Group:
    """Items between two signs; ``open`` is ``{``, ``(``, ``[``, ``\\{``, ``|``, ``begin`` ...

    ``name`` is the environment of a ``begin`` group; ``sized`` marks ``\\left ... \\right``.
    """

    open: str
    close: str
    items: list[Item]
    start: int
    end: int
    spaced: bool = False
    name: str = ""
    sized: bool = False
    depth: int = 1
    kind: str = field(default="group", init=False)
    text: str = field(default="", init=False)


Item = Token | Group


def group(tokens: Iterable[Token]) -> list[Item]:
    """Nest the tokens. Raises :class:`TooLarge` beyond 40 levels.

    >>> from derive.reading.lexer import lex
    >>> [item.kind for item in group(lex("a(b + c)"))]
    ['letter', 'group']
    >>> [item.text for item in group(lex("(3-9"))]
    ['unbalanced (', '3', '-', '9']
    """
    frames: list[tuple[Token | None, list[Item]]] = [(None, [])]
    for token in tokens:
        if token.kind in ("open", "begin") or (token.kind == "sign" and token.text == "{"):
            frames.append((token, []))
        elif token.kind in ("close", "end") or (token.kind == "sign" and token.text == "}"):
            _close(frames, token)
        else:
            frames[-1][1].append(token)
    while len(frames) > 1:
        _abandon(frames)
    return _brackets(frames[0][1])


def _matches(opener: Token | None, closer: Token) -> bool:
    if opener is None:
        return False
    if closer.kind == "end":
        return opener.kind == "begin" and opener.text == closer.text
    if closer.kind == "close":
        return opener.kind == "open"
    return opener.kind == "sign"


def _close(frames: list[tuple[Token | None, list[Item]]], closer: Token) -> None:
    if not any(_matches(opener, closer) for opener, _ in frames):
        frames[-1][1].append(_bad(closer))
        return
    while not _matches(frames[-1][0], closer):
        _abandon(frames)
    opener, items = frames.pop()
    assert opener is not None
    inner = _brackets(items)
    made = Group(
        open="begin" if opener.kind == "begin" else opener.text,
        close="end" if opener.kind == "begin" else closer.text,
        items=inner,
        start=opener.start,
        end=closer.end,
        spaced=opener.spaced,
        name=opener.text if opener.kind == "begin" else "",
        sized=opener.kind == "open",
        depth=1 + _depth(inner),
    )
    if made.open == "{":
        made.items = _stacked(inner)
    if made.sized:
        made.open = "\\{" if made.open == "{" else made.open
        made.close = "\\}" if made.close == "}" else made.close
    if made.depth > MAX_DEPTH:
        raise TooLarge(f"the formula is nested more than {MAX_DEPTH} deep")
    frames[-1][1].append(made)


def _stacked(items: list[Item]) -> list[Item]:
    """``{a \\over b}`` as ``\\frac{a}{b}``, ``{n \\choose k}`` as ``\\binom{n}{k}``."""
    places = [at for at, item in enumerate(items) if item.kind == "command" and item.text in _STACKED]
    if len(places) != 1:
        return items
    at = places[0]
    sign, above, below = items[at], items[:at], items[at + 1 :]
    if not above or not below:
        return items
    command = Token("command", _STACKED[sign.text], sign.start, sign.end)
    parts = [
        Group("{", "}", part, part[0].start, part[-1].end, depth=1 + _depth(part)) for part in (above, below)
    ]
    return [command, *parts]


def _abandon(frames: list[tuple[Token | None, list[Item]]]) -> None:
    """An opening sign that is never closed: a bad token, its contents left standing."""
    opener, items = frames.pop()
    assert opener is not None
    frames[-1][1].append(_bad(opener))
    frames[-1][1].extend(items)


def _bad(token: Token) -> Token:
    sign = {
        "open": f"\\left{token.text}",
        "close": f"\\right{token.text}",
        "begin": f"\\begin{{{token.text}}}",
    }
    shown = sign.get(token.kind, f"\\end{{{token.text}}}" if token.kind == "end" else token.text)
    return Token("bad", f"unbalanced {shown}", token.start, token.end, token.spaced)


def _depth(items: list[Item]) -> int:
    return max((item.depth for item in items if isinstance(item, Group)), default=0)


def token_count(items: Iterable[Item]) -> int:
    """How many tokens the items hold, at every depth."""
    count, waiting = 0, list(items)
    while waiting:
        item = waiting.pop()
        if isinstance(item, Group):
            waiting.extend(item.items)
        else:
            count += 1
    return count


def _opening(item: Item) -> str | None:
    return (
        item.text
        if isinstance(item, Token) and item.kind in ("sign", "command") and item.text in _CLOSERS
        else None
    )


def _closing(item: Item) -> str | None:
    return (
        item.text
        if isinstance(item, Token) and item.kind in ("sign", "command") and item.text in _OPENERS
        else None
    )


def _brackets(items: list[Item]) -> list[Item]:
    """Match round, square and curly brackets within one brace level; a row or cell break ends the search."""
    stack: list[tuple[Item | None, list[Item]]] = [(None, [])]

    def abandon() -> None:
        opener, inner = stack.pop()
        assert isinstance(opener, Token)
        stack[-1][1].append(_bad(opener))
        stack[-1][1].extend(inner)

    for item in items:
        closing = _closing(item)
        if _opening(item):
            stack.append((item, []))
        elif closing:
            assert isinstance(item, Token)
            wanted = _OPENERS[closing]
            opened = [opener.text for opener, _ in stack[1:] if opener is not None]
            if wanted in opened:
                while stack[-1][0] is not None and stack[-1][0].text != wanted:
                    abandon()
            elif not (
                opened and {closing, opened[-1]} in ({")", "["}, {"]", "("}) and _has_comma(stack[-1][1])
            ):
                stack[-1][1].append(_bad(item))
                continue
            opener, inner = stack.pop()
            assert opener is not None
            made = Group(
                opener.text, item.text, inner, opener.start, item.end, opener.spaced, depth=1 + _depth(inner)
            )
            if made.depth > MAX_DEPTH:
                raise TooLarge(f"the formula is nested more than {MAX_DEPTH} deep")
            stack[-1][1].append(made)
        elif item.kind in ("row", "cell"):
            while len(stack) > 1:
                abandon()
            stack[-1][1].append(item)
        else:
            stack[-1][1].append(item)
    while len(stack) > 1:
        abandon()
    return stack[0][1]


def _has_comma(items: list[Item]) -> bool:
    return any(item.kind == "sign" and item.text == "," for item in items)
