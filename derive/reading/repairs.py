"""What would have been read: the smallest change that makes an unread piece readable. Only ever shown.

A repair is no reading: nothing is judged by it, and what was written stays a hole.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.reading.declarations import Declarations
from derive.reading.statements import read_formula
from derive.reading.tree import Hole, Tree
from derive.suggest import nearest

_PAIRS = {"(": ")", "[": "]", "{": "}"}
MAX_LENGTH = 400


def would_read(hole: Hole, declarations: Declarations | None = None) -> tuple[str, Tree] | None:
    """What to change and how the piece would then be read, or None.

    >>> from derive.reading import read_formula, to_latex
    >>> change, tree = would_read(read_formula("(3-9)(5-15"))
    >>> change, to_latex(tree)
    ('with ) at the end', '\\\\left(3 - 9\\\\right) \\\\left(5 - 15\\\\right)')
    """
    if not hole.source or len(hole.source) > MAX_LENGTH:
        return None
    for change, source in _changes(hole):
        tree = read_formula(source, declarations)
        if source.strip() and not any(isinstance(node, Hole) for node in tree.walk()):
            return change, tree
    return None


def _changes(hole: Hole) -> Iterator[tuple[str, str]]:
    source, reason = hole.source, hole.reason
    if reason.startswith("the command \\"):
        command = reason.removeprefix("the command ").split()[0]
        for name in nearest(command[1:], _commands())[:2]:
            yield f"with \\{name} for {command}", source.replace(command, f"\\{name}")
        yield f"without {command}", source.replace(command, " ")
    if reason.startswith("unbalanced "):
        opened = _open(source)
        if opened:
            closers = "".join(_PAIRS[sign] for sign in reversed(opened))
            yield f"with {closers} at the end", source + closers
        for sign in reason.removeprefix("unbalanced ")[:1]:
            place = source.rfind(sign)
            if place >= 0:
                yield f"without {sign}", source[:place] + source[place + 1 :]
    if "missing at the end" in reason:
        yield "without its last sign", source.rstrip()[:-1]
    if "missing at the beginning" in reason:
        yield "without its first sign", source.lstrip()[1:]


def _commands() -> list[str]:
    from derive.reading import symbols

    return sorted(
        {*symbols.SYMBOLS, *symbols.FUNCTION_COMMANDS, *symbols.BIG_COMMANDS, "frac", "sqrt", "partial"}
    )


def _open(source: str) -> list[str]:
    """The brackets that stay open, from the outermost."""
    opened: list[str] = []
    for sign in source:
        if sign in _PAIRS:
            opened.append(sign)
        elif opened and sign == _PAIRS[opened[-1]]:
            opened.pop()
    return opened
