"""A document's own commands: ``\\newcommand{\\half}[1]{\\frac{#1}{2}}`` and its kin.

Only simple ones: a body, up to nine arguments, an optional first argument with its default. What is put in is
bounded, so that commands that call each other cost no more than their ceiling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BODY = 1_000
MAX_MACROS = 500
MAX_NESTED = 8  # commands inside commands

_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?\s*"
    r"(?:\{\s*\\(?P<braced>[A-Za-z]+)\s*\}|\\(?P<bare>[A-Za-z]+))\s*"
    r"(?:\[\s*(?P<count>\d)\s*\])?\s*(?:\[(?P<default>[^\]]*)\])?\s*\{"
    r"|\\DeclareMathOperator(?P<star>\*?)\s*\{?\s*\\(?P<operator>[A-Za-z]+)\s*\}?\s*\{"
    r"|\\DeclarePairedDelimiter\s*\{?\s*\\(?P<pair>[A-Za-z]+)\s*\}?\s*\{(?P<opener>[^{}]*)\}\s*\{"
    r"|\\def\s*\\(?P<plain>[A-Za-z]+)\s*(?P<parameters>(?:#\d)*)\s*\{"
)
_KEPT = frozenset(["begin", "end", "left", "right", "newcommand", "renewcommand", "def", "item", "frac"])


@dataclass(frozen=True)
class Macro:
    """One command: its number of arguments, the default of an optional first one, and what it stands for."""

    arguments: int
    body: str
    default: str | None = None


class Macros(dict[str, Macro]):
    """Commands by name; ``produced`` counts the tokens put in for them, so that their cost can be bounded."""

    produced: int = 0


def find_macros(text: str) -> tuple[Macros, list[tuple[int, int]]]:
    """The commands that a text defines, and where the definitions stand.

    >>> macros, places = find_macros(r"\\newcommand{\\R}{\\mathbb{R}} Let")
    >>> macros["R"].body, places
    ('\\\\mathbb{R}', [(0, 27)])
    """
    found = Macros()
    places: list[tuple[int, int]] = []
    at = 0
    while len(places) < MAX_MACROS and (match := _DEFINITION.search(text, at)) is not None:
        end = closing_brace(text, match.end() - 1)
        if end < 0:
            at = match.end()
            continue
        at = end + 1
        places.append((match.start(), at))
        body = text[match.end() : end]
        if match.group("operator"):
            name, body = match.group("operator"), rf"\operatorname{match.group('star')}{{{body}}}"
            macro = Macro(0, body)
        elif match.group("pair"):
            name = match.group("pair")
            macro = Macro(1, rf"\left{match.group('opener')} #1 \right{body}")
        elif match.group("plain"):
            name, macro = match.group("plain"), Macro(len(match.group("parameters")) // 2, body)
        else:
            name = match.group("braced") or match.group("bare")
            macro = Macro(int(match.group("count") or 0), body, match.group("default"))
        if name not in _KEPT:
            found[name] = macro
    return found, places


def closing_brace(text: str, opening: int, limit: int = MAX_BODY) -> int:
    """Where the brace at ``opening`` is closed, or -1 if that is not within the limit."""
    depth, at = 0, opening
    while at < min(len(text), opening + limit):
        if text[at] == "\\":
            at += 2
            continue
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
        at += 1
    return -1


def expanded(macro: Macro, source: str, end: int) -> tuple[str, int] | None:
    """What a command stands for where it is written, and where its arguments end; None if one is missing."""
    values: list[str] = []
    if macro.default is not None:
        optional = re.compile(r"\s*\[([^\]]*)\]").match(source, end)
        values.append(optional.group(1) if optional else macro.default)
        end = optional.end() if optional else end
    while len(values) < macro.arguments:
        while end < len(source) and source[end].isspace():
            end += 1
        if end >= len(source):
            return None
        if source[end] == "{":
            close = closing_brace(source, end, len(source))
            if close < 0:
                return None
            values.append(source[end + 1 : close])
            end = close + 1
        else:
            single = re.compile(r"\\[A-Za-z]+|.", re.DOTALL).match(source, end)
            assert single is not None
            values.append(single.group() + (" " if single.group().startswith("\\") else ""))
            end = single.end()
    body = re.sub(
        r"#(\d)",
        lambda match: values[int(match.group(1)) - 1] if 0 < int(match.group(1)) <= len(values) else "",
        macro.body,
    )
    return body, end
