"""What the reader knows while it reads a formula, and how it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from derive.reading.declarations import Declarations
from derive.reading.tree import Multiply, ProductSign, Tree

MAX_NESTING = 60  # nested calls of the parser, whatever they come from


class Unread(Exception):  # noqa: N818 - a refusal, not an error: it becomes a Hole
    """A piece that is not read: the reason, and where."""

    def __init__(self, reason: str, start: int = 0, end: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.start, self.end = reason, start, end


@dataclass
class Context:
    """What the reader knows and what it notes while reading.

    ``functions`` are names seen defined as functions (``h(x) = ...``); ``base_letters`` the letters that
    occur
    as quantities, outside every script, in the statement; ``power_letters`` those that are exponents of
    numbers.
    """

    declarations: Declarations = field(default_factory=Declarations)
    functions: frozenset[str] = frozenset()
    plain: bool = False
    base_letters: frozenset[str] = frozenset()
    power_letters: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    units: set[str] = field(default_factory=set)  # of the side that is read, left out as remarks
    nesting: int = 0

    def assume(self, note: str) -> None:
        """Note an assumption, once."""
        if note not in self.assumed:
            self.assumed.append(note)


# ---- small makers of trees, with their spans
def times(factors: Sequence[Tree], signs: Sequence[ProductSign]) -> Tree:
    """The product, or its only factor."""
    if len(factors) == 1:
        return factors[0]
    return Multiply(tuple(factors), tuple(signs), span=span_of(factors))


def end_of(tree: Tree) -> int:
    return tree.span[1] if tree.span else 0


def span_of(trees: Sequence[Tree]) -> tuple[int, int] | None:
    """From the first to the last of the trees."""
    spans = [tree.span for tree in trees if tree.span]
    return (min(s for s, _ in spans), max(e for _, e in spans)) if spans else None
