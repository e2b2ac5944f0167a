"""Single items: what they are called when they are out of place, and which are operators."""

from __future__ import annotations

from collections.abc import Sequence

from derive.reading import symbols
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token
from derive.reading.tree import Ellipsis

OPERATORS = frozenset(
    [
        "cdot",
        "times",
        "odot",
        "circ",
        "otimes",
        "oslash",
        "div",
        "pm",
        "mp",
        "mid",
        "wedge",
        "vee",
        "oplus",
        "star",
        "bmod",
        "neg",
        "uparrow",
        "downarrow",
    ]
) | {"cup", "cap", "setminus", "forall", "exists"}


def describe(item: Item) -> str:
    """Why an item that is left over was not read."""
    if isinstance(item, Group):
        return f"the group {item.open or item.name} ... {item.close} is out of place"
    if item.kind == "bad":
        return item.text
    if item.kind == "command" and item.text in symbols.STRIKES:
        return "something is struck out inside"
    if item.kind == "command" and item.text in OPERATORS:
        return f"nothing stands beside \\{item.text}"
    if item.kind == "struck":
        return "something is struck out inside"
    if item.kind in ("row", "cell"):
        return "a new row begins inside a formula"
    if item.kind == "label":
        return "a label stands inside a formula"
    return f"{item.text!r} is out of place"


def ellipsis(item: Item) -> Ellipsis | None:
    """The ellipsis that a command or three points write, if it is one."""
    if (
        isinstance(item, Token)
        and item.kind == "command"
        and item.text in ("ldots", "cdots", "vdots", "ddots")
    ):
        return Ellipsis({"ldots": "dots"}.get(item.text, item.text), span=(item.start, item.end))
    return None


def relation_of(item: Item | None) -> str | None:
    """The relation a token writes, if it writes one."""
    if isinstance(item, Token) and item.kind in ("sign", "command"):
        return symbols.RELATIONS.get(item.text)
    return None


def has_relation(items: Sequence[Item]) -> bool:
    """Whether a relation stands among the items; a colon is none."""
    return any(relation_of(item) not in (None, ":") for item in items)


def solid(items: Sequence[Item]) -> list[Item]:
    """The items without spacing and column marks."""
    return [item for item in items if item.kind not in ("space", "cell")]
